import { basename } from 'node:path'
import { machineName, operatorName } from '../doors/process-identity.ts'
import { asLeft, describe, laterUnmet } from '../engine/as-left.ts'
import { backupsOf } from '../engine/backups-of.ts'
import { unreadable } from '../engine/last-run.ts'
import { lookOf, type RunContext } from '../engine/run-context.ts'
import { begunIn, changesIn, type KnownRun, recall, toRollBack } from '../journal/history.ts'
import type { PastRun } from '../journal/past-runs.ts'
import { isForwards } from '../model/event.ts'
import { Failed, unmet } from '../model/failure.ts'
import { typed } from '../model/shell-word.ts'
import { chosenRun } from './chosen-run.ts'
import { demandAll, demandWhole } from './demand-whole.ts'
import type { Options } from './invocation.ts'
import type { OpenBook } from './open-book.ts'
import { demandOwnRun } from './prepare-state-dir.ts'
import { UsageError } from './usage-error.ts'

/** What a rollback is about to roll back. */
export interface Target {
  run: PastRun
  /** What is checked out now. */
  head: string | undefined
  /** See `AsLeft`. */
  unseen: readonly string[]
  /** Its transcript is not here: only the code can go back, from the ledger. */
  elsewhere?: string
}

/**
 * The run to roll back: the one that `--run` names, or the last that changed the environment, by the environment's own ledger. Refuses
 * where the environment is no longer as that run left it, or a later run has changed it, unless that is allowed by name.
 * A text: why there is nothing to roll back.
 */
export const chooseTarget = async (
  { arrangement: { env }, stateDir }: Pick<OpenBook, 'arrangement' | 'stateDir'>,
  options: Pick<Options, 'run' | 'database' | 'allow' | 'from'>,
  context: RunContext,
): Promise<Target | string> => {
  const history = await context.ledger.history()
  if (!options.run) await demandReadable(context)
  const target = options.run
    ? namedRun(options.run, history, env.name)
    : toRollBack(history, { database: options.database !== undefined })
  if (!target) return nothingToRollBack(history, context)
  if (!options.run) demandOwn(target, history, context)
  const { head, unseen, unmet: changed } = await asLeft(target, history, lookOf(context, undefined))
  const refused = [...laterUnmet(target, history, head), ...changed].filter(
    ({ allow }) => !options.allow?.includes(`over:${allow}`),
  )
  if (refused.length) {
    const names = [...new Set(refused.map(({ allow }) => `over:${allow}`))]
    const over = typed`to go back over it on purpose: runbook rollback ${env.name} --run ${target.id} --allow ${names}`
    throw new Failed({
      kind: 'before-unmet',
      unmet: refused.map(({ fact, seen, remedy }) => ({ fact, seen, remedy: `${remedy}; ${over}` })),
    })
  }
  const { ledger, id } = target
  if (target.here && !options.from) demandOwnRun(stateDir, id)
  const { whole, flaws, last, ...run } = await recall(stateDir, fromWhere(target, options.from, env.name))
  if (whole) {
    demandWhole({ id, env: env.name, flaws, ledger, last, allow: options.allow })
    return { run, head, unseen }
  }
  const machine = machineName()
  if (target.here && !options.from) demandAll({ id, env: env.name, ledger }, { stateDir, machine })
  await demandEnough(target, options, stateDir, context)
  const { holder } = target.ledger!
  return { run, head, unseen, elsewhere: `${holder.operator} on ${holder.machine}, ${holder.transcript}` }
}

/** With `--from ledger` its transcript counts as not being here. */
export const fromWhere = (target: KnownRun, from: Options['from'], env: string): KnownRun => {
  if (!from) return target
  if (target.ledger) return { ...target, here: false }
  throw unmet(
    `the ledger of ${env} has the run ${target.id}`,
    'it does not know it',
    typed`from its transcript: runbook rollback ${env} --run ${target.id}`,
  )
}

/** Where a line cannot be read, it may be the last run that changed the environment, and whose that was is not known. */
const demandReadable = async ({ env: { name }, ledger }: RunContext): Promise<void> => {
  const { damaged } = await ledger.read()
  if (damaged.length === 0) return
  const { file } = await ledger.place()
  throw unmet(
    `the ledger of ${name} tells which run is the last`,
    unreadable(damaged, file.printed),
    typed`see which runs are known: runbook runs; then name the one that is meant: runbook rollback ${name} --run <id>`,
  )
}

const namedRun = (name: string, history: readonly KnownRun[], env: string): KnownRun => {
  const id = chosenRun(
    name,
    history.map((run) => run.id),
  )
  const run = history.find((one) => one.id === id)!
  const { command } = run.summary.started ?? {}
  if (command && !isForwards(command))
    throw new UsageError(
      `the run ${id} is a ${command}, which a rollback does not take back`,
      command === 'restore'
        ? typed`see what it has kept: runbook backups ${env}`
        : typed`deploy again: runbook deploy ${env}`,
    )
  if (run.summary.changedState) return run
  throw new UsageError(`the run ${id} changed nothing in ${env}`, typed`see what did: runbook runs ${env}`)
}

