import { Failed } from '../model/failure.ts'

/** A question to the operator. */
export type Question =
  | { kind: 'confirm'; message: string; default: boolean }
  | { kind: 'type'; message: string; expected: string }
  | { kind: 'note'; message: string }
  | { kind: 'choose'; message: string; choices: { name: string; value: string }[] }

export type Asker = (question: Question, signal: AbortSignal) => Promise<string>

/** Whether someone is there to answer. Prompts go to standard error, so that standard output stays clean. */
export const terminalThere = (): boolean => process.stdin.isTTY === true && process.stderr.isTTY === true

/** Asks on the terminal with inquirer. Ctrl-C at a prompt is an interrupt like any other. */
export const askOnTerminal: Asker = async (question, signal) => {
  const { confirm, input, select } = await import('@inquirer/prompts')
  const { message } = question
  const context = { output: process.stderr, signal }
  try {
    if (question.kind === 'confirm')
      return (await confirm({ message, default: question.default }, context)) ? 'yes' : 'no'
    if (question.kind === 'choose') return await select({ message, choices: question.choices }, context)
    return (await input({ message }, context)).trim()
  } catch (error) {
    signal.throwIfAborted()
    if ((error as Error).name === 'ExitPromptError')
      throw new Failed({ kind: 'interrupted', signal: 'SIGINT' })
    throw error
  }
}
