import { type Command, parse, type Statement } from 'unbash'

/** A statement of a shell block. */
export interface Line {
  readonly text: string
  /** The comments above it, and the one behind it. */
  readonly above: string
  readonly behind: string
  /** Of the last one: the comments below it. */
  readonly below: string
  /** The first of the comments right above it. */
  readonly about: string
  /** Everything up to the next statement: what the page expects of it. */
  readonly answer: string
  /** Where it is one program with its arguments; otherwise only a shell knows what it does. */
  readonly command?: SimpleCommand
}
export interface SimpleCommand {
  readonly words: readonly string[]
  /** `DATABASE_URL=… NODE_ENV=…`, before the program or alone. */
  readonly variables: readonly { readonly name: string; readonly value: string }[]
  readonly redirects: readonly { readonly operator: string; readonly target: string }[]
}

/** The statements of a shell block; undefined where it is not shell, such as SQL typed into psql. */
export const shellLines = (block: string): Line[] | undefined => {
  const source = withoutPrompts(block)
  const { commands, errors } = parse(source)
  if (errors?.length) return undefined
  const statements = commands.flatMap(chained)
  return statements.map(({ node, pos, end }, i) => {
    const before = statements[i - 1]
    const gap = source.slice(before?.end ?? 0, pos)
    const above = before ? gap.slice(gap.indexOf('\n') + 1 || gap.length) : gap
    const answer = source.slice(end, statements[i + 1]?.pos ?? source.length)
    const [behind = '', ...below] = answer.split('\n')
    return {
      text: source.slice(pos, end),
      above: comments(above),
      behind: comments(behind.replace(/^[\s;&]*/, '')),
      below: i === statements.length - 1 ? comments(below.join('\n')) : '',
      about: firstComment(lastParagraph(above)),
      answer,
      ...(node.type === 'Command' && { command: simple(node as Command) }),
    }
  })
}

const comments = (text: string): string =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line.startsWith('#'))
    .join('\n')

type Node = Statement | Statement['command']
type Part = { node: Node; pos: number; end: number }

/** `a && b` is two lines of a guide. What is negated, in the background or otherwise chained is for the shell. */
const chained = (statement: Statement): Part[] => {
  const { command, pos, end } = statement
  const inBackground = 'background' in statement && statement.background
  if (command.type === 'AndOr' && command.operators.every((operator) => operator === '&&') && !inBackground)
    return command.commands.map((node) => ({ node, pos: node.pos, end: node.end }))
  return [{ node: inBackground ? statement : command, pos, end }]
}

const simple = ({ name, prefix, args, redirects }: Command): SimpleCommand => ({
  words: [
    ...(name ? [name.value] : []),
    ...args.map((word) => ('value' in word ? String((word as { value: unknown }).value) : '')),
  ],
  variables: prefix.flatMap((part) =>
    part.type === 'Assignment'
      ? [{ name: part.name, value: part.value && 'value' in part.value ? String(part.value.value) : '' }]
      : [],
  ),
  redirects: redirects.map(({ operator, ...rest }) => ({
    operator,
    target: 'target' in rest && rest.target ? rest.target.value : '',
  })),
})

/** `$ npm ci`, as in a terminal. */
const withoutPrompts = (block: string): string =>
  /^\s*\$ /m.test(block) ? block.replace(/^(\s*)\$ /gm, '$1') : block

const lastParagraph = (text: string): string =>
  text.split(/\n\s*\n/).findLast((part) => part.includes('#')) ?? ''
const firstComment = (text: string): string =>
  /^\s*#+!?\s*(?:\d+[.)]\s*)?(.*)$/m.exec(text)?.[1]?.trim() ?? ''
