import type { RunState } from '../journal/fold.ts'
import { Failed, failureOf, type Unmet } from '../model/failure.ts'
import type { Json } from '../model/json.ts'
import type { Step } from '../model/step.ts'
import type { Arrangement } from '../plan/plan.ts'
import { demand } from './look-at.ts'
import { lookOf, type RunContext } from './run-context.ts'
import { runStep } from './run-step.ts'

/**
 * Looks whether what should hold after a deployment holds: each step's `after`, and the steps that verify. What the
 * last deployment observed is what it is compared with. Nothing stops it; all that does not hold is named.
 */
export const verify = async (
  { steps }: Arrangement,
  context: RunContext,
  lastDeployment: RunState | undefined,
): Promise<void> => {
  const unmet: Unmet[] = []
  if (lastDeployment?.revision) context.state.revision = lastDeployment.revision
  for (const step of steps.filter(({ sort }) => sort !== 'prepares')) {
    try {
      await (step.sort === 'verifies' ? runStep(step, context) : verifyStep(step, context, lastDeployment))
    } catch (error) {
      context.signal.throwIfAborted()
      const failure = failureOf(error)
      if (failure.kind !== 'after-unmet' && failure.kind !== 'before-unmet') throw error
      unmet.push(...failure.unmet)
    }
  }
  if (unmet.length) throw new Failed({ kind: 'after-unmet', unmet })
}

const verifyStep = async (step: Step, context: RunContext, last: RunState | undefined): Promise<void> => {
  const { recorder, doors } = context
  const began = doors.clock.monotonic()
  const took = () => Math.round(doors.clock.monotonic() - began)
  recorder.record({ type: 'step-started', step: step.id, title: step.title, sort: step.sort })
  try {
    const then = last?.steps.get(step.id)
    // What the deployment performed is evidence still, such as an exit status that nothing else shows.
    if (then) context.state.steps.get(step.id)!.actions = then.actions
    const output =
      then && (then.state.is === 'done' || then.state.is === 'skipped') ? then.state.output : null
    const observed = then?.observed ?? ((await step.observe(lookOf(context, step))) as Json)
    const known = { observed, env: context.env, run: context.paths }
    const look = lookOf(context, step)
    await demand('after-unmet', step.after(known), { look, context, step: step.id, side: 'after' })
    recorder.record({ type: 'step-done', step: step.id, output, summary: '', ms: took() })
  } catch (error) {
    recorder.record({ type: 'step-failed', step: step.id, failure: failureOf(error), ms: took() })
    throw error
  }
}
