import { foresee } from '../engine/perform-book.ts'
import type { RunContext } from '../engine/run-context.ts'
import { shortSecrets } from '../engine/short-secrets.ts'
import { expectedDurations } from '../journal/durations.ts'
import type { Arrangement } from '../plan/plan.ts'
import { planText } from '../render/plan-text.ts'
import type { Invocation } from './invocation.ts'
import { lookCommand } from './look-command.ts'
import type { OpenBook } from './open-book.ts'

/** What `deploy` would do, from real observations; changes nothing. */
export const plan = (invocation: Invocation): Promise<number> =>
  lookCommand(invocation, (open, context) => showPlan(open.arrangement, open, context, invocation))

/** The same of any procedure of the book. */
export const showPlan = async (
  arrangement: Arrangement,
  { stateDir }: OpenBook,
  context: RunContext,
  { options, say, paint }: Invocation,
): Promise<void> => {
  const { book, env, procedure } = arrangement
  const { steps, runs } = await expectedDurations(stateDir, env.name, procedure ?? 'deploy')
  const planned = context.recorder.redacted(await foresee(arrangement, context, steps))
  const title = procedure
    ? `Plan: ${procedure} of ${book.name} in ${env.name}`
    : `Plan: ${book.name} to ${env.name}`
  const short = shortSecrets(context)
  if (options.json)
    for (const step of planned.steps) context.recorder.record({ type: 'planned', ...step, step: step.id })
  else say(planText(planned, { title, runs, paint }))
  if (short) say(`\n${paint.yellow('⚠')} ${short}\n`)
}