/** Who has done something here too, a restart only perhaps, may mean another run than the last: it is named then. */
const demandOwn = (
  target: KnownRun,
  history: readonly KnownRun[],
  { env: { name }, doors }: RunContext,
): void => {
  const [operator, machine] = [operatorName(doors.variables), machineName()]
  const isOwn = ({ ledger, summary }: KnownRun) => {
    const by = ledger?.holder ?? summary.started
    return by?.operator === operator && by.machine === machine
  }
  if (isOwn(target) || !begunIn(history).some(isOwn)) return
  throw unmet(
    `the last run that changed ${name} is by ${operator} on ${machine}`,
    `it is ${describe(target)}${target.here ? '' : `; ${whereabouts(target)}`}`,
    typed`to roll that one back, name it: runbook rollback ${name} --run ${target.id}`,
  )
}

/** 'kept by ada on laptop: /home/ada/shop/.runbook/runs/…/journal.jsonl' */
export const whereabouts = ({ ledger }: Pick<KnownRun, 'ledger'>): string => {
  const { operator, machine, transcript } = ledger!.holder
  return `its transcript is with ${operator} on ${machine}: ${transcript}`
}

/** What goes beyond the code needs more than the ledger has: without its actions an undo would be done at once. */
export const demandEnough = async (
  target: KnownRun,
  { database, from }: Pick<Options, 'database' | 'from'>,
  stateDir: string,
  context: RunContext,
): Promise<void> => {
  if (!database) return
  const { id, ledger } = target
  const env = context.env.name
  const { operator, machine, transcript } = ledger!.holder
  const without =
    typed`without the database: runbook rollback ${env} --run ${id}` + (from ? ` --from ${from}` : '')
  if (database === 'schema' && target.here)
    throw unmet(
      `the undo of the migrations of ${id} is known`,
      'the ledger has that of the code only; the other stands in the transcript alone',
      `to the backup that the run made: --database=restore; ${without}`,
    )
  if (database === 'schema')
    throw unmet(
      `the transcript of ${id} is here, in which the undo of its migrations stands`,
      whereabouts(target),
      `get it from ${operator}: copy that folder to ${stateDir}/runs/${id}, then again; ${without}`,
    )
  const { backup } = ledger!
  if (backup?.onHost) return
  const copied = backup && (await backupsOf(context)).find(({ name }) => name === basename(backup.path))
  if (copied && (!backup.sha256 || copied.manifest?.sha256 === backup.sha256)) return
  throw unmet(
    `the backup of ${id} can be reached from here`,
    backup
      ? `it is on ${backup.machine}: ${backup.path}`
      : `the ledger knows of none; ${operator} on ${machine} may have one`,
    backup
      ? `get it from ${operator}, with the .json beside it, into ${stateDir}/backups; or roll back there; ${without}`
      : `ask ${operator}: ${transcript}; ${without}`,
  )
}

/** What was looked at just now, and by whom the last run was rolled back. */
const nothingToRollBack = async (history: readonly KnownRun[], context: RunContext): Promise<string> => {
  const { env, ledger } = context
  const { file, shared } = await ledger.place()
  const last = changesIn(history).at(-1)
  if (!last) {
    const looked = shared ? `its ledger, ${file.printed}, has none` : 'none is recorded here'
    return `Nothing to undo: no run has changed ${env.name}; ${looked}.\n`
  }
  const { head, unseen, unmet: changed } = await asLeft(last, history, lookOf(context, undefined))
  if (changed.length) {
    const unmet = changed.map(({ fact, seen, remedy }) => ({
      ...{ fact, seen },
      remedy: `${remedy}; no run is known to have made this, and so none can be rolled back for it`,
    }))
    throw new Failed({ kind: 'before-unmet', unmet })
  }
  const { takesBack, told, command } = last.summary.started ?? {}
  if (command === 'restore')
    throw unmet(
      `the last run that changed ${env.name} is one that a rollback takes back`,
      `it is ${describe(last)}, a restore`,
      typed`what it replaced is kept: runbook backups ${env.name}; then runbook restore ${env.name} <that database>`,
    )
  const by = `${last.summary.started?.operator} on ${last.summary.started?.machine}`
  const again = takesBack && typed`runbook rollback ${env.name} --run ${takesBack} --database=schema`
  return [
    takesBack
      ? `Nothing to undo: ${takesBack} was taken back by ${last.id}, by ${by}.`
      : `Nothing to undo: ${last.id}, by ${by}, took back what it had changed.`,
    ...(head ? [`  HEAD is ${head.slice(0, 7)}, as it left it`] : []),
    ...unseen.map((one) => `  not known ${one}`),
    ...(again && env.database && !told?.database
      ? [`  the code only; its database too: ${again}, or --database=restore`]
      : []),
    '',
  ].join('\n')
}
