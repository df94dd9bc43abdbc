import type { Check } from '../model/check.ts'
import { explain } from '../model/explain.ts'
import type { Failure, Unmet } from '../model/failure.ts'
import type { Arrangement } from '../plan/plan.ts'
import { lookAt } from './look-at.ts'
import { lookOf, type RunContext } from './run-context.ts'

/** How many facts are looked at at once. */
const AT_ONCE = 6

/** The pre-deployment checklist: what every step needs before the run may begin, each fact once. */
export const needsOf = ({ steps, env }: Arrangement): Check[] => {
  const facts = new Map<string, Check>()
  for (const step of steps)
    for (const check of step.needs({ env })) if (!facts.has(check.fact)) facts.set(check.fact, check)
  return [...facts.values()]
}

/** Looks at the whole checklist, and names everything on it that does not hold, in the checklist's order. */
export const preflight = async (arrangement: Arrangement, context: RunContext): Promise<Failure[]> => {
  const look = lookOf(context, undefined)
  const checks = needsOf(arrangement)
  const unmet: (Unmet | undefined)[] = checks.map(() => undefined)
  // One iterator for all of them: each worker takes the next check.
  const waiting = checks.entries()
  const worker = async () => {
    for (const [i, check] of waiting) unmet[i] = (await lookAt(check, { look, context, side: 'needs' })).unmet
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  return unmet.flatMap((one) => (one ? [{ kind: 'before-unmet' as const, unmet: [one] }] : []))
}

/** Several failures as one, so that an operator mends them in one go. */
export const together = (failures: readonly Failure[]): Failure => {
  if (failures.length === 1) return failures[0]!
  const tails = failures.flatMap((failure) => ('tail' in failure && failure.tail ? [failure.tail] : []))
  return {
    kind: 'before-unmet',
    unmet: failures.flatMap(unmetOf),
    ...(tails.length && { tail: tails.join('\n') }),
  }
}

const unmetOf = (failure: Failure): Unmet[] => {
  if (failure.kind === 'before-unmet') return failure.unmet
  const { sentence, remedy } = explain(failure)
  return [{ fact: 'the plan can be made', seen: sentence, remedy }]
}
