import { isDeepStrictEqual } from 'node:util'
import type { Actions } from '../model/action.ts'
import { explain } from '../model/explain.ts'
import { Failed, failureOf, unmet } from '../model/failure.ts'
import type { Json } from '../model/json.ts'
import type { Act, Look } from '../model/look.ts'
import type { Known, Step } from '../model/step.ts'
import { type FrozenUndo, freeze } from '../model/undo.ts'
import { demand, lookAt } from './look-at.ts'
import { Moment } from './moment.ts'
import { perform } from './perform.ts'
import { lookOf, type RunContext } from './run-context.ts'

/**
 * The life of a step: observe, already done?, before, freeze the way back, perform, after. Every part is recorded
 * before the next begins.
 */
export const runStep = async (step: Step, context: RunContext, expected?: Expected): Promise<void> => {
  const { recorder, doors } = context
  const began = doors.clock.monotonic()
  const took = () => Math.round(doors.clock.monotonic() - began)
  recorder.record({ type: 'step-started', step: step.id, title: step.title, sort: step.sort })
  try {
    const begin = new Moment()
    const known = await observe(step, begin, context, expected)
    const look = begin.of(lookOf(context, step))
    const seen = await alreadyDone(step, known, look, context)
    if (seen !== undefined) {
      const output = (await step.output({ ...look, observed: known.observed })) as Json
      recorder.record({ type: 'step-skipped', step: step.id, why: 'already done', seen, output, ms: took() })
      return
    }
    await demand('before-unmet', step.before(known), { look, context, step: step.id, side: 'before' })
    const actions = step.actions(known) as Actions
    recorder.record({
      type: 'undo-frozen',
      step: step.id,
      undo: freezable(freeze(step.undo(known)), recorder),
    })
    await step.run(actOf(step, known, actions, context))
    const done = new Moment().of(lookOf(context, step))
    await demand('after-unmet', step.after(known), { look: done, context, step: step.id, side: 'after' })
    const output = (await step.output({ ...done, observed: known.observed })) as Json
    const summary = step.summary?.({ observed: known.observed, output }) ?? ''
    recorder.record({ type: 'step-done', step: step.id, output, summary, ms: took() })
  } catch (error) {
    const failure = failureOf(context.signal.aborted ? context.signal.reason : error)
    if (step.advisory && failure.kind === 'after-unmet') {
      const { sentence } = explain(failure)
      recorder.record({
        type: 'step-skipped',
        step: step.id,
        why: step.advisory,
        seen: sentence,
        output: null,
        ms: took(),
      })
      return
    }
    recorder.record({ type: 'step-failed', step: step.id, failure, ms: took() })
    throw new Failed(failure)
  }
}

/** A secret inside a way back would come out of the transcript as something else, and be written so. */
const freezable = (undo: FrozenUndo, recorder: RunContext['recorder']): FrozenUndo => {
  if (isDeepStrictEqual(recorder.redacted(undo), undo)) return undo
  throw unmet(
    'its way back can be kept',
    'it contains the value of a secret',
    'take the secret out of the file that it changes',
  )
}

/** How long a clean-up may take, which an interrupt does not stop. Milliseconds. */
const CLEAN_UP = 10_000

/** What the plan rests on: the revision that the operator confirmed. */
export interface Expected {
  to: string
}

const observe = async (
  step: Step,
  moment: Moment,
  context: RunContext,
  expected?: Expected,
): Promise<Known<Json>> => {
  const observed = (await step.observe(moment.of(lookOf(context, step)))) as Json
  const known = { observed, env: context.env, run: context.paths }
  const revision = step.revision?.(known)
  if (revision && expected && expected.to !== revision.to)
    throw new Failed({ kind: 'moved', what: 'the revision to deploy', was: expected.to, is: revision.to })
  context.recorder.record({ type: 'observed', step: step.id, observed, ...(revision && { revision }) })
  return known
}

/** What was seen, when everything that the step should bring about already holds. */
export const alreadyDone = async (
  step: Step,
  known: Known<Json>,
  look: Look,
  context: RunContext,
): Promise<string | undefined> => {
  const hasEffects =
    (step.sort === 'state' || step.sort === 'follows') && Object.keys(step.actions(known)).length > 0
  // What has just been stopped does not run: to look would only keep it down for longer.
  if (!hasEffects || step.regardless) return undefined
  const seen: string[] = []
  for (const check of step.after(known)) {
    const looked = await lookAt(check, { look, context, step: step.id, side: 'already', patient: false })
    if (looked.unmet) return undefined
    seen.push(looked.verdict.seen)
  }
  return seen.join('; ')
}

const actOf = (step: Step, known: Known<Json>, actions: Actions, context: RunContext): Act<any, any> => ({
  ...lookOf(context, step),
  observed: known.observed,
  perform: (name: string, values?: Record<string, string>) =>
    perform(step, name, actions[name], values, context) as Promise<any>,
  cleanUp: (name: string, values?: Record<string, string>) =>
    perform(step, name, actions[name], values, {
      ...context,
      signal: AbortSignal.timeout(CLEAN_UP),
    }) as Promise<any>,
  prove: (fact, { holds, seen, tail }, remedy) => {
    context.recorder.record({
      type: 'looked',
      step: step.id,
      side: 'after',
      fact,
      holds,
      seen,
      ms: 0,
      ...(!holds && { remedy }),
      ...(tail && { tail }),
    })
    if (!holds)
      throw new Failed({ kind: 'after-unmet', unmet: [{ fact, seen, remedy }], ...(tail && { tail }) })
  },
})
