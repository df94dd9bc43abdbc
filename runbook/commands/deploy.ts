import { performBook } from '../engine/perform-book.ts'
import { planSummary, planText } from '../render/plan-text.ts'
import type { Invocation } from './invocation.ts'
import { mayStart } from './may-start.ts'
import { runCommand } from './run-command.ts'

/** Performs the book. */
export const deploy = (invocation: Invocation): Promise<number> =>
  runCommand('deploy', invocation, {
    locks: true,
    mayStart: ({ book, env }) => mayStart(env, invocation, `Deploy ${book.name} to ${env.name}?`),
    work: async ({ arrangement, context, usually, runs }) => {
      const { book, env } = arrangement
      const { options, paint, say, canAsk } = invocation
      const text = options.verbose ? planText : planSummary
      await performBook(arrangement, context, {
        what: `Deploy ${book.name} to ${env.name}`,
        usually,
        canAsk,
        present: (plan) => say(text(plan, { title: `Deploy ${book.name} to ${env.name}`, runs, paint })),
      })
    },
  })
