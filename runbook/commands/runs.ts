import { listRuns, readRun } from '../journal/runs.ts'
import { EXIT } from '../model/exit.ts'
import { runsTable } from '../render/runs-table.ts'
import { findBook } from './find-book.ts'
import type { Invocation } from './invocation.ts'
import { stateDirOf } from './open-book.ts'

/** Past runs, the latest last; of one environment where one is named. */
export const runs = async (invocation: Invocation): Promise<number> => {
  const { options, env, out, say, paint } = invocation
  const stateDir = stateDirOf(invocation, options.stateDir ? '' : findBook(options.config, invocation.cwd))
  const states = []
  for (const id of listRuns(stateDir)) {
    const state = await readRun(stateDir, id)
    if (env === undefined || state.started?.env === env) states.push({ id, state })
  }
  if (options.json)
    for (const { id, state } of states)
      out(`${JSON.stringify({ ...state.started, run: id, ended: state.ended ?? null })}\n`)
  else if (states.length) say(runsTable(states, paint))
  else say('No runs yet.\n')
  return EXIT.done
}
