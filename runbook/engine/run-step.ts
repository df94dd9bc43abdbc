import { isDeepStrictEqual } from 'node:util'
import type { Actions } from '../model/action.ts'
import { Failed, type Failure, failureOf, unmet } from '../model/failure.ts'
import type { Json } from '../model/json.ts'
import type { Act, Look } from '../model/look.ts'
import type { Facts, Known, Step } from '../model/step.ts'
import { type FrozenUndo, freeze, type Undo } from '../model/undo.ts'
import { asRehearsed } from './as-rehearsed.ts'
import { beginStep } from './begin-step.ts'
import { capturedBefore, type EarlierAttempt, earlierAttempt } from './earlier-attempt.ts'
import { isDoneByWord } from './is-done-by-word.ts'
import { demand } from './look-at.ts'
import { appliedMigrations } from './migration-ledgers.ts'
import { undoOf } from './migrations-of.ts'
import { Moment } from './moment.ts'
import { onCopy } from './on-copy.ts'
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
  const earlier = earlierAttempt(step, context)
  recorder.record({ type: 'step-started', step: step.id, title: step.title, sort: step.sort })
  try {
    const beginning = new Moment()
    const look = () => beginning.of(lookOf(context, step))
    const skip = async (why: string, seen: string) => {
      const output = (await step.output({ ...look(), observed: known.observed })) as Json
      recorder.record({ type: 'step-skipped', step: step.id, why, seen, output, ms: took() })
    }
    const { known, seen, again } = await beginStep(step, {
      ...{ earlier, context, look },
      observe: () => observe(step, look(), context, expected),
    })
    if (seen !== undefined) return await skip('already done', seen)
    if (earlier && (await isDoneByWord(step, earlier, context, again?.seen)))
      return await skip('done', 'the operator has seen it')
    if (again)
      recorder.record({
        ...{ type: 'looked', step: step.id, side: 'before', holds: true, ms: 0 },
        ...{
          fact: 'it is performed, although what it should bring about holds already',
          seen: again.because,
        },
      })
    await demand('before-unmet', step.before(known), { look: look(), context, step: step.id, side: 'before' })
    const actions = step.actions(known) as Actions
    if (!isWayBackKept(step, earlier))
      recorder.record({
        type: 'undo-frozen',
        step: step.id,
        undo: freezable(await frozen(await undoOf(step, known, look()), look()), recorder),
      })
    await step.run(actOf(step, known, actions, context, capturedBefore(earlier)))
    // Its own code need not hear of an interrupt.
    context.signal.throwIfAborted()
    const done = new Moment().of(lookOf(context, step))
    await demand('after-unmet', step.after(known), { look: done, context, step: step.id, side: 'after' })
    const output = (await step.output({ ...done, observed: known.observed })) as Json
    const compared = asRehearsed(step, context)
    if (compared) recordComparison(step, compared, context)
    const summary = [step.summary?.({ observed: known.observed, output }), compared?.summary]
      .filter(Boolean)
      .join('; ')
    const applied = await appliedBy(step, context)
    recorder.record({
      ...{ type: 'step-done', step: step.id, output, summary, ms: took() },
      ...(applied !== undefined && { applied }),
    })
  } catch (error) {
    const failure = failureOf(context.signal.aborted ? context.signal.reason : error)
    recorder.record({ type: 'step-failed', step: step.id, failure, ms: took() })
    if (!step.advisory || !isFinding(failure)) throw new Failed(failure)
  }
}

/** What was found of the application, and not what ends a run or is wrong with the tool. */
const isFinding = ({ kind }: Failure): boolean =>
  kind !== 'interrupted' &&
  kind !== 'journal-failed' &&
  kind !== 'book-broke' &&
  kind !== 'lock-lost' &&
  kind !== 'bug'

/** A mark on the page, and no failure: it is done. */
const recordComparison = (
  step: Step,
  { holds, seen }: { holds: boolean; seen: string },
  { recorder }: RunContext,
): void =>
  recorder.record({
    type: 'looked',
    step: step.id,
    side: 'after',
    fact: 'it went as rehearsed',
    holds,
    seen,
    ...(!holds && { remedy: 'compare: runbook show --verbose' }),
    ms: 0,
  })

