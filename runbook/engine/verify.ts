import { isLeftOut, isOver } from '../journal/fold.ts'
import type { PastRun } from '../journal/past-runs.ts'
import { stampOfRun } from '../journal/run-id.ts'
import { explain } from '../model/explain.ts'
import { Failed, type Failure, failureOf, type Unmet } from '../model/failure.ts'
import type { Json } from '../model/json.ts'
import type { Step } from '../model/step.ts'
import { stepsTaken } from '../model/ways.ts'
import type { Arrangement } from '../plan/plan.ts'
import { lookInto } from './diagnose.ts'
import { demand } from './look-at.ts'
import { lookOf, type RunContext } from './run-context.ts'
import { runStep } from './run-step.ts'

/**
 * Looks whether what should hold after a deployment holds: each step's `after`, and the steps that verify. What the
 * last deployment observed is what it is compared with. Nothing stops it; all that does not hold is named.
 */
export const verify = async (
  { entries }: Arrangement,
  context: RunContext,
  last: PastRun | undefined,
): Promise<void> => {
  const lastDeployment = last?.state
  const failures: { step: Step; failure: Failure }[] = []
  // Of two ways the one that was taken; the first where nothing tells.
  const steps = stepsTaken(entries, ({ id }) => !!lastDeployment && isLeftOut(lastDeployment, id))
  if (lastDeployment?.revision) context.state.revision = lastDeployment.revision
  if (lastDeployment) context.state.known = [...lastDeployment.known]
  // What only prepared the deployment is not looked at, but its output may be asked for.
  for (const { id, sort } of steps) {
    const then = lastDeployment?.steps.get(id)
    if (sort === 'prepares' && then) context.state.steps.set(id, then)
  }
  for (const step of steps.filter(({ sort, lasting }) => sort !== 'prepares' && !lasting)) {
    try {
      await (step.sort === 'verifies' ? runStep(step, context) : verifyStep(step, context, last))
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

const verifyStep = async (step: Step, context: RunContext, last: PastRun | undefined): Promise<void> => {
  const { recorder, doors } = context
  const began = doors.clock.monotonic()
  const took = () => Math.round(doors.clock.monotonic() - began)
  recorder.record({ type: 'step-started', step: step.id, title: step.title, sort: step.sort })
  try {
    const then = last?.state.steps.get(step.id)
    // What the deployment performed is evidence still, such as an exit status that nothing else shows.
    if (then) context.state.steps.get(step.id)!.actions = then.actions
    const observed = then?.observed ?? ((await step.observe(lookOf(context, step))) as Json)
    // What a step has left may bear the time of its run.
    const run = last && then ? { ...context.paths, stamp: stampOfRun(last.id) } : context.paths
    const known = { observed, env: context.env, run }
    const look = lookOf(context, step)
    await demand('after-unmet', step.after(known), { look, context, step: step.id, side: 'after' })
    const was = then?.state
    const output = isOver(was) ? was.output : ((await step.output({ ...look, observed })) as Json)
    recorder.record({ type: 'step-done', step: step.id, output, summary: '', ms: took() })
  } catch (error) {
    recorder.record({ type: 'step-failed', step: step.id, failure: failureOf(error), ms: took() })
    throw error
  }
}
