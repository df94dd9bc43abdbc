import { isLeftOut, isOver, NOT_KNOWN } from '../journal/fold.ts'
import type { PastRun } from '../journal/past-runs.ts'
import { stampOfRun } from '../journal/run-id.ts'
import { explain } from '../model/explain.ts'
import { Failed, type Failure, failureOf, type Unmet } from '../model/failure.ts'
import type { Json } from '../model/json.ts'
import type { Known, Step } from '../model/step.ts'
import { stepsTaken } from '../model/ways.ts'
import type { Arrangement } from '../plan/plan.ts'
import { isOnlyRemembered, withoutMemory } from './brought-about.ts'
import { lookInto } from './diagnose.ts'
import { lookAt } from './look-at.ts'
import { lookOf, type RunContext } from './run-context.ts'
import { runStep } from './run-step.ts'

/** With what it is compared. */
export interface Compared {
  /** The run that left what stands: a deployment, or the rollback that took it back. */
  last?: PastRun & { whole: boolean }
  /** Where there is none to compare with: why. */
  why: string
  /** What a step should bring about is not to be expected: it was taken back. */
  takenBack?: true
}

/**
 * Looks whether what should hold after a deployment holds: each step's `after`, and the steps that verify. What the
 * last deployment observed is what it is compared with, and never what is said: what only a transcript knows is not
 * known. Nothing stops it; all that does not hold is named.
 */
export const verify = async (
  { entries }: Arrangement,
  context: RunContext,
  compared: Compared,
): Promise<void> => {
  const last = compared.last?.state
  const failures: { step: Step; failure: Failure }[] = []
  // Of two ways the one that was taken; the first where nothing tells.
  const steps = stepsTaken(entries, ({ id }) => !!last && isLeftOut(last, id))
  context.state.revision = last?.revision ?? null
  if (last) context.state.known = [...last.known]
  // What only prepared the deployment is not looked at, but its output may be asked for.
  for (const { id, sort } of steps) {
    const then = last?.steps.get(id)
    if (sort === 'prepares' && then) context.state.steps.set(id, then)
  }
  for (const step of steps.filter(({ sort, lasting }) => sort !== 'prepares' && !lasting)) {
    try {
      await (step.sort === 'verifies' ? runStep(step, context) : verifyStep(step, context, compared))
    } catch (error) {
      context.signal.throwIfAborted()
      const failure = failureOf(error)
      if (failure.kind === 'bug' || failure.kind === 'journal-failed') throw error
      failures.push({ step, failure })
    }
  }
  if (!failures.length) return
  await lookInto(failures, context)
  const tails = failures.flatMap(({ failure }) => ('tail' in failure && failure.tail ? [failure.tail] : []))
  throw new Failed({
    kind: 'after-unmet',
    unmet: failures.flatMap(unmetOf),
    ...(tails.length && { tail: tails.join('\n') }),
  })
}

const unmetOf = ({ step, failure }: { step: Step; failure: Failure }): Unmet[] => {
  if (failure.kind === 'after-unmet' || failure.kind === 'before-unmet') return failure.unmet
  const { sentence, remedy } = explain(failure)
  return [{ fact: `"${step.title}" can be done`, seen: sentence, remedy }]
}

const verifyStep = async (step: Step, context: RunContext, compared: Compared): Promise<void> => {
  const { recorder, doors } = context
  const { last, why, takenBack } = compared
  const began = doors.clock.monotonic()
  const took = () => Math.round(doors.clock.monotonic() - began)
  recorder.record({ type: 'step-started', step: step.id, title: step.title, sort: step.sort })
  const notKnown = (seen: string) =>
    recorder.record({ type: 'step-skipped', step: step.id, why: NOT_KNOWN, seen, output: null, ms: took() })
  try {
    const then = last?.state.steps.get(step.id)
    const observed = then?.observed ?? ((await step.observe(lookOf(context, step))) as Json)
    // What a step has left may bear the time of its run.
    const run = last && then ? { ...context.paths, stamp: stampOfRun(last.id) } : context.paths
    const known: Known<Json> = { observed, env: context.env, run }
    const isEvent =
      step.sort === 'follows' && !step.provenByContent && Object.keys(step.actions(known)).length > 0
    const { failure, remembered } = await lookNow(step, known, context, !!then)
    if (failure && then) throw new Failed(failure)
    // An observation of now says what a deployment would do: of an event nothing, of a state that it is not there.
    if (failure && (takenBack || (isEvent && last))) {
      notKnown(
        isEvent
          ? `${why}, and nothing shows now whether it was done`
          : `${why}: ${explain(failure).sentence}`,
      )
      return forget(step, context)
    }
    if (failure) throw new Failed({ ...failure, unmet: failure.unmet.map((one) => heldAgainstNow(one, why)) })
    if (remembered.length) {
      const performed = last && then ? `${last.id} performed it` : why
      return notKnown(`${performed}, and nothing shows now whether it is so: ${remembered.join('; ')}`)
    }
    const was = then?.state
    const output =
      isOver(was) && last?.whole
        ? was.output
        : ((await step.output({ ...lookOf(context, step), observed })) as Json)
    recorder.record({ type: 'step-done', step: step.id, output, summary: '', ms: took() })
    // What an event hands on, such as where a log began, is not known without that event.
    if (!then && isEvent) forget(step, context)
  } catch (error) {
    recorder.record({ type: 'step-failed', step: step.id, failure: failureOf(error), ms: took() })
    throw error
  }
}

/** Every fact that a step should have brought about, as it is now; and those of which only a transcript could tell. */
const lookNow = async (
  step: Step,
  known: Known<Json>,
  context: RunContext,
  /** What a deployment has brought about may take a while to show; what none has is not waited for. */
  isExpected: boolean,
): Promise<{ failure?: Extract<Failure, { unmet: Unmet[] }>; remembered: string[] }> => {
  const look = withoutMemory(lookOf(context, step))
  const unmet: Unmet[] = []
  const remembered: string[] = []
  let tail: string | undefined
  for (const check of step.after(known))
    try {
      // After the first that fails there is nothing left to wait for.
      const patient = isExpected && unmet.length === 0
      const looked = await lookAt(check, { look, context, step: step.id, side: 'after', patient })
      if (looked.unmet) unmet.push(looked.unmet)
      if (looked.unmet) tail ??= looked.verdict.tail
    } catch (error) {
      if (!isOnlyRemembered(error)) throw error
      remembered.push(check.fact)
    }
  const failure = { kind: 'after-unmet' as const, unmet, ...(tail && { tail }) }
  return { remembered, ...(unmet.length && { failure }) }
}

const heldAgainstNow = (unmet: Unmet, why: string): Unmet => ({
  ...unmet,
  seen: `${unmet.seen} (${why}: it is held against what a deployment would do now)`,
})

/** Who asks for what it hands on is told that it was not done. */
const forget = ({ id }: Step, { state }: RunContext): void => {
  const record = state.steps.get(id)
  if (record) record.state = { is: 'pending' }
}