/** The first way back is the one: after the first effect there is nothing left to make it from. */
const isWayBackKept = ({ sort }: Step, earlier: EarlierAttempt | undefined): boolean =>
  sort === 'state' && earlier?.undo !== undefined

/** What a program takes back is known to that program only: with it stands what was recorded as applied before. */
const frozen = async (undo: Undo, look: Look): Promise<FrozenUndo> => {
  const data = freeze(undo)
  if (data.kind !== 'reverse' || data.of !== 'schema') return data
  if (!Object.values(data.actions).some(({ kind }) => kind === 'command')) return data
  const applied = await appliedMigrations(look)
  return applied ? { ...data, applied: applied.text } : data
}

/** What is recorded as applied now that a step is done whose way back is a program's: that of nobody else is taken back. */
const appliedBy = async (step: Step, context: RunContext): Promise<string | undefined> => {
  const undo = context.state.steps.get(step.id)?.undo
  if (undo?.kind !== 'reverse' || undo.applied === undefined) return undefined
  return (await appliedMigrations(lookOf(context, step)))?.text
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
/** The whole catalogue of 2,000 tables is read in 4 s. Milliseconds. */
const LOOK_AT_END = 60_000

/** What the plan rests on that the operator confirmed, by step. */
export type Expected = ReadonlyMap<string, Facts>

/** What a plan rests on: what the step says, and the revision that it deploys. */
export const restsOn = (step: Step, known: Known<Json>): Facts => {
  const to = step.revision?.(known)?.to
  return { ...(to && { 'the revision to deploy': to }), ...step.restsOn?.(known) }
}

const observe = async (
  step: Step,
  look: Look,
  context: RunContext,
  expected?: Expected,
): Promise<Known<Json>> => {
  const observed = (await step.observe(look)) as Json
  const known = { observed, env: context.env, run: context.paths }
  const revision = step.revision?.(known)
  const confirmed = expected?.get(step.id) ?? {}
  for (const [what, is] of Object.entries(restsOn(step, known))) {
    const was = confirmed[what]
    if (was !== undefined && was !== is) throw new Failed({ kind: 'moved', what, was, is })
  }
  context.recorder.record({ type: 'observed', step: step.id, observed, ...(revision && { revision }) })
  return known
}

/** What a run has made for itself alone it takes away, whoever has the lock by then. */
const withoutLock = ({ lock, ...others }: RunContext): RunContext => others

const actOf = (
  step: Step,
  known: Known<Json>,
  actions: Actions,
  context: RunContext,
  capturedBefore: Readonly<Record<string, Json>>,
): Act<any, any> => ({
  ...lookOf(context, step),
  observed: known.observed,
  ...(known.again && { again: known.again }),
  capturedBefore,
  perform: (name: string, values?: Record<string, string>) =>
    perform(step, name, actions[name], values, context) as Promise<any>,
  cleanUp: (name: string, values?: Record<string, string>) =>
    perform(step, name, actions[name], values, {
      ...withoutLock(context),
      signal: AbortSignal.timeout(CLEAN_UP),
    }) as Promise<any>,
  seeAtEnd: (action) =>
    lookOf({ ...context, signal: AbortSignal.timeout(LOOK_AT_END) }, step).see(action) as Promise<any>,
  onCopy: (place, work) => onCopy(context, place, work),
  relay: (action, text, stream = 'out') => {
    const output = context.recorder.output(step.id, action)
    output.write(stream, Buffer.from(text))
    output.end()
  },
  sample: ({ seen, figures: sample }, holds) =>
    context.recorder.record({
      type: 'looked',
      ...{ step: step.id, side: 'before', fact: 'nothing is amiss', holds, seen, ms: 0, sample },
    }),
  otherRun: async () => context.otherRun?.(),
  prove: (fact, { holds, seen, tail, compared }, remedy) => {
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
      ...(compared && { compared }),
    })
    if (!holds)
      throw new Failed({ kind: 'after-unmet', unmet: [{ fact, seen, remedy }], ...(tail && { tail }) })
  },
})
