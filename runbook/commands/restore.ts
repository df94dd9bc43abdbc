import { basename } from 'node:path'
import { arrangeRestore } from '../engine/arrange-restore.ts'
import { backupsOf } from '../engine/backups-of.ts'
import { foresee, performBook } from '../engine/perform-book.ts'
import type { RunContext } from '../engine/run-context.ts'
import type { Backup } from '../journal/backups.ts'
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
      await demandReachable(invocation.argument, context)
      const { arrangement, title } = meantBy(open, await backupsOf(context), invocation)
      present(context.recorder.redacted(await foresee(arrangement, context, new Map())), `Plan: ${title}`, [])
    })
  const open = await openBook(invocation)
  const { arrangement, title } = meantBy(open, await knownBackups(open, invocation), invocation)
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

/** The backups of an environment, before a run of it has begun. */
export const knownBackups = async (open: OpenBook, invocation: Invocation): Promise<Backup[]> => {
  const { context, close } = contextToLook(open, invocation)
  try {
    await demandReachable(invocation.argument, context)
    return await backupsOf(context)
  } finally {
    await close()
  }
}

/** Refuses a backup that the environment's ledger knows, and that is with another operator: it says from whom to get it. */
const demandReachable = async (argument: string | undefined, context: RunContext): Promise<void> => {
  if (argument === undefined) return
  const name = basename(argument)
  if ((await backupsOf(context)).some((backup) => backup.name.includes(name))) return
  const { runs } = await context.ledger.read()
  const run = runs.findLast(({ backup }) => backup && basename(backup.path).includes(name))
  if (!run) return
  const { path, machine } = run.backup!
  throw unmet(
    `the backup ${basename(path)} can be reached from here`,
    `it was made by ${run.id} and is with ${run.holder.operator} on ${machine}: ${path}`,
    `get it from there, with the .json beside it, into ${context.paths.copies}; then again`,
  )
}

/** `argument`: what `restore` was given. */
export const meantBy = (
  { arrangement }: OpenBook,
  backups: readonly Backup[],
  { argument, options: { inPlace = false } }: Meant,
): { arrangement: Arrangement; title: string } => {
  const { env } = arrangement
  const source = sourceOf(argument, backups, env.name)
  if (inPlace && 'kept' in source)
    throw new UsageError('a kept database is put in its place by renaming', 'leave out --in-place')
  const from = { ...source, inPlace }
  const arranged = arrangeRestore(arrangement, from)
  if (!arranged)
    throw new UsageError(
      `the book has no step for ${env.name} that backs its database up, and so none that restores it`,
      'add backupDatabase() to what `deploy` gives for it',
    )
  const name = 'kept' in from ? from.kept : from.dump.split('/').at(-1)
  return { arrangement: arranged, title: `Restore ${name} in ${env.name}` }
}

/** A dump by its name, its path or a part of it that only one has; or a database that a restore has kept. */
const sourceOf = (argument: string | undefined, all: readonly Backup[], env: string): RestoreSource => {
  const list = typed`list what there is: runbook backups ${env}`
  if (argument === undefined) throw new UsageError('it does not say which backup', list)
  if (/_replaced_\d{8}T\d{6}Z$/.test(argument)) return { kept: argument }
  const name = argument.split('/').at(-1)!
  const byPath = all.filter(
    ({ path }) => argument.includes('/') && path.endsWith(argument.replace(/^\.\//, '/')),
  )
  const matching = byPath.length ? byPath : all.filter((backup) => backup.name.includes(name))
  // Of what is kept on the host and copied here, the one there is meant, unless a path says otherwise.
  const found = matching.find(({ host }) => host !== undefined) ?? matching[0]
  if (found && matching.every(({ name }) => name === found.name))
    return { dump: found.path, at: found.host === undefined ? 'operator' : 'backups' }
  if (found) throw new UsageError(`'${argument}' fits ${matching.length} backups`, list)
  const meant = nearest(
    name,
    all.map((backup) => backup.name),
  )
  throw new UsageError(`there is no backup '${argument}' of ${env}`, meant ? `did you mean ${meant}?` : list)
}
