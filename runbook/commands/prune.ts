import { arrangePrune, type Pruned } from '../engine/arrange-prune.ts'
import { backupsOf } from '../engine/backups-of.ts'
import { keptDatabases } from '../engine/kept-databases.ts'
import { foresee, performBook } from '../engine/perform-book.ts'
import type { RunContext } from '../engine/run-context.ts'
import type { Backup } from '../journal/backups.ts'
import { toRollBack } from '../journal/history.ts'
import { stampOfRun } from '../journal/run-id.ts'
import { keptOf, listRuns } from '../journal/runs.ts'
import { timeOfStamp } from '../journal/stamp-time.ts'
import { EXIT } from '../model/exit.ts'
import { planText } from '../render/plan-text.ts'
import type { Invocation } from './invocation.ts'
import { lookCommand } from './look-command.ts'
import { mayStart } from './may-start.ts'
import { type OpenBook, openBook } from './open-book.ts'
import { runReading } from './run-reading.ts'
import { spanOf } from './span-of.ts'
import { UsageError } from './usage-error.ts'

/**
 * Removes transcripts, dumps and replaced databases that are old, after showing them. What a rollback or a restore
 * would need stays, however old: the run that a rollback would take back, its backup, and the last backup that stands.
 */
export const prune = async (invocation: Invocation): Promise<number> => {
  const { options, paint, say, canAsk } = invocation
  const limits = limitsOf(invocation)
  const open = await openBook(invocation)
  const title = `Remove what is old of ${open.arrangement.env.name}`
  let pruned: Pruned | undefined
  const looked = await lookCommand({ ...invocation, env: open.arrangement.env.name }, async (_, context) => {
    pruned = await oldIn(open, limits, context)
    if (!options.plan || isEmpty(pruned)) return
    const arrangement = arrangePrune(open.arrangement, pruned)
    const plan = context.recorder.redacted(await foresee(arrangement, context, new Map()))
    say(planText(plan, { title: `Plan: ${title}`, runs: [], paint }))
  })
  if (!pruned || looked !== EXIT.done) return looked
  if (isEmpty(pruned)) say('Nothing to remove.\n')
  if (options.plan || isEmpty(pruned)) return EXIT.done
  mayStart(open.arrangement.env, invocation, `${title}?`)
  const arrangement = arrangePrune(open.arrangement, pruned)
  const ended = await runReading(
    'prune',
    invocation,
    open,
    { arrangement },
    {
      locks: true,
      work: ({ arrangement, context, usually, runs }) =>
        performBook(arrangement, context, {
          what: title,
          usually,
          canAsk,
          present: (plan) => say(planText(plan, { title, runs, paint })),
        }),
    },
  )
  return ended.exit
}

interface Limits {
  /** Milliseconds. */
  olderThan?: number
  keep?: number
}
const limitsOf = ({ options }: Invocation): Limits => {
  const { olderThan, keep } = options
  if (keep !== undefined && !/^\d+$/.test(keep))
    throw new UsageError(`'${keep}' is no number`, 'write how many are kept: --keep 10')
  if (olderThan === undefined && keep === undefined)
    throw new UsageError('it does not say what is old', 'give --older-than 30d, or --keep 10, or both')
  return {
    ...(olderThan !== undefined && { olderThan: spanOf(olderThan, '30d, 12h or 6w') }),
    ...(keep !== undefined && { keep: Number(keep) }),
  }
}

/** With both limits, what is among the newest stays although it is old. */
const oldIn = async (
  { arrangement, stateDir }: OpenBook,
  limits: Limits,
  context: RunContext,
): Promise<Pruned> => {
  const env = arrangement.env.name
  const now = context.doors.clock.now().getTime()
  const old = <T>(things: readonly T[], stampOf: (thing: T) => string): T[] =>
    things
      .slice(0, limits.keep === undefined ? undefined : Math.max(0, things.length - limits.keep))
      .filter(
        (thing) => limits.olderThan === undefined || now - timeOfStamp(stampOf(thing)) > limits.olderThan,
      )
  // The id of a run of 'production-eu' begins like one of 'production'.
  const longer = Object.keys(arrangement.book.environments).filter((name) => name.startsWith(`${env}-`))
  const isOf = (id: string, name: string) => id.includes(`Z-${name}-`)
  const runs = listRuns(stateDir).filter((id) => isOf(id, env) && !longer.some((name) => isOf(id, name)))
  const needed = toRollBack(await context.ledger.history(), { database: true })?.id
  const oldAmong = async (backups: readonly Backup[]): Promise<Backup[]> => {
    const lastGood = await lastThatStands(backups)
    return old(backups, (backup) => backup.stamp).filter(
      (backup) => backup !== lastGood && !(needed && backup.stamp === stampOfRun(needed)),
    )
  }
  const backups = await backupsOf(context)
  return {
    databases: old(await keptDatabases(context), (kept) => kept.stamp),
    // A copy here is no reason to remove what is on the host, nor the other way round.
    backups: [
      ...(await oldAmong(backups.filter(({ host }) => host === undefined))),
      ...(await oldAmong(backups.filter(({ host }) => host !== undefined))),
    ],
    runs: old(runs, stampOfRun)
      .filter((run) => run !== needed)
      .map((id) => ({ id, paths: keptOf(stateDir, id) })),
  }
}

const lastThatStands = async (backups: readonly Backup[]): Promise<Backup | undefined> => {
  for (const backup of backups.toReversed()) if ((await backup.prove()).stands) return backup
  return undefined
}

const isEmpty = ({ databases, backups, runs }: Pruned): boolean =>
  databases.length + backups.length + runs.length === 0
