import { isBegun, type RunState } from '../journal/fold.ts'

/** What is known of the environment after a run that began no step which changes it: never more than was looked at. */
export const unchangedText = (state: RunState): string => {
  const { compared } = state
  if (compared && compared.what.length === 0) return `not known: ${compared.seen}`
  if (compared && !compared.holds)
    return `the database that is in use, which is not as it was: ${compared.seen}`
  if (compared) return `nothing: ${compared.what.join(', ')} compared with before`
  return isBegun(state)
    ? 'nothing by a step that changes something: none was begun; the database was not looked at'
    : 'nothing: no action was begun'
}
