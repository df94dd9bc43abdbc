import { type Command, forEachChild, parse, type Statement, type SyntaxNode } from 'unbash'
import { commandsIn, type SimpleCommand, simple } from './commands-in.ts'

/** A statement of a shell block. */
export interface Line {
  readonly text: string
  /** What stands between it and the one before on the same line: ` && `, `; `; empty where it has a line of its own. */
  readonly joint: string
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
  /** Every command in it, however deep. */
  readonly commands: readonly SimpleCommand[]
}

/** The statements of a shell block; undefined where it is not shell, such as SQL typed into psql. */
export const shellLines = (block: string): Line[] | undefined => {
  const source = withoutAnswers(withoutPrompts(block))
  const { commands, errors } = parse(withHolesAsWords(source))
  if (errors?.length) return undefined
  const statements = apart(commands.flatMap(chained))
  return statements.map(({ nodes, pos, end }, i) => {
    const before = statements[i - 1]
    const gap = source.slice(before?.end ?? 0, pos)
    const above = before ? gap.slice(gap.indexOf('\n') + 1 || gap.length) : gap
    const answer = source.slice(end, statements[i + 1]?.pos ?? source.length)
    const [behind = '', ...below] = answer.split('\n')
    const [node] = nodes
    return {
      text: source.slice(pos, end),
      joint: before && !gap.includes('\n') ? gap : '',
      above: comments(above),
      behind: comments(behind.replace(/^[\s;&]*/, '')),
      below: i === statements.length - 1 ? comments(below.join('\n')) : '',
      about: firstComment(lastParagraph(above)),
      answer,
      ...(nodes.length === 1 && node?.type === 'Command' && { command: simple(node as Command) }),
      commands: nodes.flatMap(commandsIn),
    }
  })
}

/** `<server-ip>` is a place to fill in, and neither reads a file nor writes one. Nothing moves. */
const withHolesAsWords = (source: string): string =>
  source.replace(/<([a-z][\w .:/|-]*)>(?!>)/gi, (_, name: string) => `{${name.replace(/[^\w.-]/g, '_')}}`)

const comments = (text: string): string =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line.startsWith('#'))
    .join('\n')

type Node = Statement | Statement['command']
type Part = { nodes: Node[]; pos: number; end: number }

/**
 * `a && b` is two lines of a guide. What is negated, in the background, has a text of its own (`<<EOF`), is a question
 * (`test -f a && …`) or otherwise chained is for the shell.
 */
const chained = (statement: Statement): Part[] => {
  const { command, pos } = statement
  const inBackground = 'background' in statement && statement.background
  const end = endOf(statement)
  const isPlain = end === statement.end && !inBackground
  if (command.type === 'AndOr' && isPlain && command.operators.every((operator) => operator === '&&')) {
    const asks = commandsIn(command.commands[0]!).some(({ words }) => QUESTIONS.test(words.join(' ')))
    if (!asks && command.commands[0]!.type === 'Command')
      return command.commands.map((node) => ({ nodes: [node], pos: node.pos, end: node.end }))
  }
  return [{ nodes: [inBackground ? statement : command], pos, end }]
}
const QUESTIONS = /^(test|\[|\[\[|grep -\w*q|command -v|which|type|id)\b|^\[/

/** Behind the text that a `<<EOF` in it reads. */
const endOf = (node: SyntaxNode): number => {
  let end = node.end
  const walk = (inner: SyntaxNode) => {
    if (inner.type === 'HereDoc') end = Math.max(end, inner.closing?.end ?? inner.body.end)
    forEachChild(inner, walk)
  }
  walk(node)
  return end
}

/** Statements on one line, whose texts follow below it, cannot be told apart. */
const apart = (parts: readonly Part[]): Part[] => {
  const whole: Part[] = []
  for (const part of parts) {
    const last = whole.at(-1)
    if (!last || part.pos >= last.end) whole.push({ ...part })
    else whole[whole.length - 1] = joined(last, part)
  }
  return whole
}
const joined = (last: Part, next: Part): Part => ({
  nodes: [...last.nodes, ...next.nodes],
  pos: last.pos,
  end: Math.max(last.end, next.end),
})

/** `$ npm ci`, as in a terminal: what has no prompt there is an answer, and is no command. */
const withoutPrompts = (block: string): string => {
  const prompt = /^\s*(?:[\w.-]+@[\w.-]+[^\n$#]*)?\$ /
  const lines = block.split('\n')
  if (!lines.some((line) => prompt.test(line))) return block
  let goesOn = false
  let ends: string | undefined
  return lines
    .map((line) => {
      const bare = line.replace(prompt, '')
      const isCommand = goesOn || ends !== undefined || bare !== line || /^\s*(#|$)/.test(line)
      if (ends !== undefined) {
        if (line.trim() === ends) ends = undefined
        return line
      }
      const typed = goesOn ? bare.replace(/^> /, '') : bare
      goesOn = isCommand && /\\$/.test(line)
      if (isCommand) ends = /<<-?\s*(["']?)(\w+)\1/.exec(bare)?.[2]
      return isCommand ? typed : `# ${line}`
    })
    .join('\n')
}

/** An object of JSON is what the page expects, and nothing that is typed. */
const withoutAnswers = (block: string): string =>
  block.replace(/^[{[][ \t]*(?:\n(?![}\]]).*)*\n[}\]][ \t]*$|^\{[ \t]*".*\}[ \t]*$/gm, (answer) =>
    /"[^"]*"\s*:|^\[\s*[{"\d]/.test(answer) ? answer.replace(/^/gm, '# ') : answer,
  )

const lastParagraph = (text: string): string =>
  text.split(/\n\s*\n/).findLast((part) => part.includes('#')) ?? ''
const firstComment = (text: string): string =>
  /^\s*#+!?\s*(?:\d+[.)]\s*)?(.*)$/m.exec(text)?.[1]?.trim() ?? ''
