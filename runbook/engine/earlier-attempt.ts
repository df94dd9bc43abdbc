import type { StepRecord } from '../journal/fold.ts'
import type { Actions } from '../model/action.ts'
import type { Json } from '../model/json.ts'
import type { Step } from '../model/step.ts'
import type { RunContext } from './run-context.ts'

/** What an attempt at a step has left in the transcript that began an effect and did not get to its end. */
export type EarlierAttempt = Omit<StepRecord, 'observed'> & { observed: Json }

/** The attempt before this one, of a run that goes on or of a step that is tried again. */
export const earlierAttempt = ({ id }: Step, { state }: RunContext): EarlierAttempt | undefined => {
  const record = state.steps.get(id)
  if (record?.observed === undefined || record.actions.size === 0) return undefined
  return record.state.is === 'in-doubt' || record.state.is === 'failed'
    ? (record as EarlierAttempt)
    : undefined
}

/** What the requests of an attempt captured. */
export const capturedBefore = (earlier: EarlierAttempt | undefined): Record<string, Json> =>
  Object.assign({}, ...[...(earlier?.actions.values() ?? [])].map(({ captured }) => captured ?? {}))

/** Whether it performed all that it was to perform, and each ended well: what failed then was a proof that came later. */
export const isPerformed = ({ actions }: EarlierAttempt, planned: Actions): boolean =>
  Object.keys(planned).every((name) => actions.get(name)?.result !== undefined)

/** The action whose end is not known: the run was killed in it. */
export const unendedAction = ({ actions }: EarlierAttempt): string | undefined =>
  [...actions.values()].find(({ ended }) => !ended)?.printed
