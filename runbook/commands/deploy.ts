import { performBook } from '../engine/perform-book.ts'
import { planSummary, planText } from '../render/plan-text.ts'
import { mayBeApproved } from './approve.ts'
import { askAgainAfterRollback } from './ask-again-after-rollback.ts'
import type { Invocation } from './invocation.ts'
import { mayStart } from './may-start.ts'
import { openBook } from './open-book.ts'
import { runReading, type Work } from './run-reading.ts'
import { orTakeBack } from './take-back.ts'

/** Performs the book. When a step fails, what was changed may be taken back before the run ends. */
export const deploy = async (invocation: Invocation): Promise<number> => {
  const { options, paint, say, canAsk } = invocation
  const open = await openBook(invocation)
  const { book, env } = open.arrangement
  const title = `Deploy ${book.name} to ${env.name}`
  mayStart(env, invocation, `${title}?`)
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
        beforehand: (plan) => askAgainAfterRollback(plan, open.stateDir, context),
      }),
    )
  }
  return (
    await runReading('deploy', invocation, open, { arrangement: open.arrangement }, { locks: true, work })
  ).exit
}
