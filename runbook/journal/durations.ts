import { listRuns, readRun } from './runs.ts'

/** How many of the latest runs an expectation is made from. */
const RUNS = 5

/** How long each step took in the latest runs of an environment; the median, milliseconds. */
export const expectedDurations = async (
  stateDir: string,
  env: string,
  command: string,
): Promise<{ steps: Map<string, number>; runs: string[] }> => {
  const runs = listRuns(stateDir)
    .filter((id) => id.includes(`Z-${env}-${command}-`))
    .slice(-RUNS)
  const durations = new Map<string, number[]>()
  for (const run of runs)
    for (const { id, state } of (await readRun(stateDir, run)).steps.values())
      if (state.is === 'done') durations.set(id, [...(durations.get(id) ?? []), state.ms])
  return { steps: new Map([...durations].map(([id, all]) => [id, median(all)])), runs }
}

const median = (values: number[]): number => values.sort((a, b) => a - b)[Math.floor(values.length / 2)]!
