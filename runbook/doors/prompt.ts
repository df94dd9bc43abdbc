/** A question to the operator. */
export type Question =
  | { kind: 'confirm'; message: string; default: boolean }
  | { kind: 'type'; message: string; expected: string }
  | { kind: 'note'; message: string }
  | { kind: 'choose'; message: string; choices: { name: string; value: string }[] }

export type Asker = (question: Question, signal: AbortSignal) => Promise<string>

/** Whether someone is there to answer. Prompts go to standard error, so that standard output stays clean. */
export const terminalThere = (): boolean => process.stdin.isTTY === true && process.stderr.isTTY === true

/** Asks on the terminal with inquirer. Ctrl-C at a prompt rejects with its ExitPromptError. */
export const askOnTerminal: Asker = async (question, signal) => {
  const context = { output: process.stderr, signal }
  switch (question.kind) {
    case 'confirm': {
      const { confirm } = await import('@inquirer/prompts')
      return (await confirm({ message: question.message, default: question.default }, context)) ? 'yes' : 'no'
    }
    case 'type':
    case 'note': {
      const { input } = await import('@inquirer/prompts')
      return (await input({ message: question.message }, context)).trim()
    }
    case 'choose': {
      const { select } = await import('@inquirer/prompts')
      return select({ message: question.message, choices: question.choices }, context)
    }
  }
}
