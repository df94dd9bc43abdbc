import { isLeftOut, isOver, type RunState } from '../journal/fold.ts'
import { type Entry, sequence, stepsOf } from '../model/book.ts'
import type { Step } from '../model/step.ts'
import type { Arrangement } from '../plan/plan.ts'

/** What a run has still to do: its arrangement without the steps that it has done. */
export const arrangeResume = (whole: Arrangement, state: RunState): Arrangement => {
  const entries = whole.entries.flatMap((entry) => remaining(entry, state))
  return { ...whole, entries, steps: entries.flatMap(stepsOf) }
}

/** Whether the transcript shows a step as done, or left out. */
export const isBehind = ({ id }: Step, { steps }: RunState): boolean => isOver(steps.get(id)?.state)

const remaining = (entry: Entry, state: RunState): Entry[] => {
  if (entry.kind === 'step') return isBehind(entry, state) ? [] : [entry]
  if (entry.kind === 'either') {
    const [first, second] = entry.entries
    if (!first || !second) return []
    if (stepsOf(first).some((step) => isLeftOut(state, step.id))) return remaining(second, state)
    const rest = remaining(first, state)
    return rest.length ? [{ ...entry, entries: [sequence(rest), second] }] : []
  }
  // The stop and the start around it hold no longer than their run: what a stop of an earlier one has seen says nothing
  // of what runs now, and the start is made from it.
  const open = entry.entries.some((one) => stepsOf(one).some((step) => !isBehind(step, state)))
  const entries = entry.entries.flatMap((one) => {
    if (isEdge(one)) return open ? [one] : []
    return remaining(one, state)
  })
  return entries.length ? [{ ...entry, entries }] : []
}

const isEdge = (entry: Entry): entry is Step =>
  entry.kind === 'step' && (entry.halts === true || entry.regardless === true)
