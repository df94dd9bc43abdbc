import type { Environment } from '../model/environment.ts'
import { Failed } from '../model/failure.ts'
import type { Invocation } from './invocation.ts'

/** Fails closed, before anything is begun: on a question that nobody can answer, or that a flag answers with no. */
export const mayStart = (env: Environment, { options, canAsk }: Invocation, question: string): void => {
  if (options.confirm !== undefined && options.confirm !== env.name)
    throw new Failed({
      kind: 'declined',
      question,
      wrongName: { typed: options.confirm, name: env.name },
    })
  const answered = options.confirm === env.name || (options.yes && !env.protected)
  if (answered || canAsk) return
  const flag = env.protected ? `--confirm ${env.name}` : '--yes'
  throw new Failed({ kind: 'answer-needed', question, flag })
}
