import { type Command, forEachChild, parse, type SyntaxNode } from 'unbash'

/** One program with its arguments. */
export interface SimpleCommand {
  readonly words: readonly string[]
  /** `DATABASE_URL=… NODE_ENV=…`, before the program, behind `export`, or alone. */
  readonly variables: readonly { readonly name: string; readonly value: string }[]
  readonly redirects: readonly { readonly operator: string; readonly target: string }[]
  /** Its value is more than text: `$(…)`, `$HOME`. */
  readonly isComputed: boolean
  /** What it reads from: a file, a text of its own, the command before it in a pipe; empty where nothing is given to it. */
  readonly fed: string
}

/** Every command inside of a statement, also in pipes, loops, substitutions, and in the text that a shell is given by `-c`. */
export const commandsIn = (node: SyntaxNode): SimpleCommand[] => {
  const found: SimpleCommand[] = []
  const walk = (inner: SyntaxNode, piped: string) => {
    if (inner.type === 'Command') {
      const command = simple(inner, piped)
      found.push(command, ...commandsInText(textForShell(command.words)))
    }
    let before = ''
    forEachChild(inner, (child) => {
      walk(child, before)
      if (inner.type === 'Pipeline') before = `${before} | ${commandsIn(child)[0]?.words.join(' ') ?? ''}`
    })
  }
  walk(node, '')
  return found
}

/** Every command of a text of shell. */
const commandsInText = (text: string | undefined): SimpleCommand[] =>
  text === undefined ? [] : parse(text).commands.flatMap(commandsIn)

/** `sh -c '…'`, at the end of whatever brings the shell about. */
const textForShell = (words: readonly string[]): string | undefined => {
  const at = words.findIndex((word, i) => /^-\w*c$/.test(word) && SHELLS.test(words[i - 1] ?? ''))
  return at > 0 ? words[at + 1] : undefined
}
const SHELLS = /(^|\/)(ba|z|da|k|a)?sh$/

export const simple = ({ name, prefix, args, redirects }: Command, piped = ''): SimpleCommand => {
  const assigned = [...prefix, ...args].flatMap((part) => (part.type === 'Assignment' ? [part] : []))
  return {
    words: [
      ...(name ? [name.value] : []),
      ...args.flatMap((word) => (word.type === 'Assignment' ? [] : [word.value])),
    ],
    variables: assigned.map((part) => ({
      name: part.name ?? '',
      value: part.value && 'value' in part.value ? String(part.value.value) : '',
    })),
    redirects: redirects.map(({ operator, ...rest }) => ({
      operator,
      target: 'target' in rest && rest.target ? rest.target.value : '',
    })),
    isComputed: assigned.some((part) => /[$`]/.test(part.text)),
    fed: [
      piped,
      ...redirects.map((one) =>
        one.operator.startsWith('<') ? `${one.operator} ${('target' in one && one.target?.value) || ''}` : '',
      ),
    ]
      .filter(Boolean)
      .join(' '),
  }
}
