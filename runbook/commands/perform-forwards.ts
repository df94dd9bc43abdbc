import { performBook } from '../engine/perform-book.ts'
import type { Arrangement } from '../plan/plan.ts'
import { planSummary, planText } from '../render/plan-text.ts'
import { demandApprover, mayBeApproved } from './approve.ts'
import { askAgainAfterRollback } from './ask-again-after-rollback.ts'
import type { Invocation } from './invocation.ts'
import { mayStart } from './may-start.ts'
import type { OpenBook } from './open-book.ts'
import { runReading, type Work } from './run-reading.ts'
import { orTakeBack } from './take-back.ts'

/** Performs `deploy`, or another procedure of the book. When a step fails, what was changed may be taken back. */
export const performForwards = async (
  arrangement: Arrangement,
  title: string,
  open: OpenBook,
  invocation: Invocation,
): Promise<number> => {
  const { options, paint, say, canAsk } = invocation
  const { book, env, procedure } = arrangement
  mayStart(env, invocation, `${title}?`)
  demandApprover(invocation)
  if (options.onFailure === 'rollback') mayBeApproved(book, invocation)

  const work = (given: Work): Promise<void> => {
    const { arrangement, context, usually, runs } = given
    const text = options.verbose ? planText : planSummary
    return orTakeBack(given, invocation, () =>
      performBook(arrangement, context, {
        what: title,
        usually,
        canAsk,
        present: (plan) => say(text(plan, { title, runs, paint })),
        beforehand: (plan) => askAgainAfterRollback(plan, context),
      }),
    )
  }
  const reading = { arrangement, ...(procedure && { told: { procedure } }) }
  const command = procedure ? 'run' : 'deploy'
  return (await runReading(command, invocation, open, reading, { locks: true, work })).exit
}
