import { deploy as deployBook } from '../engine/deploy.ts'
import type { Environment } from '../model/environment.ts'
import { Failed } from '../model/failure.ts'
import { planSummary, planText } from '../render/plan-text.ts'
import type { Invocation } from './invocation.ts'
import { runCommand } from './run-command.ts'

/** Performs the book. */
export const deploy = (invocation: Invocation): Promise<number> =>
  runCommand('deploy', invocation, {
    locks: true,
    mayStart: ({ env }) => mayStart(env, invocation),
    work: async ({ open, context, usually, runs }) => {
      const { options, paint, say, canAsk } = invocation
      await deployBook(open.arrangement, context, {
        usually,
        canAsk,
        present: (plan) => {
          const text = options.verbose ? planText : planSummary
          say(text(plan, { book: open.arrangement.book.name, runs, paint }))
        },
      })
    },
  })

/** Fails closed, before anything is begun: a question that nobody can answer, or that a flag answers with no. */
const mayStart = (env: Environment, { options, canAsk }: Invocation): void => {
  const question = `Deploy to ${env.name}?`
  if (options.confirm !== undefined && options.confirm !== env.name)
    throw new Failed({ kind: 'declined', question })
  const answered = options.confirm === env.name || (options.yes && !env.protected)
  if (answered || canAsk) return
  throw new Failed({
    kind: 'answer-needed',
    question,
    flag: env.protected ? `--confirm ${env.name}` : '--yes',
  })
}
