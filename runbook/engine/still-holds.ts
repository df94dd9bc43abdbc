import { Failed, type Unmet } from '../model/failure.ts'
import { typed } from '../model/shell-word.ts'
import type { Step } from '../model/step.ts'
import { isBehind } from './arrange-resume.ts'
import { lookAt } from './look-at.ts'
import { lookOf, type RunContext } from './run-context.ts'

/**
 * A run that goes on builds on what it has done: where somebody has changed that meanwhile, it stops before it
 * changes anything, and says what is no longer so.
 */
export const demandStillHolds = async (steps: readonly Step[], context: RunContext): Promise<void> => {
  const unmet: Unmet[] = []
  for (const step of steps.filter((one) => one.sort === 'state' && isBehind(one, context.state))) {
    const observed = context.state.steps.get(step.id)?.observed
    if (observed === undefined) continue
    const look = lookOf(context, step)
    for (const check of step.after({ observed, env: context.env, run: context.paths })) {
      const looked = await lookAt(check, { look, context, side: 'needs', patient: false })
      if (looked.unmet)
        unmet.push({
          ...looked.unmet,
          fact: `what “${step.title}” did still stands: ${looked.unmet.fact}`,
          remedy: typed`find out who changed it; start again with what is there: runbook deploy ${context.env.name}`,
        })
    }
  }
  if (unmet.length) throw new Failed({ kind: 'before-unmet', unmet })
}
