import { Failed } from '../model/failure.ts'
import { hidden } from '../model/hidden.ts'
import { seen } from '../model/unseen.ts'

/** A question to the operator. */
export type Question =
  | { kind: 'confirm'; message: string; default: boolean }
  | { kind: 'type'; message: string; expected: string }
  /** `wrong`: what is the matter with an answer; it is asked again then. */
  | { kind: 'note'; message: string; required?: boolean; default?: string; wrong?: Wrong }
  | { kind: 'choose'; message: string; choices: { name: string; value: string }[] }

type Wrong = (answer: string) => string | undefined

export type Asker = (question: Question, signal: AbortSignal) => Promise<string>

/** Whether someone is there to answer. Prompts go to standard error, so that standard output stays clean. */
export const terminalThere = (): boolean => process.stdin.isTTY === true && process.stderr.isTTY === true

/** Asks on the terminal with inquirer. Ctrl-C at a prompt is an interrupt like any other. */
export const askOnTerminal: Asker = async (question, signal) => {
  const { confirm, input, select } = await import('@inquirer/prompts')
  const message = shown(question.message)
  outliveTheTerminal(process.stdin)
  const context = { output: process.stderr, signal }
  // Of a terminal that vanished inquirer need not tell, and nothing else would be left to wait for.
  const vanished = () => void process.emit('SIGHUP', 'SIGHUP')
  process.stdin.once('end', vanished)
  try {
    if (question.kind === 'confirm')
      return (await confirm({ message, default: question.default }, context)) ? 'yes' : 'no'
    if (question.kind === 'choose')
      return await select({ message, choices: question.choices.map(choiceOf) }, context)
    const more = question.kind === 'note' ? noteOf(question) : TYPED
    // What is typed stays on the screen.
    return (await input({ message, ...more, transformer: shown }, context)).trim()
  } catch (error) {
    signal.throwIfAborted()
    if ((error as Error).name !== 'ExitPromptError') throw error
    // A terminal that vanished has ended before its signal arrives.
    const name = process.stdin.readableEnded ? 'SIGHUP' : 'SIGINT'
    // A question takes Ctrl-C as a key, and no signal comes; what runs beside it is to end too.
    process.emit(name, name)
    signal.throwIfAborted()
    throw new Failed({ kind: 'interrupted', signal: name })
  } finally {
    process.stdin.off('end', vanished)
  }
}

/** A question is often about something from outside, such as a title, or a name in a file. */
const shown = (text: string): string => seen(hidden(text))
const shownOf = (text: string | undefined) => text && shown(text)
const choiceOf = ({ name, value }: { name: string; value: string }) => ({ name: shown(name), value })

/** Whether a name was the right one is not known yet: no green tick stands before it. */
const TYPED = { theme: { prefix: { idle: '?', done: '·' } } }

/** How inquirer is told of it. */
const noteOf = ({ required = false, default: usual, wrong }: Extract<Question, { kind: 'note' }>) => ({
  required,
  ...(usual && { default: seen(usual) }),
  ...(wrong && { validate: (answer: string) => shownOf(wrong(answer.trim())) ?? true }),
})

const outlived = new WeakSet<object>()

/** Of a terminal that vanished nothing can be set any more, and readline, which tries, would end the process. */
const outliveTheTerminal = (stdin: typeof process.stdin): void => {
  if (outlived.has(stdin) || !stdin.setRawMode) return
  outlived.add(stdin)
  const setRawMode = stdin.setRawMode.bind(stdin)
  stdin.setRawMode = (raw) => {
    try {
      return setRawMode(raw)
    } catch {
      return stdin
    }
  }
}
