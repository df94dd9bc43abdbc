import { machineName } from '../doors/process-identity.ts'
import { describe } from '../engine/as-left.ts'
import type { RunContext } from '../engine/run-context.ts'
import { foldRun, type RunState } from '../journal/fold.ts'
import { type KnownRun, lastIn, laterThan } from '../journal/history.ts'
import { pastRuns } from '../journal/past-runs.ts'
import type { RunSummary } from '../journal/run-index.ts'
import { listRuns, transcriptOf } from '../journal/runs.ts'
import { unmet } from '../model/failure.ts'
import { typed } from '../model/shell-word.ts'
import { whereabouts } from './choose-target.ts'
import { chosenRun } from './chosen-run.ts'
import { demandAll, demandWhole } from './demand-whole.ts'
import type { Unfinished } from './run-reading.ts'
import { UsageError } from './usage-error.ts'

/** Runs of these commands are gone on with; the others are simply started again. */
const RESUMABLE = ['deploy', 'run', 'rollback', 'restore']

/**
 * The run to go on with, as the transcripts here tell: the one that is named, or the latest, of all environments or of `only` one.
 * Undefined where there is nothing left to do here.
 */
export const unfinishedRun = async (
  name: string | undefined,
  stateDir: string,
  only?: string,
): Promise<Unfinished | undefined> => {
  if (name !== undefined) return namedRun(chosenRun(name, listRuns(stateDir)), stateDir)
  const latest = new Map<string, Unfinished>()
  for await (const run of pastRuns(stateDir, only)) {
    const env = run.started?.env
    if (env !== undefined && !latest.has(env) && counts(run)) latest.set(env, await read(run.id, stateDir))
  }
  const unfinished = [...latest.values()].filter(({ state }) => !hasEnded(state))
  if (unfinished.length > 1)
    throw new UsageError(
      `there are ${unfinished.length} runs to go on with: ${unfinished.map(({ id }) => id).join(', ')}`,
      'name one of them',
    )
  return unfinished[0]
}

const namedRun = async (id: string, stateDir: string): Promise<Unfinished | undefined> => {
  const run = await read(id, stateDir)
  const { started } = run.state
  if (!started)
    throw unmet(`the run ${id} has begun`, 'its transcript was cut in its first line', 'deploy again')
  if (!RESUMABLE.includes(started.command))
    throw new UsageError(
      `the run ${id} is a ${started.command}, which is not gone on with`,
      typed`start it again: runbook ${started.command} ${started.env}`,
    )
  return hasEnded(run.state) ? undefined : run
}

/**
 * Refuses a run that was gone on with elsewhere, or after which another has changed the environment: the environment's ledger tells both.
 */
export const demandMayGoOn = async ({ id, end }: Unfinished, context: RunContext): Promise<void> => {
  const env = context.env.name
  const history = await context.ledger.history()
  const run = history.find((one) => one.id === id)
  if (!run) return
  if (run.ledger && run.ledger.seq > end.seq)
    throw unmet(
      `the transcript of ${id} here is all that was written of it`,
      `the ledger knows of more: ${describe(run)}; ${whereabouts(run)}`,
      typed`go on where that is, or roll back from here: runbook rollback ${env} --run ${id}`,
    )
  const later = laterThan(history, run).at(-1) ?? laterHere(history, run)
  if (later)
    throw unmet(
      `the run ${id} is the latest that changed ${env}`,
      `${describe(later)} came after it`,
      `${later.here ? typed`runbook show ${later.id}; then ` : ''}deploy again: what is already done is skipped`,
    )
}

/**
 * Refuses a run whose transcript is not as it was written, or not as the environment's ledger has it, which has every run with an
 * effect; `allow`: what the operator says by name of one that it does not know.
 */
export const demandAsInLedger = async (
  { id }: Unfinished,
  context: RunContext,
  { stateDir, allow }: { stateDir: string; allow: readonly string[] | undefined },
): Promise<void> => {
  const ledger = (await context.ledger.read()).runs.find((run) => run.id === id)
  const { flaws, end } = await transcriptOf(stateDir, id, { outputs: false, ledger: ledger ?? null })
  const read = { id, env: context.env.name, ledger }
  demandWhole({ ...read, flaws, last: end.hash, allow })
  if (ledger && ledger.seq > end.seq) demandAll(read, { stateDir, machine: machineName() })
}

/** One that began something without changing a state, such as a restart, moved what the run rests on, too. */
const laterHere = (history: readonly KnownRun[], { id }: KnownRun): KnownRun | undefined =>
  history
    .slice(history.findIndex((run) => run.id === id) + 1)
    .findLast(({ summary: { started, begun } }) => begun && RESUMABLE.includes(started?.command ?? ''))

/**
 * Where nothing here is to be gone on with: refuses, naming it, where a run is unfinished that was begun elsewhere. Otherwise what was
 * looked at.
 */
export const nothingUnfinished = async (context: RunContext, name?: string): Promise<string> => {
  const env = context.env.name
  const history = await context.ledger.history()
  const named =
    name === undefined || name === env
      ? undefined
      : chosenRun(
          name,
          history.map(({ id }) => id),
        )
  const last = named ? history.find(({ id }) => id === named) : lastIn(history)
  if (!last) return `no run has changed ${env}, by its ledger and by the transcripts here`
  if (last.here || last.summary.ended?.verdict === 'done' || last.summary.ended?.verdict === 'rolled-back')
    return `the last run of ${env} is ${describe(last)}`
  throw unmet(
    `the last run of ${env} has come to its end`,
    `${describe(last)}; ${whereabouts(last)}`,
    `it is gone on with there, by ${last.ledger!.holder.operator}; ` +
      typed`or roll its code back from here: runbook rollback ${env} --run ${last.id}`,
  )
}

const read = async (id: string, stateDir: string): Promise<Unfinished> => {
  const { events, end, flaws } = await transcriptOf(stateDir, id, { outputs: false })
  return { id, state: foldRun(events), end, flaws }
}

/** One that was refused, or declined, before it began anything, is none to go on with. */
const counts = ({ started, begun, ended }: RunSummary): boolean =>
  RESUMABLE.includes(started!.command) && (begun || !ended)

const hasEnded = ({ ended }: RunState): boolean =>
  ended !== undefined && ['done', 'rolled-back', 'declined'].includes(ended.verdict)
