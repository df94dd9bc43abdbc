import { join } from 'node:path'
import { databaseLockHolder, endSessionsOf, takeDatabaseLock } from '../doors/database-lock.ts'
import { readFreeze } from '../doors/freeze-file.ts'
import { clearLockFile, type Holder, heldNow, takeLockFile } from '../doors/lock-file.ts'
import { machineName } from '../doors/process-identity.ts'
import { sessionName } from '../journal/run-id.ts'
import { journalOf } from '../journal/runs.ts'
import { standingOf } from '../journal/standing.ts'
import type { Happening } from '../model/event.ts'
import { Failed, type Failure } from '../model/failure.ts'
import { freezeFileOf, frozenBy, subjectOf } from './freeze.ts'
import { keepLock } from './keep-lock.ts'
import type { RunContext } from './run-context.ts'

/** How to free it, and what was found. */
export interface Locked {
  leave(): Promise<void>
  found: Happening[]
}

/**
 * One run at a time on an environment: a file beside the transcripts, and an advisory lock where there is a
 * database. What was locked on purpose lets nobody in.
 */
export const lockEnvironment = async (
  book: string,
  holder: Holder,
  stateDir: string,
  context: RunContext,
): Promise<Locked> => {
  const { env, doors } = context
  const where = { env: env.name, stateDir, machine: holder.machine }
  refuseFrozen(where)
  const folder = folderOf(where)
  let file = takeLockFile(folder, holder)
  if ('heldBy' in file && (await isGone(file.heldBy, book, where, context)))
    file = takeLockFile(folder, holder, file.heldBy.run)
  if ('heldBy' in file) throw new Failed(await lockedByFile(file.heldBy, where))
  const found = file.takenOverFrom ? [takenOver(env.name, file.takenOverFrom)] : []
  try {
    // Once more: whoever freezes looks for a run after that, so that one of the two sees the other.
    refuseFrozen(where)
    if (!doors.database) return { leave: async () => file.free(), found }
    if (file.takenOverFrom)
      await endSessionsOf(doors.database, sessionName(file.takenOverFrom.run), doors.clock, context.signal)
    const lock = await takeDatabaseLock(doors.database, subjectOf(book, env.name), holder, context.signal)
    if ('frozen' in lock) throw new Failed(frozenBy(env.name, lock.frozen))
    if ('heldBy' in lock) throw new Failed(await lockedBy(lock.heldBy, where))
    context.lock = keepLock(lock, context.keeper)
    const leave = () => lock.free().finally(() => file.free())
    return { leave, found }
  } catch (error) {
    file.free()
    throw error
  }
}

/** Of a holder on another machine the database tells: who performs a run holds its lock there. */
const isGone = async (held: Holder, book: string, where: Where, context: RunContext): Promise<boolean> => {
  const { env, doors, signal } = context
  if (!doors.database || held.machine === where.machine) return false
  return (await databaseLockHolder(doors.database, subjectOf(book, env.name), signal)) === undefined
}

/** What a run has left behind that holds the environment's lock, in the files of this machine or in the database. */
export const locksOf = async (
  book: string,
  where: Where,
  { env, doors, signal }: RunContext,
): Promise<{ file?: Holder; database?: { holder: Holder | undefined } }> => {
  const file = heldNow(folderOf(where), where.machine)
  const database =
    env.database && (await databaseLockHolder(doors.database!, subjectOf(book, env.name), signal))
  return { ...(file && { file }), ...(database && { database }) }
}

/** Frees the lock file of a run that is known to be over. */
export const clearLock = (where: Where, run: string): boolean => clearLockFile(folderOf(where), run)

/** An environment, as far as its lock file is concerned. */
export interface Where {
  env: string
  stateDir: string
  /** This one. */
  machine: string
}

/** What keeps a run out, as far as this machine's files tell: the database is not asked. */
export const keptOutBy = async (where: Where): Promise<Failure | undefined> => {
  const freeze = readFreeze(freezeFileOf(where.stateDir, where.env))
  if (freeze) return frozenBy(where.env, freeze)
  const holder = heldNow(folderOf(where), where.machine)
  return holder && lockedByFile(holder, where)
}

/** The run that goes on, here or on another machine, as far as the database can be asked. */
export const runIn = async (
  book: string,
  where: Where,
  { env, doors, signal }: RunContext,
): Promise<Failure | undefined> => {
  const here = heldNow(folderOf(where), where.machine)
  if (here) return lockedByFile(here, where)
  if (!env.database) return undefined
  try {
    const there = await databaseLockHolder(doors.database!, subjectOf(book, env.name), signal)
    return there && (await lockedBy(there.holder, where))
  } catch (error) {
    if (!(error instanceof Failed)) throw error
    return undefined
  }
}

const folderOf = ({ stateDir, env }: Where): string => join(stateDir, 'locks', env)

const refuseFrozen = ({ stateDir, env }: Where): void => {
  const freeze = readFreeze(freezeFileOf(stateDir, env))
  if (freeze) throw new Failed(frozenBy(env, freeze))
}

const takenOver = (env: string, { run, pid, machine }: Holder): Happening => ({
  type: 'looked',
  side: 'needs',
  fact: `no other run holds ${env}`,
  holds: true,
  seen: `taken over from run ${run}: ${
    machine === machineName() ? `its process ${pid} is gone` : `nobody holds its lock on the database`
  }`,
  ms: 0,
})

/** Whether a process of another machine is gone only a person can know. */
const lockedByFile = async (holder: Holder, where: Where): Promise<Failure> => ({
  // The transcript is made a moment after the lock.
  ...(holder.machine === where.machine ? { at: 'its beginning' } : { unlock: true as const }),
  ...(await lockedBy(holder, where)),
})

const lockedBy = async (
  holder: Holder | undefined,
  { env, stateDir }: Where,
): Promise<Extract<Failure, { kind: 'locked' }>> => {
  const at = holder && (await standingOf(journalOf(stateDir, holder.run)))
  return {
    kind: 'locked',
    env,
    run: holder?.run ?? 'unknown',
    holder: holder
      ? `${holder.operator} on ${holder.machine}, pid ${holder.pid}`
      : 'another session of this database',
    since: holder?.since ?? 'unknown',
    ...(at && { at }),
  }
}
