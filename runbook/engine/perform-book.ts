import { Failed } from '../model/failure.ts'
import { lossesText } from '../model/undo.ts'
import type { Arrangement, Plan } from '../plan/plan.ts'
import { askFor } from './ask.ts'
import { askAllowedBaseline, askBaseline, judging } from './judge-verifications.ts'
import { lastRunLines } from './last-run.ts'
import { makePlan } from './make-plan.ts'
import { migrationsOf, performAhead } from './perform-ahead.ts'
import { preflight, together } from './preflight.ts'
import { whileProbing } from './probe.ts'
import { runBook } from './run-book.ts'
import type { RunContext } from './run-context.ts'
import type { Expected } from './run-step.ts'
import { ofShellText } from './secrets-of-shell.ts'

export interface PerformOptions {
  /** What the operator confirms: 'Deploy shop to production'. */
  what: string
  /** Median durations from earlier runs; milliseconds. */
  usually: Map<string, number>
  /** Whether somebody is there to answer. */
  canAsk: boolean
  /** Shows the plan, before the question. */
  present(plan: Plan): void
  /** Of a run that goes on: all of what it was to do, of which all that verifies is judged. */
  whole?: Arrangement
  /** What else is asked before the question, once the plan has been seen. */
  beforehand?(plan: Plan): Promise<void>
}

/** Performs a book, read forwards or backwards: checklist, plan, rehearsal, confirmation, steps. */
export const performBook = async (
  arrangement: Arrangement,
  context: RunContext,
  options: PerformOptions,
): Promise<void> => {
  const plan = await foresee(arrangement, context, options.usually)
  options.present(context.recorder.redacted(plan))
  for (const { id, loses } of plan.steps)
    if (loses.length)
      context.recorder.record({
        type: 'looked',
        step: id,
        side: 'needs',
        fact: 'what it takes away was counted',
        holds: true,
        seen: lossesText(loses),
        ...(loses.some(({ unknown }) => unknown) && { untold: true as const }),
        ms: 0,
      })
  const byHand = plan.steps.find(({ actions }) => actions.some((action) => action.byHand))
  if (byHand && !options.canAsk && !context.answers.yes)
    throw new Failed({ kind: 'answer-needed', question: byHand.title, flag: '--yes' })
  const whole = options.whole ?? arrangement
  await askBaseline(whole, context)
  await options.beforehand?.(plan)
  const expected = confirmedIn(plan)
  const entries = await performAhead(arrangement, plan, expected, context)
  await askFor({ kind: 'confirm-run', env: context.env, what: options.what }, context)
  if (context.keeper) context.keeper.revision = plan.revision
  context.begins?.(plan.revision)
  await askAllowedBaseline(whole, context)
  await judging(whole, context, () => whileProbing(context, () => runBook(entries, context, expected)))
}

/** What was so of the world when the operator said yes. */
const confirmedIn = ({ steps }: Plan): Expected =>
  new Map(steps.flatMap(({ id, restsOn }) => (restsOn ? [[id, restsOn]] : [])))

/** The checklist and the plan; throws one failure that names everything which does not hold. */
export const foresee = async (
  arrangement: Arrangement,
  context: RunContext,
  usually: Map<string, number>,
): Promise<Plan> => {
  context.migrations = migrationsOf(arrangement)
  const missing = await preflight(arrangement, context)
  // Without its tools a plan would only repeat what is missing.
  if (missing.length) throw new Failed(together(missing))
  const { plan, failures } = await makePlan(arrangement, context, usually)
  if (failures.length) throw new Failed(together(failures))
  const ofShell = ofShellText(context)
  if (ofShell)
    context.recorder.record({
      ...{ type: 'looked', side: 'needs', holds: true, ms: 0 },
      ...{ fact: `whose the secrets of ${context.env.name} are was looked at`, seen: ofShell },
    })
  return { ...plan, last: await lastRunLines(context), ...(ofShell && { ofShell }) }
}
