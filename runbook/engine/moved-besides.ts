import { hasChanged } from '../journal/fold.ts'
import type { KnownRun } from '../journal/history.ts'
import { movedSince } from './as-left.ts'
import { headOf } from './revisions-now.ts'
import { lookOf, type RunContext } from './run-context.ts'

/** Whether somebody has moved the code without a run since the run performed a step: what follows from it was not done for that. */
export const movedBesides = async (
  performedBy: KnownRun,
  context: RunContext,
): Promise<string | undefined> => {
  // What this run has moved itself is told by its own steps.
  if ([...context.state.steps.values()].some((record) => record.sort === 'state' && hasChanged(record)))
    return undefined
  const look = lookOf(context, undefined)
  const moved = performedBy.ledger?.closed && (await movedSince(performedBy, await headOf(look), look))
  return moved && `the code was moved since ${performedBy.id} performed it: ${moved}`
}
