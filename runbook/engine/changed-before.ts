import { hasChanged, type StepRecord } from '../journal/fold.ts'
import type { Step } from '../model/step.ts'
import type { RunContext } from './run-context.ts'

/** What a plan expects of a step above: that it changes something, or that it may. */
export interface ForeseenChange {
  readonly id: string
  readonly title: string
  readonly certain: boolean
}

/**
 * What has been changed that a step follows from, and for which it has not been performed yet: by this run, by what a plan
 * expects of the steps above it, or by an earlier run that ended before it came to this step. A sentence; undefined where
 * there is nothing.
 */
export const changedBefore = async (
  { id }: Step,
  { state, order, changedSince }: Pick<RunContext, 'state' | 'order' | 'changedSince'>,
  foreseen: readonly ForeseenChange[] = [],
): Promise<string | undefined> => {
  // What is not on the page any more was done before this run was gone on with.
  const counts = (other: string) => other !== id && order?.(other, id) !== false
  const here = [...state.steps.values()].find((record) => counts(record.id) && hasChanged(record))
  if (here) return `"${here.title}" has changed something before it`
  const above = foreseen.filter((one) => counts(one.id))
  const change = above.find(({ certain }) => certain) ?? above[0]
  if (change) return `"${change.title}" ${change.certain ? 'changes' : 'may change'} something before it`
  // Of another page what only follows tells nothing: this step need not follow from it.
  const since = (record: StepRecord) =>
    hasChanged(record) && (order?.(record.id, id) ?? record.sort === 'state')
  return changedSince?.(id, since)
}
