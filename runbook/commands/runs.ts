import { pastRuns } from '../journal/past-runs.ts'
import type { RunSummary } from '../journal/run-index.ts'
import { EXIT } from '../model/exit.ts'
import { runsTable } from '../render/runs-table.ts'
import type { Invocation } from './invocation.ts'
import { stateDirOf } from './open-book.ts'

/** Past runs, the latest last; of one environment where one is named. */
export const runs = async (invocation: Invocation): Promise<number> => {
  const { options, env, out, say, paint } = invocation
  const stateDir = stateDirOf(invocation)
  const past: RunSummary[] = []
  for await (const run of pastRuns(stateDir, env)) past.push(run)
  past.reverse()
  if (options.json)
    for (const { id, started, ended } of past)
      out(`${JSON.stringify({ ...started, run: id, ended: ended ?? null })}\n`)
  else if (past.length) say(runsTable(past, paint))
  else say('No runs yet.\n')
  return EXIT.done
}
