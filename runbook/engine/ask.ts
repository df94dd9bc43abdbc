import { operatorName } from '../doors/process-identity.ts'
import type { Question } from '../doors/prompt.ts'
import type { Answer, Instruction } from '../model/action.ts'
import type { Environment } from '../model/environment.ts'
import { Failed } from '../model/failure.ts'
import { nameDifference } from '../model/name-difference.ts'
import type { RunContext } from './run-context.ts'

/** What a run may have to ask. */
export type Ask =
  | { kind: 'confirm-run'; env: Environment; what: string }
  | { kind: 'instruction'; instruction: Instruction; step: string }
  /** `env`: whose name, given as a flag, stands for this answer too. */
  | { kind: 'go-on'; question: string; env?: Environment }

/**
 * Asks the operator, or takes the answer that a flag gave. Never guesses: whoever starts a run has made sure that
 * there is a terminal or a flag for each question. A no is a failure of the kind `declined`.
 */
export const askFor = (ask: Ask, context: RunContext): Promise<Answer> =>
  context.turns.take(() => askInTurn(ask, context))

/** How often the name of a protected environment may be typed. */
const TRIES = 3

/** A wrong name is said to be wrong, and asked for again: nobody loses a backup and a rehearsal by a slip of a finger. */
const askInTurn = async (ask: Ask, context: RunContext): Promise<Answer> => {
  let wrong: string | undefined
  for (let left = TRIES - 1; ; left -= 1)
    try {
      return await askOnce(ask, context, wrong)
    } catch (error) {
      const { failure } = error as Partial<Failed>
      if (!left || failure?.kind !== 'declined' || !failure.wrongName || !context.answers.canAsk) throw error
      const { typed, name } = failure.wrongName
      const tries = left > 1 ? `${left} tries` : 'one try'
      wrong = `${nameDifference(typed, name)}: it is ${name}. Type that to go on (${tries} left)`
    }
}

const askOnce = async (ask: Ask, context: RunContext, wrong?: string): Promise<Answer> => {
  const { recorder, signal } = context
  signal.throwIfAborted()
  // The terminal is shown no more than the transcript.
  const question = recorder.redacted(wrong ?? questionOf(ask))
  const step = ask.kind === 'instruction' ? { step: ask.step } : {}
  recorder.record({ type: 'asked', ...step, question })
  const flag = answeredByFlag(ask, context)
  if (!flag && context.answers.canAsk === false)
    throw new Failed({ kind: 'answer-needed', question, flag: '--yes' })
  const { confirmed, note, applies = true } = flag ?? (await askOperator(ask, question, context))
  const who = operatorName(context.doors.variables)
  const by = flag ? 'flag' : 'operator'
  const word = confirmed ? (applies ? 'yes' : 'does not apply') : 'no'
  const isInstruction = ask.kind === 'instruction'
  const answer = isInstruction && note ? `${word}: ${note}` : note || word
  recorder.record({ type: 'answered', ...step, question, answer, by, who })
  if (confirmed) return { confirmed, note, applies, by, who }
  const isName = ask.kind === 'confirm-run' && (flag !== undefined || ask.env.protected)
  throw new Failed({
    kind: 'declined',
    question: recorder.redacted(questionOf(ask)),
    ...(isInstruction && note && { note }),
    ...(isName && { wrongName: { typed: note, name: ask.env.name } }),
  })
}

/** `applies`: absent where that was no question. */
type Given = Pick<Answer, 'confirmed' | 'note'> & Partial<Pick<Answer, 'applies'>>

/** One of several answers; `flag`: the answer that a flag gave. */
export const askChoice = (
  message: string,
  choices: readonly { name: string; value: string }[],
  flag: string | undefined,
  context: RunContext,
  /** What whoever is asked should know, a line each. */
  about: readonly string[] = [],
): Promise<string> => askPlainly({ kind: 'choose', message, choices: [...choices] }, flag, context, about)

/** A line of text; `flag`: the text that a flag gave; `more`: what else the transcript says of the answer. */
export const askText = (
  message: string,
  flag: string | undefined,
  context: RunContext,
  more: (answer: string) => { own?: true } = () => ({}),
): Promise<string> => askPlainly({ kind: 'note', message }, flag, context, [], more)

const askPlainly = (
  asked: Question,
  flag: string | undefined,
  context: RunContext,
  about: readonly string[] = [],
  more: (answer: string) => { own?: true } = () => ({}),
): Promise<string> =>
  context.turns.take(async () => {
    const { recorder, doors, signal } = context
    const question = recorder.redacted(asked)
    recorder.record({
      type: 'asked',
      question: question.message,
      ...(about.length && { about: [...about] }),
    })
    const answer = flag ?? (await doors.ask(question, signal))
    const by = flag === undefined ? 'operator' : 'flag'
    const who = operatorName(doors.variables)
    recorder.record({ type: 'answered', question: question.message, answer, by, who, ...more(answer) })
    return answer
  })

const questionOf = (ask: Ask): string => {
  if (ask.kind === 'go-on') return ask.question
  if (ask.kind === 'instruction') {
    const { place, text } = ask.instruction
    return place ? `(${place}) ${text}` : text
  }
  return ask.env.protected ? `${ask.what}? It is protected: type its name to go on` : `${ask.what}?`
}

/** `--yes` answers ordinary questions; a protected environment's name is only ever typed, or given by `--confirm`. */
const answeredByFlag = (ask: Ask, { answers }: RunContext): Given | undefined => {
  if (ask.kind === 'confirm-run') {
    if (answers.confirm !== undefined)
      return { confirmed: answers.confirm === ask.env.name, note: answers.confirm }
    return answers.yes && !ask.env.protected ? { confirmed: true, note: '' } : undefined
  }
  const named = ask.kind === 'go-on' && ask.env && answers.confirm === ask.env.name
  return answers.yes || named ? { confirmed: true, note: '' } : undefined
}

const askOperator = async (ask: Ask, message: string, context: RunContext): Promise<Given> => {
  const put = (question: Question) => context.doors.ask(question, context.signal)
  if (ask.kind === 'confirm-run' && ask.env.protected) {
    const typed = await put({ kind: 'type', message, expected: ask.env.name })
    return { confirmed: typed === ask.env.name, note: typed }
  }
  if (ask.kind === 'instruction') return askWhetherDone(ask.instruction, message, put)
  const confirmed = (await put({ kind: 'confirm', message, default: false })) === 'yes'
  return { confirmed, note: '' }
}

/** Yes, no, or where its author allows that: it does not apply, for which a reason is wanted. */
const askWhetherDone = async (
  { mayNotApply }: Instruction,
  message: string,
  put: (question: Question) => Promise<string>,
): Promise<Given> => {
  const answer = mayNotApply
    ? await put({ kind: 'choose', message, choices: DONE_OR_NOT })
    : await put({ kind: 'confirm', message, default: false })
  if (answer === 'yes') return { confirmed: true, note: await put({ kind: 'note', message: NOTE }) }
  if (answer !== 'not-applicable')
    return { confirmed: false, note: await put({ kind: 'note', message: 'What is wrong? (or Enter)' }) }
  const reason = await put({ kind: 'note', message: 'Why does it not apply?', required: true })
  return { confirmed: reason !== '', note: reason, applies: false }
}
const NOTE = 'A note for the transcript (or Enter):'
const DONE_OR_NOT = [
  { name: 'Yes', value: 'yes' },
  { name: 'No', value: 'no' },
  { name: 'It does not apply here', value: 'not-applicable' },
]
