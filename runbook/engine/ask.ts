import type { Question } from '../doors/prompt.ts'
import type { Answer } from '../model/action.ts'
import type { Environment } from '../model/environment.ts'
import { Failed } from '../model/failure.ts'
import type { RunContext } from './run-context.ts'

/** What a run may have to ask. */
export type Ask =
  | { kind: 'confirm-run'; env: Environment; what: string }
  | { kind: 'instruction'; text: string; step: string }

/**
 * Asks the operator, or takes the answer that a flag gave. Never guesses: whoever starts a run has made sure that
 * there is a terminal or a flag for each question. A no is a failure of the kind `declined`.
 */
export const askFor = (ask: Ask, context: RunContext): Promise<Answer> =>
  context.turns.take(() => askInTurn(ask, context))

const askInTurn = async (ask: Ask, context: RunContext): Promise<Answer> => {
  const { recorder, signal } = context
  signal.throwIfAborted()
  const question = ask.kind === 'confirm-run' ? confirmation(ask) : ask.text
  const step = ask.kind === 'instruction' ? { step: ask.step } : {}
  recorder.record({ type: 'asked', ...step, question })
  const flag = answeredByFlag(ask, context)
  const answer = flag ?? (await askOperator(ask, question, context))
  recorder.record({
    type: 'answered',
    ...step,
    question,
    answer: answer.confirmed ? answer.note || 'yes' : answer.note || 'no',
    by: flag ? 'flag' : 'operator',
  })
  if (!answer.confirmed) throw new Failed({ kind: 'declined', question })
  return answer
}

const confirmation = ({ env, what }: Extract<Ask, { kind: 'confirm-run' }>): string =>
  env.protected ? `${what}? It is protected: type its name to go on` : `${what}?`

/** `--yes` answers ordinary questions; a protected environment's name is only ever typed, or given by `--confirm`. */
const answeredByFlag = (ask: Ask, { answers }: RunContext): Answer | undefined => {
  if (ask.kind === 'confirm-run') {
    if (answers.confirm !== undefined)
      return { confirmed: answers.confirm === ask.env.name, note: answers.confirm }
    return answers.yes && !ask.env.protected ? { confirmed: true, note: '' } : undefined
  }
  return answers.yes ? { confirmed: true, note: '' } : undefined
}

const askOperator = async (ask: Ask, message: string, context: RunContext): Promise<Answer> => {
  const put = (question: Question) => context.doors.ask(question, context.signal)
  if (ask.kind === 'confirm-run' && ask.env.protected) {
    const typed = await put({ kind: 'type', message, expected: ask.env.name })
    return { confirmed: typed === ask.env.name, note: typed }
  }
  if ((await put({ kind: 'confirm', message, default: false })) !== 'yes')
    return { confirmed: false, note: '' }
  if (ask.kind === 'confirm-run') return { confirmed: true, note: '' }
  return {
    confirmed: true,
    note: await put({ kind: 'note', message: 'A note for the transcript (or Enter):' }),
  }
}
