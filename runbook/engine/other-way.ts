import type { Entry, Group } from '../model/book.ts'
import type { Failure } from '../model/failure.ts'
import type { Json } from '../model/json.ts'
import type { Known, Step } from '../model/step.ts'
import { OTHER_WAY, titleOf } from '../model/ways.ts'
import { lookAt } from './look-at.ts'
import { lookOf, type RunContext } from './run-context.ts'

/** Thrown out of the first way of an `either`, when it was decided to take the second. */
export class GoesOtherWay extends Error {}

/**
 * Whether the second way may be gone at all: by a flag, or by somebody who can be asked. A plan that is only looked at
 * shows it in any case.
 */
export const isThinkable = ({ answers }: RunContext): boolean => answers.otherWay || answers.canAsk !== false

/** What closes the first way, with the flag that lets the second be gone. */
export const hinted = (failure: Failure, { entries: [, second] }: Group): Failure => {
  if (failure.kind !== 'before-unmet' || !second) return failure
  const flag = `or give --other-way: ${titleOf(second)}`
  return { ...failure, unmet: failure.unmet.map((one) => ({ ...one, remedy: `${one.remedy}; ${flag}` })) }
}

/** The second way, for a step of the first that has failed. */
export interface OtherWay {
  title: string
  /** Whether it may be taken after this failure. */
  isOpen(failure: Failure): Promise<boolean>
}

export const otherWay = (second: Entry, steps: readonly Step[], context: RunContext): OtherWay => ({
  title: titleOf(second),
  isOpen: async ({ kind }) =>
    kind !== 'interrupted' &&
    kind !== 'journal-failed' &&
    kind !== 'bug' &&
    (await leftNothing(steps, context)),
})

/**
 * Whether what the steps have begun is seen to have changed nothing, or to have been taken back: what must hold after
 * their ways back holds already. What nobody can see is taken for a change.
 */
const leftNothing = async (steps: readonly Step[], context: RunContext): Promise<boolean> => {
  for (const step of steps) {
    const record = context.state.steps.get(step.id)
    if (!record?.actions.size) continue
    // It may go on where it is not seen.
    if ([...record.actions.values()].some(({ ended }) => !ended)) return false
    const known: Known<Json> = { observed: record.observed ?? null, env: context.env, run: context.paths }
    const undo = step.undo(known)
    if (undo.kind === 'nothing') continue
    if (undo.kind === 'forward-only' || undo.after.length === 0) return false
    for (const check of undo.after) {
      const look = lookOf(context, step)
      const { unmet } = await lookAt(check, { look, context, step: step.id, side: 'already', patient: false })
      if (unmet) return false
    }
  }
  return true
}

/** Writes down that a way is not taken, so that nobody comes back to it: resume, verify, rollback. */
export const leaveOut = (steps: readonly Step[], instead: Entry, { recorder, state }: RunContext): void => {
  for (const { id, title, sort } of steps) {
    if (!state.steps.has(id)) recorder.record({ type: 'step-started', step: id, title, sort })
    recorder.record({
      type: 'step-skipped',
      step: id,
      why: OTHER_WAY,
      seen: titleOf(instead),
      output: null,
      ms: 0,
    })
  }
}
