import type { Question } from '../doors/prompt.ts'
import type { Answer } from '../model/action.ts'
import type { Environment } from '../model/environment.ts'
import { Failed } from '../model/failure.ts'
import type { RunContext } from './run-context.ts'

/** What a run may have to ask. */
export type Ask =
  | { kind: 'confirm-run'; env: Environment; what: string }
  | { kind: 'instruction'; text: string; step: string }
  /** `env`: whose name, given as a flag, stands for this answer too. */
  | { kind: 'go-on'; question: string; env?: Environment }

/**
 * Asks the operator, or takes the answer that a flag gave. Never guesses: whoever starts a run has made sure that
 * there is a terminal or a flag for each question. A no is a failure of the kind `declined`.
 */
export const askFor = (ask: Ask, context: RunContext): Promise<Answer> =>
  context.turns.take(() => askInTurn(ask, context))

const askInTurn = async (ask: Ask, context: RunContext): Promise<Answer> => {
  const { recorder, signal } = context
  signal.throwIfAborted()
  // The terminal is shown no more than the transcript.
  const question = recorder.redacted(questionOf(ask))
  const step = ask.kind === 'instruction' ? { step: ask.step } : {}
  recorder.record({ type: 'asked', ...step, question })
  const flag = answeredByFlag(ask, context)
  if (!flag && context.answers.canAsk === false)
    throw new Failed({ kind: 'answer-needed', question, flag: '--yes' })
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

/** One of several answers; `flag`: the answer that a flag gave. */
export const askChoice = (
  message: string,
  choices: readonly { name: string; value: string }[],
  flag: string | undefined,
  context: RunContext,
): Promise<string> => askPlainly({ kind: 'choose', message, choices: [...choices] }, flag, context)

/** A line of text; `flag`: the text that a flag gave. */
export const askText = (message: string, flag: string | undefined, context: RunContext): Promise<string> =>
  askPlainly({ kind: 'note', message }, flag, context)

const askPlainly = (asked: Question, flag: string | undefined, context: RunContext): Promise<string> =>
  context.turns.take(async () => {
    const { recorder, doors, signal } = context
    const question = recorder.redacted(asked)
    recorder.record({ type: 'asked', question: question.message })
    const answer = flag ?? (await doors.ask(question, signal))
    const by = flag === undefined ? 'operator' : 'flag'
    recorder.record({ type: 'answered', question: question.message, answer, by })
    return answer
  })

const questionOf = (ask: Ask): string => {
  if (ask.kind === 'go-on') return ask.question
  if (ask.kind === 'instruction') return ask.text
  return ask.env.protected ? `${ask.what}? It is protected: type its name to go on` : `${ask.what}?`
}

/** `--yes` answers ordinary questions; a protected environment's name is only ever typed, or given by `--confirm`. */
const answeredByFlag = (ask: Ask, { answers }: RunContext): Answer | undefined => {
  if (ask.kind === 'confirm-run') {
    if (answers.confirm !== undefined)
      return { confirmed: answers.confirm === ask.env.name, note: answers.confirm }
    return answers.yes && !ask.env.protected ? { confirmed: true, note: '' } : undefined
  }
  const named = ask.kind === 'go-on' && ask.env && answers.confirm === ask.env.name
  return answers.yes || named ? { confirmed: true, note: '' } : undefined
}

const askOperator = async (ask: Ask, message: string, context: RunContext): Promise<Answer> => {
  const put = (question: Question) => context.doors.ask(question, context.signal)
  if (ask.kind === 'confirm-run' && ask.env.protected) {
    const typed = await put({ kind: 'type', message, expected: ask.env.name })
    return { confirmed: typed === ask.env.name, note: typed }
  }
  if ((await put({ kind: 'confirm', message, default: false })) !== 'yes')
    return { confirmed: false, note: '' }
  if (ask.kind !== 'instruction') return { confirmed: true, note: '' }
  return {
    confirmed: true,
    note: await put({ kind: 'note', message: 'A note for the transcript (or Enter):' }),
  }
}
