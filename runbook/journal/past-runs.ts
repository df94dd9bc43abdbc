import { isForwards } from '../model/event.ts'
import { begunStates, type RunState } from './fold.ts'
import { listRuns, readRun } from './runs.ts'

/** A run of an environment that is over, or was. */
export interface PastRun {
  id: string
  state: RunState
}

/** The runs of an environment, the latest first; read one by one, so that who finds what it wants reads no more. */
export async function* pastRuns(stateDir: string, env: string): AsyncGenerator<PastRun> {
  for (const id of listRuns(stateDir).reverse()) {
    if (!id.includes(`Z-${env}-`)) continue
    const state = await readRun(stateDir, id)
    if (state.started?.env === env) yield { id, state }
  }
}

/** The latest deployment that ended well. */
export const lastDeployment = async (stateDir: string, env: string): Promise<PastRun | undefined> => {
  for await (const run of pastRuns(stateDir, env))
    if (run.state.started?.command === 'deploy' && run.state.ended?.verdict === 'done') return run
  return undefined
}

/**
 * What a rollback would take back: the latest run of the book, a deployment or another of its procedures, that changed
 * a state, whether it ended well or not. Undefined
 * where there is none, and where that run was itself a rollback, or has been rolled back.
 */
export const latestChange = async (stateDir: string, env: string): Promise<PastRun | undefined> => {
  for await (const run of pastRuns(stateDir, env)) {
    const { started, ended } = run.state
    if (begunStates(run.state).length === 0) continue
    const takenBack =
      ended?.verdict === 'rolled-back' || (started?.command === 'rollback' && ended?.verdict === 'done')
    if (takenBack) return undefined
    if (isForwards(started?.command)) return run
  }
  return undefined
}
