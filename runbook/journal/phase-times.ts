import type { ExpectedPhase } from '../model/event.ts'
import type { RunState } from './fold.ts'

/**
 * A phase of a run, and for how many ms something of it was done; absent: nothing was. `atLeast`: the run was killed meanwhile,
 * and how long it went on after its last line nobody knows.
 */
export type PhaseTime = ExpectedPhase & { took?: number; atLeast?: true }

/** How long each phase took. What runs beside each other counts once, and the time in which the run lay still not at all. */
export const phaseTimes = ({ started, steps }: RunState): PhaseTime[] =>
  (started?.phases ?? []).map((phase) => {
    const worked = phase.steps.flatMap((id) => steps.get(id)?.worked ?? [])
    const atLeast = worked.some(({ atLeast }) => atLeast)
    return {
      ...phase,
      ...(worked.length && { took: together(worked) }),
      ...(atLeast && { atLeast: true as const }),
    }
  })

/** The length of all spans together, where they overlap only once. */
const together = (worked: readonly { until: number; ms: number }[]): number => {
  let [sum, end] = [0, 0]
  const spans = worked.map(({ until, ms }) => ({ from: until - ms, until }))
  for (const { from, until } of spans.sort((a, b) => a.from - b.from)) {
    sum += Math.max(0, until - Math.max(from, end))
    end = Math.max(end, until)
  }
  return sum
}
