import { basename } from 'node:path'
import { arrangeRestore } from '../engine/arrange-restore.ts'
import { backupsOf } from '../engine/backups-of.ts'
import { broughtAbout } from '../engine/brought-about.ts'
import { foresee, performBook } from '../engine/perform-book.ts'
import { recordedSum } from '../engine/recorded-sum.ts'
import type { RunContext } from '../engine/run-context.ts'
import type { Backup } from '../journal/backups.ts'
import { changesIn, recall } from '../journal/history.ts'
import type { PastRun } from '../journal/past-runs.ts'
import { isForwards } from '../model/event.ts'
import { unmet } from '../model/failure.ts'
import { typed } from '../model/shell-word.ts'
import type { RestoreSource } from '../model/step.ts'
import type { Arrangement, Plan } from '../plan/plan.ts'
import { planSummary, planText } from '../render/plan-text.ts'
import { lossLines } from '../render/rollback-text.ts'
import { approve, mayBeApproved } from './approve.ts'
import type { Invocation } from './invocation.ts'
import { contextToLook, lookCommand } from './look-command.ts'
import { mayStart } from './may-start.ts'
import { nearest } from './nearest.ts'
import { type OpenBook, openBook } from './open-book.ts'
import { runReading } from './run-reading.ts'
import { UsageError } from './usage-error.ts'

/** What was typed, or what a transcript tells of that. */
export type Meant = Pick<Invocation, 'argument'> & { options: Pick<Invocation['options'], 'inPlace'> }

/** Puts a backup in the place of the live database, outside of a rollback; or what an earlier restore has replaced. */
export const restore = async (invocation: Invocation): Promise<number> => {
  const { options, paint, say, canAsk } = invocation
  const present = (plan: Plan, title: string, runs: readonly string[]) => {
    const text = options.plan || options.verbose ? planText : planSummary
    say([text(plan, { title, runs, paint }), ...lossLines(plan, paint), ''].join('\n'))
  }
  if (options.plan)
    return lookCommand(invocation, async (open, context) => {
      const { arrangement, title } = await meantIn(open, invocation, context)
      present(context.recorder.redacted(await foresee(arrangement, context, new Map())), `Plan: ${title}`, [])
    })
  const open = await openBook(invocation)
  const { arrangement, title } = await meantBy(open, invocation, invocation)
  mayStart(arrangement.env, invocation, `${title}?`)
  mayBeApproved(arrangement.book, invocation)
  const reading = {
    arrangement,
    ...(options.reason && { reason: options.reason }),
    ...(invocation.argument && {
      told: { backup: invocation.argument, ...(options.inPlace && { inPlace: true as const }) },
    }),
  }
  const ended = await runReading('restore', invocation, open, reading, {
    locks: true,
    work: ({ arrangement, context, usually, runs }) =>
      performBook(arrangement, context, {
        what: title,
        usually,
        canAsk,
        present: (plan) => present(plan, title, runs),
        beforehand: () => approve(arrangement.book, context, options),
      }),
  })
  return ended.exit
}

/** What `restore` was given, or is gone on with, before a run of it has begun. */
export const meantBy = async (
  open: OpenBook,
  meant: Meant,
  invocation: Invocation,
): Promise<{ arrangement: Arrangement; title: string }> => {
  const { context, close } = contextToLook(open, invocation)
  try {
    return await meantIn(open, meant, context)
  } finally {
    await close()
  }
}

/** Refuses a backup that the environment's ledger knows, and that is with another operator: it says from whom to get it. */
const demandReachable = async (argument: string | undefined, context: RunContext): Promise<void> => {
  if (argument === undefined) return
  const name = basename(argument)
  const sum = BY_SUM.exec(argument)?.[1]?.toLowerCase()
  const isMeant = (one: string, sha256: string | undefined) =>
    sum === undefined ? one.includes(name) : sha256 === sum
  const backups = await backupsOf(context)
  if (backups.some((backup) => isMeant(backup.name, backup.manifest?.sha256))) return
  const { runs } = await context.ledger.read()
  const run = runs.findLast(({ backup }) => backup && isMeant(basename(backup.path), backup.sha256))
  if (!run) return
  const { path, machine } = run.backup!
  throw unmet(
    `the backup ${basename(path)} can be reached from here`,
    `it was made by ${run.id} and is with ${run.holder.operator} on ${machine}: ${path}`,
    `get it from there, with the .json beside it, into ${context.paths.copies}; then again`,
  )
}

