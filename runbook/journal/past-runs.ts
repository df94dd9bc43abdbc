import { type Command, isForwards } from '../model/event.ts'
import { isOver, type RunState } from './fold.ts'
import { RunIndex, type RunSummary } from './run-index.ts'
import { readRun } from './runs.ts'

/** A run of an environment that is over, or was. */
export interface PastRun {
  id: string
  state: RunState
}

/** The runs of an environment, or of all; the latest first. Who finds what it wants reads no more. */
export async function* pastRuns(stateDir: string, env?: string): AsyncGenerator<RunSummary> {
  const index = new RunIndex(stateDir)
  try {
    for (const journal of index.journals.toReversed()) {
      if (env !== undefined && !journal.id.includes(`Z-${env}-`)) continue
      const summary = await index.summaryOf(journal)
      if (env === undefined || summary.started?.env === env) yield summary
    }
  } finally {
    index.save()
  }
}

/** The latest deployment that ended well. */
export const lastDeployment = async (stateDir: string, env: string): Promise<PastRun | undefined> => {
  for await (const { id, started, ended } of pastRuns(stateDir, env))
    if (started?.command === 'deploy' && ended?.verdict === 'done')
      return { id, state: await readRun(stateDir, id) }
  return undefined
}

/** The latest run of the book that began anything, however it ended. */
export const latestForwards = async (stateDir: string, env: string): Promise<PastRun | undefined> => {
  for await (const { id, started, begun } of pastRuns(stateDir, env))
    if (begun && isForwards(started?.command)) return { id, state: await readRun(stateDir, id) }
  return undefined
}

/** What performs steps, and does not only look at what they left. */
export const performing: readonly Command[] = ['deploy', 'run', 'rollback', 'restore']

/** The latest run, begun after `since`, in which one of these steps got to its end. */
export const latestEnd = async (
  stateDir: string,
  env: string,
  steps: readonly string[],
  since: Date,
): Promise<PastRun | undefined> => {
  for await (const { id, started } of pastRuns(stateDir, env)) {
    if (!started || new Date(started.at) < since) return undefined
    if (!performing.includes(started.command)) continue
    const state = await readRun(stateDir, id)
    if (steps.some((step) => isOver(state.steps.get(step)?.state))) return { id, state }
  }
  return undefined
}
