import type { DatabaseLock, Regained } from '../doors/held-sessions.ts'
import type { Holder } from '../doors/lock-file.ts'
import { explain } from '../model/explain.ts'
import { Failed, type Failure } from '../model/failure.ts'
import { milliseconds } from '../model/quantity.ts'
import { typed } from '../model/shell-word.ts'
import type { Step } from '../model/step.ts'
import type { LedgerKeeper } from './ledger-keeper.ts'
import type { RunContext } from './run-context.ts'
import { Turns } from './turns.ts'

/** The lock of a run on its environment's database, while the run goes on. */
export interface RunLock {
  /** See `DatabaseLock`. */
  readonly server: string | undefined
  /**
   * Before an effect: stops where another run has had the lock, or may have had it. What was taken again, nobody having
   * had it, is recorded.
   */
  demand(step: Step, context: RunContext): Promise<void>
}

/** `ledger`: in which other runs write down what they change. */
export const keepLock = (
  lock: DatabaseLock,
  ledger: Pick<LedgerKeeper, 'meanwhile'> | undefined,
): RunLock => {
  /** Once lost it stays lost: what has come in between does not go away. */
  let lost: Failed | undefined
  // Of steps beside each other one looks: what it decides, it decides for all.
  const turns = new Turns()
  const look = async (step: Step, context: RunContext): Promise<void> => {
    if (lost) throw lost
    const regained = await kept(lock, step, context)
    if (!regained) return
    try {
      recordRegained(step, regained, await alone(regained, ledger, context), context)
    } catch (error) {
      context.signal.throwIfAborted()
      if (!(error instanceof Failed)) throw error
      lost = error
      throw error
    }
  }
  return { server: lock.server, demand: (step, context) => turns.take(() => look(step, context)) }
}

const kept = async (lock: DatabaseLock, step: Step, context: RunContext): Promise<Regained | undefined> => {
  try {
    return await lock.keep(context.doors.clock, context.signal)
  } catch (error) {
    context.signal.throwIfAborted()
    if (!(error instanceof Failed)) throw error
    const { sentence } = explain(error.failure)
    // What stands still because of this run is started again all the same: nobody is known to have come in between.
    if (step.regardless) return void record(step, false, `it cannot be looked at: ${sentence}`, context)
    throw new Failed(lostBecause(`its sessions on the database have ended, and ${sentence}`, context))
  }
}

/** What shows that nobody has had it meanwhile; fails where somebody has, or nothing shows it. */
const alone = async (
  regained: Regained,
  ledger: Pick<LedgerKeeper, 'meanwhile'> | undefined,
  context: RunContext,
): Promise<string> => {
  const ended = sessionsText(regained)
  const fails = (why: string) => new Failed(lostBecause(`${ended}, and ${why}`, context))
  if ('moved' in regained)
    throw fails(`${regained.moved}: what this run has committed before need not be there`)
  if (!regained.held) throw fails(`${regained.by ? holderText(regained.by) : 'another session'} holds it now`)
  if (!regained.gap) return 'the other one kept everybody out until it was replaced'
  const meanwhile = await ledger?.meanwhile().catch((error) => {
    context.signal.throwIfAborted()
    if (!(error instanceof Failed)) throw error
    throw fails(`the ledger does not show who has had it meanwhile: ${explain(error.failure).sentence}`)
  })
  if (!meanwhile?.shown) throw fails('nothing shows whether another run had it until it was taken again')
  if (meanwhile.by) throw fails(`meanwhile it was changed by ${meanwhile.by}`)
  const gap = `for ${milliseconds(regained.gap)} nobody held it`
  if (regained.gap > MOMENT)
    throw fails(`${gap}: a run from another clone, with a ledger of its own, may have`)
  return `both were replaced, ${gap}, and the ledger has no other run since`
}

/**
 * A line that was cut is there again by then. A run from another clone that has begun and ended in less is not seen: of most
 * environments the shortest takes longer. Milliseconds.
 */
const MOMENT = 5_000

const sessionsText = ({ ended }: Regained): string =>
  ended.length === 0
    ? 'the server of its sessions changed'
    : `${ended.length > 1 ? 'both its sessions' : 'a session of it'} on the database (pid ${ended.join(', ')}) ended`

const holderText = ({ run, operator, machine, pid, since }: Holder): string =>
  `run ${run} (${operator} on ${machine}, pid ${pid}, since ${since})`

const lostBecause = (because: string, { env }: RunContext): Failure => ({
  kind: 'lock-lost',
  env: env.name,
  because,
})

const recordRegained = (step: Step, regained: Regained, how: string, context: RunContext): void =>
  record(step, true, `${sessionsText(regained)}: ${how}`, context)

const record = (step: Step, holds: boolean, seen: string, { env, recorder }: RunContext): void =>
  recorder.record({
    type: 'looked',
    ...{ step: step.id, side: 'before', fact: `no other run holds ${env.name}`, holds, seen, ms: 0 },
    ...(!holds && { remedy: typed`runbook runs; runbook plan ${env.name}` }),
  })
