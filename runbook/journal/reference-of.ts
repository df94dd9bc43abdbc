import type { Verified } from '../model/event.ts'
import type { RunState } from './fold.ts'
import { type PastRun, pastRuns } from './past-runs.ts'
import { readRun } from './runs.ts'

/**
 * What each verification said before a run changed anything, as transcripts tell: that run's own baseline, or else the end
 * of the run before it, where that left the revision that this one began with. What nobody asked is not in it.
 */
export const referenceOf = async (
  stateDir: string,
  { id, state }: PastRun,
): Promise<ReadonlyMap<string, Verified>> => {
  const before = await endBefore(stateDir, id, state)
  const baseline = [...state.verified].flatMap(([step, { before: own }]): [string, Verified][] =>
    typeof own?.holds === 'boolean' || (own?.unaskable && !before.has(step)) ? [[step, own]] : [],
  )
  return new Map([...before, ...baseline])
}

const endBefore = async (stateDir: string, id: string, state: RunState): Promise<Map<string, Verified>> => {
  let passed = false
  for await (const run of pastRuns(stateDir, state.started?.env)) {
    // A transcript that is not as it was written tells nothing.
    if (passed && run.changedState)
      return run.revision?.to === state.revision?.from && !run.altered
        ? endOf(run.id, await readRun(stateDir, run.id))
        : new Map()
    passed ||= run.id === id
  }
  return new Map()
}

/** Of a transcript from before verifications were judged at the end: what each step found. */
const endOf = (run: string, { steps, verified }: RunState): Map<string, Verified> => {
  const held = [...steps.values()].filter(({ sort, state }) => sort === 'verifies' && state.is === 'done')
  return new Map([
    ...held.map(({ id }): [string, Verified] => [id, { holds: true, seen: `at the end of ${run}` }]),
    ...[...verified].flatMap(([step, { after }]): [string, Verified][] =>
      typeof after?.holds === 'boolean' ? [[step, after]] : [],
    ),
  ])
}
