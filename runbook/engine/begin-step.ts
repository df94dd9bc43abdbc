import type { Json } from '../model/json.ts'
import type { Look } from '../model/look.ts'
import type { Known, Step } from '../model/step.ts'
import { changedBefore, type ForeseenChange } from './changed-before.ts'
import { type EarlierAttempt, isPerformed } from './earlier-attempt.ts'
import { lookAt } from './look-at.ts'
import type { RunContext } from './run-context.ts'

/** What a step begins with. */
export interface Beginning {
  known: Known<Json>
  /** What was seen, when everything that the step should bring about already holds. */
  seen: string | undefined
  /** That holds, and proves nothing of it: what was seen, and why it is performed all the same. */
  again?: { seen: string; because: string }
}
export interface BeginOptions {
  earlier: EarlierAttempt | undefined
  context: RunContext
  /** In a plan: what the steps above it would change. */
  foreseen?: readonly ForeseenChange[]
  observe(): Promise<Known<Json>>
  /** Anew, because an observation may tell of the revision. */
  look(): Look
}

/**
 * Observes a step, and sees whether it is done. Where an earlier attempt has begun its effects, what that observed is
 * what tells; and for a state it stays so, because the way back was made from it.
 *
 * What holds already proves a step only where nothing that it follows from has changed: after a restart that is still to
 * come the old process answers just as well. Only a step that is `provenByContent` looks at what was changed itself.
 */
export const beginStep = async (
  step: Step,
  { earlier, context, foreseen, observe, look }: BeginOptions,
): Promise<Beginning> => {
  if (earlier && step.sort !== 'verifies') {
    const known: Known<Json> = {
      observed: earlier.observed,
      env: context.env,
      run: context.paths,
      again: true,
    }
    const seen = await seenDone(step, known, look(), context)
    const isProven = step.provenByContent || earlier.unmetBefore || isPerformed(earlier, step.actions(known))
    if (seen !== undefined && isProven) return { known, seen }
    const again =
      seen === undefined ? {} : { again: { seen, because: 'it was begun, and its end is not known' } }
    if (seen !== undefined || step.sort === 'state')
      return { known: step.sort === 'state' ? known : await observe(), seen: undefined, ...again }
  }
  const known = await observe()
  const seen = leavesTraces(step, known) ? await seenDone(step, known, look(), context) : undefined
  if (seen === undefined || step.provenByContent) return { known, seen }
  const because = await changedBefore(step, context, foreseen)
  return because === undefined ? { known, seen } : { known, seen: undefined, again: { seen, because } }
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
