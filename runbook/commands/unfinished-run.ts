import { foldRun, type RunState } from '../journal/fold.ts'
import { pastRuns } from '../journal/past-runs.ts'
import type { RunSummary } from '../journal/run-index.ts'
import { journalOf, listRuns, readTranscript } from '../journal/runs.ts'
import { unmet } from '../model/failure.ts'
import { chosenRun } from './chosen-run.ts'
import type { Unfinished } from './run-reading.ts'
import { UsageError } from './usage-error.ts'

/** Runs of these commands are gone on with; the others are simply started again. */
const RESUMABLE = ['deploy', 'run', 'rollback', 'restore']

/**
 * The run to go on with: the one that is named, or the latest. Undefined where there is nothing left to do. Only the
 * latest run that changed an environment can be gone on with: a later one has moved what it rests on.
 */
export const unfinishedRun = async (
  name: string | undefined,
  stateDir: string,
): Promise<Unfinished | undefined> => {
  if (name !== undefined) return namedRun(chosenRun(name, listRuns(stateDir)), stateDir)
  const latest = new Map<string, Unfinished>()
  for await (const run of pastRuns(stateDir)) {
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
      `start it again: runbook ${started.command} ${started.env}`,
    )
  if (hasEnded(run.state)) return undefined
  for await (const later of pastRuns(stateDir, started.env)) {
    if (later.id === id) break
    if (RESUMABLE.includes(later.started!.command) && later.begun)
      throw unmet(
        `the run ${id} is the latest that changed ${started.env}`,
        `${later.id} came after it`,
        `runbook show ${later.id}; then deploy again: what is already done is skipped`,
      )
  }
  return run
}

const read = async (id: string, stateDir: string): Promise<Unfinished> => {
  const { events, end, flaws } = await readTranscript(journalOf(stateDir, id), { outputs: false })
  return { id, state: foldRun(events), end, flaws }
}

/** One that was refused, or declined, before it began anything, is none to go on with. */
const counts = ({ started, begun, ended }: RunSummary): boolean =>
  RESUMABLE.includes(started!.command) && (begun || !ended)

const hasEnded = ({ ended }: RunState): boolean =>
  ended !== undefined && ['done', 'rolled-back', 'declined'].includes(ended.verdict)
