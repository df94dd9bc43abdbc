import { performBook } from '../engine/perform-book.ts'
import { TakenBack } from '../engine/with-run.ts'
import type { PastRun } from '../journal/past-runs.ts'
import { explain } from '../model/explain.ts'
import { failureOf } from '../model/failure.ts'
import { planSummary, planText } from '../render/plan-text.ts'
import { mayBeApproved } from './approve.ts'
import { askAgainAfterRollback } from './ask-again-after-rollback.ts'
import type { Invocation } from './invocation.ts'
import { mayStart } from './may-start.ts'
import { openBook } from './open-book.ts'
import { runReading, type Work } from './run-reading.ts'
import { takeBack } from './take-back.ts'

/** Performs the book. When a step fails, what was changed may be taken back before the run ends. */
export const deploy = async (invocation: Invocation): Promise<number> => {
  const { options, paint, say, canAsk } = invocation
  const open = await openBook(invocation)
  const { book, env } = open.arrangement
  const title = `Deploy ${book.name} to ${env.name}`
  mayStart(env, invocation, `${title}?`)
  if (options.onFailure === 'rollback') mayBeApproved(book, invocation)

  const work = async ({ run, arrangement, context, usually, runs }: Work): Promise<void> => {
    const text = options.verbose ? planText : planSummary
    try {
      await performBook(arrangement, context, {
        what: title,
        usually,
        canAsk,
        present: (plan) => say(text(plan, { title, runs, paint })),
        beforehand: (plan) => askAgainAfterRollback(plan, open.stateDir, context),
      })
    } catch (error) {
      if (!context.takeBack) throw error
      const target: PastRun = { id: run, state: context.state }
      const ended = await takeBack(
        target,
        `its deployment failed: ${explain(failureOf(error)).sentence.split('\n', 1)[0]}`,
        open,
        invocation,
      )
      throw new TakenBack(failureOf(error), ended)
    }
  }
  return (
    await runReading('deploy', invocation, open, { arrangement: open.arrangement }, { locks: true, work })
  ).exit
}