/** The deployment that was done last, and what was begun behind it: a migration may stand although its run failed. */
const sinceLastDone = async (stateDir: string, { ledger }: RunContext): Promise<PastRun[]> => {
  const forwards = changesIn(await ledger.history()).filter(({ summary }) =>
    isForwards(summary.started?.command),
  )
  const from = forwards.findLastIndex(({ summary }) => summary.ended?.verdict === 'done')
  return Promise.all(forwards.slice(Math.max(from, 0)).map((run) => recall(stateDir, run)))
}

const meantIn = async (
  { arrangement, stateDir }: OpenBook,
  { argument, options: { inPlace = false } }: Meant,
  context: RunContext,
): Promise<{ arrangement: Arrangement; title: string }> => {
  const { env } = arrangement
  await demandReachable(argument, context)
  const found = sourceOf(argument, await backupsOf(context), env.name)
  if (inPlace && 'kept' in found)
    throw new UsageError('a kept database is put in its place by renaming', 'leave out --in-place')
  const from: RestoreSource =
    'kept' in found
      ? found
      : {
          ...{ dump: found.path, at: found.host === undefined ? 'operator' : 'backups', inPlace },
          ...(await sumOf(found, argument!, stateDir, context)),
        }
  const arranged = arrangeRestore(arrangement, from)
  if (!arranged)
    throw new UsageError(
      `the book has no step for ${env.name} that backs its database up, and so none that restores it`,
      'add backupDatabase() to what `deploy` gives for it',
    )
  const name = 'kept' in from ? from.kept : from.dump.split('/').at(-1)
  const mayGoBack = broughtAbout(arrangement, await sinceLastDone(stateDir, context))
  return { arrangement: { ...arranged, mayGoBack }, title: `Restore ${name} in ${env.name}` }
}

/** Which dump is meant, to the bit: by the sum that was typed, otherwise by the record of the run that made it. */
const sumOf = async (
  backup: Backup,
  argument: string,
  stateDir: string,
  context: RunContext,
): Promise<{ sha256?: string }> => {
  const sha256 = BY_SUM.exec(argument)?.[1]?.toLowerCase() ?? (await recordedSum(backup, stateDir, context))
  return sha256 === undefined ? {} : { sha256 }
}

const BY_SUM = /^sha256:([0-9a-f]{64})$/i

/** A dump by its name, its path, a part of it that only one has, or its SHA-256; or a database that a restore has kept. */
const sourceOf = (
  argument: string | undefined,
  all: readonly Backup[],
  env: string,
): Backup | { kept: string } => {
  const list = typed`list what there is: runbook backups ${env}`
  if (argument === undefined) throw new UsageError('it does not say which backup', list)
  if (/_replaced_\d{8}T\d{6}Z$/.test(argument)) return { kept: argument }
  if (argument.startsWith('sha256:')) return dumpWithSum(argument, all, env)
  const name = argument.split('/').at(-1)!
  const byPath = all.filter(
    ({ path }) => argument.includes('/') && path.endsWith(argument.replace(/^\.\//, '/')),
  )
  const matching = byPath.length ? byPath : all.filter((backup) => backup.name.includes(name))
  // Of what is kept on the host and copied here, the one there is meant, unless a path says otherwise.
  const found = matching.find(({ host }) => host !== undefined) ?? matching[0]
  if (found && matching.every(({ name }) => name === found.name)) return found
  if (found) throw new UsageError(`'${argument}' fits ${matching.length} backups`, list)
  const meant = nearest(
    name,
    all.map((backup) => backup.name),
  )
  throw new UsageError(`there is no backup '${argument}' of ${env}`, meant ? `did you mean ${meant}?` : list)
}

const dumpWithSum = (argument: string, all: readonly Backup[], env: string): Backup => {
  const list = typed`list what there is: runbook backups ${env}`
  const sum = BY_SUM.exec(argument)?.[1]?.toLowerCase()
  if (sum === undefined)
    throw new UsageError(`'${argument}' is no SHA-256`, 'write all 64 digits of it: sha256:9f2c…')
  const matching = all.filter(({ manifest }) => manifest?.sha256 === sum)
  const found = matching.find(({ host }) => host !== undefined) ?? matching[0]
  if (found) return found
  throw new UsageError(`no backup of ${env} has the SHA-256 ${sum} in its manifest`, list)
}
