import { listRuns, readRun } from './runs.ts'

/** From how many runs an expectation is made, and among how many of the latest they are looked for. */
const RUNS = 5
const LOOKED_AT = 20

/**
 * How long each step took in the latest runs of an environment; the median, milliseconds. Runs that were refused or
 * declined before anything was done tell nothing, and are passed over.
 */
export const expectedDurations = async (
  stateDir: string,
  env: string,
  command: string,
): Promise<{ steps: Map<string, number>; runs: string[] }> => {
  const latest = listRuns(stateDir)
    .filter((id) => id.includes(`Z-${env}-${command}-`))
    .slice(-LOOKED_AT)
    .reverse()
  const runs: string[] = []
  const durations = new Map<string, number[]>()
  for (const run of latest) {
    if (runs.length === RUNS) break
    const steps = [...(await readRun(stateDir, run)).steps.values()]
    const done = steps.flatMap(({ id, state }) => (state.is === 'done' ? [{ id, ms: state.ms }] : []))
    if (done.length) runs.push(run)
    for (const { id, ms } of done) durations.set(id, [...(durations.get(id) ?? []), ms])
  }
  return { steps: new Map([...durations].map(([id, all]) => [id, median(all)])), runs: runs.reverse() }
}

const median = (values: number[]): number => values.sort((a, b) => a - b)[Math.floor(values.length / 2)]!
