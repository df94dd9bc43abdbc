import type { Json } from '../model/json.ts'
import type { Look } from '../model/look.ts'
import type { Known, Step } from '../model/step.ts'
import type { EarlierAttempt } from './earlier-attempt.ts'
import { lookAt } from './look-at.ts'
import type { RunContext } from './run-context.ts'

/** What a step begins with. */
export interface Beginning {
  known: Known<Json>
  /** What was seen, when everything that the step should bring about already holds. */
  seen: string | undefined
}
export interface BeginOptions {
  earlier: EarlierAttempt | undefined
  context: RunContext
  observe(): Promise<Known<Json>>
  /** Anew, because an observation may tell of the revision. */
  look(): Look
}

/**
 * Observes a step, and sees whether it is done. Where an earlier attempt has begun its effects, what that observed is
 * what tells; and for a state it stays so, because the way back was made from it.
 */
export const beginStep = async (
  step: Step,
  { earlier, context, observe, look }: BeginOptions,
): Promise<Beginning> => {
  if (earlier && step.sort !== 'verifies') {
    const known = { observed: earlier.observed, env: context.env, run: context.paths }
    const seen = await seenDone(step, known, look(), context)
    if (seen !== undefined || step.sort === 'state') return { known, seen }
  }
  const known = await observe()
  return { known, seen: leavesTraces(step, known) ? await seenDone(step, known, look(), context) : undefined }
}

/** What has just been stopped does not run: to look would only keep it down for longer. */
const leavesTraces = (step: Step, known: Known<Json>): boolean =>
  (step.sort === 'state' || step.sort === 'follows') &&
  !step.regardless &&
  Object.keys(step.actions(known)).length > 0

const seenDone = async (
  step: Step,
  known: Known<Json>,
  look: Look,
  context: RunContext,
): Promise<string | undefined> => {
  const seen: string[] = []
  for (const check of step.after(known)) {
    const looked = await lookAt(check, { look, context, step: step.id, side: 'already', patient: false })
    if (looked.unmet) return undefined
    seen.push(looked.verdict.seen)
  }
  return seen.join('; ')
}
