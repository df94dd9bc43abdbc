import type { Json } from '../model/json.ts'
import { listRuns, readRun } from './runs.ts'

/** From how many runs an expectation is made, and among how many of the latest they are looked for. */
const RUNS = 5
const LOOKED_AT = 20

/** How long steps take: the median of earlier runs, and how fast those were whose time grows with a weight. Milliseconds. */
export class Durations extends Map<string, number> {
  constructor(
    medians: Iterable<readonly [string, number]>,
    private readonly speeds: ReadonlyMap<string, number>,
  ) {
    super(medians)
  }

  /** Of a step that has observed this: of another weight than the earlier ones it takes another time. */
  expected(step: string, observed: Json | undefined): number | undefined {
    const weight = weightOf(observed)
    if (weight === undefined) return this.get(step)
    const speed = this.speeds.get(step)
    return speed === undefined ? undefined : Math.round(speed * weight)
  }
}

/** `weight` of what a step has observed, such as the bytes of a dump: what its duration grows with. */
const weightOf = (observed: Json | undefined): number | undefined => {
  const weight = (observed as { weight?: unknown } | null | undefined)?.weight
  return typeof weight === 'number' && weight > 0 ? weight : undefined
}

/** The same steps restore in both. */
const ALIKE: Readonly<Record<string, string>> = {
  rollback: '(rollback|restore)',
  restore: '(rollback|restore)',
}

/**
 * How long each step took in the latest runs of an environment; the median, milliseconds. Runs that were refused or
 * declined before anything was done tell nothing, and are passed over.
 */
export const expectedDurations = async (
  stateDir: string,
  env: string,
  command: string,
): Promise<{ steps: Durations; runs: string[] }> => {
  const named = new RegExp(`Z-${env}-${ALIKE[command] ?? command}-`)
  const latest = listRuns(stateDir)
    .filter((id) => named.test(id))
    .slice(-LOOKED_AT)
    .reverse()
  const runs: string[] = []
  const durations = new Map<string, number[]>()
  const speeds = new Map<string, number[]>()
  for (const run of latest) {
    if (runs.length === RUNS) break
    const steps = [...(await readRun(stateDir, run)).steps.values()]
    const done = steps.flatMap(({ id, state, observed }) =>
      state.is === 'done' ? [{ id, ms: state.ms, weight: weightOf(observed) }] : [],
    )
    if (done.length) runs.push(run)
    for (const { id, ms, weight } of done) {
      durations.set(id, [...(durations.get(id) ?? []), ms])
      if (weight) speeds.set(id, [...(speeds.get(id) ?? []), ms / weight])
    }
  }
  const medians = (all: Map<string, number[]>) => new Map([...all].map(([id, each]) => [id, median(each)]))
  return { steps: new Durations(medians(durations), medians(speeds)), runs: runs.reverse() }
}

const median = (values: number[]): number => values.sort((a, b) => a - b)[Math.floor(values.length / 2)]!
