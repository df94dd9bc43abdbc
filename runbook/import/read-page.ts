import { lexer, type Token, type Tokens } from 'marked'

/** A piece of a page, and the line it begins on, counted from 1. */
export type Block = { readonly line: number } & (
  | { readonly kind: 'heading'; readonly depth: number; readonly title: string }
  | { readonly kind: 'checklist'; readonly items: readonly string[] }
  | { readonly kind: 'code'; readonly language: string; readonly code: string }
  /** What only tells: a paragraph, a list, a table, a rule. */
  | { readonly kind: 'prose'; readonly what: string; readonly text: string }
)

/** The blocks of a markdown page, in its order. Nothing but empty lines is left out. */
export const readPage = (page: string): Block[] => {
  const text = page.replace(/^\uFEFF/, '').replace(/\r\n?/g, '\n')
  // Front matter is no markdown: its second rule would make a heading of it.
  const [front = ''] = /^---\n(?:.*\n)*?---(?:\n|$)/.exec(text) ?? []
  return [
    ...(front ? [{ line: 1, kind: 'prose' as const, what: 'front matter', text: front.trim() }] : []),
    ...blocksOf(lexer(text.slice(front.length)), 1 + linesIn(front)),
  ]
}

const linesIn = (raw: string): number => raw.split('\n').length - 1

const blocksOf = (tokens: readonly Token[], first: number): Block[] => {
  let line = first
  return tokens.flatMap((token) => {
    const begins = line + (/^\n*/.exec(token.raw)?.[0].length ?? 0)
    line += linesIn(token.raw)
    return blocksIn(token, begins)
  })
}

const blocksIn = (token: Token, line: number): Block[] => {
  switch (token.type) {
    case 'space':
    case 'checkbox':
      return []
    case 'heading':
      return [{ line, kind: 'heading', depth: token.depth, title: bare(token.text) }]
    case 'code': {
      const [language = ''] = (token.lang ?? '')
        .trim()
        .toLowerCase()
        .split(/[\s{:,]/)
      return [{ line, kind: 'code', language, code: token.text }]
    }
    case 'list':
      return blocksOfList(token as Tokens.List, line)
    case 'blockquote':
      return holdsCode(token.tokens ?? []) || holdsTasks(token.tokens ?? [])
        ? blocksOf(token.tokens ?? [], line)
        : [prose(token, line)]
    default:
      return [prose(token, line)]
  }
}

const prose = ({ type, raw }: Token, line: number): Block => ({
  line,
  kind: 'prose',
  what: names[type] ?? type,
  text: raw.trim(),
})
const names: Record<string, string> = {
  hr: 'rule',
  text: 'paragraph',
  html: 'HTML',
  def: 'link',
  blockquote: 'quote',
}

/** A list with code in it is taken apart; what of it is ticked off stays a checklist. */
const blocksOfList = (list: Tokens.List, first: number): Block[] => {
  const { items } = list
  if (!holdsCode(items))
    return holdsTasks([list]) ? blocksOfTasks(entriesOf(list, first)) : [prose(list, first)]
  let line = first
  return items.flatMap((item) => {
    const begins = line
    line += linesIn(item.raw)
    const [own, ...rest] = item.tokens.filter(({ type }) => type !== 'checkbox' && type !== 'space')
    const isText = own?.type === 'text' || own?.type === 'paragraph'
    if (!own || !isText) return blocksOf(item.tokens, begins)
    const title = bare(String(own.text))
    const head: Block = item.task
      ? { line: begins, kind: 'checklist', items: [title] }
      : { line: begins, kind: 'prose', what: 'item', text: title }
    return [head, ...blocksOf(rest, begins + linesIn(own.raw.trimEnd()) + 1)]
  })
}

interface ListEntry {
  readonly line: number
  readonly isTask: boolean
  readonly text: string
}

/** The items of a list, and of the lists in it; what is no task under a task belongs to that. */
const entriesOf = ({ items }: Tokens.List, first: number): ListEntry[] => {
  let line = first
  return items.flatMap((item) => {
    const begins = line
    line += linesIn(item.raw)
    const lists = item.tokens.filter((token) => token.type === 'list' && holdsTasks([token]))
    const own = item.tokens.filter((token) => !lists.includes(token) && token.type !== 'checkbox')
    const raw = own.map((token) => token.raw).join('')
    return [
      { line: begins, isTask: item.task, text: bare(raw.trim()) },
      ...lists.flatMap((inner) => entriesOf(inner as Tokens.List, begins + linesIn(raw) + 1)),
    ]
  })
}

/** Tasks beside each other are one checklist. */
const blocksOfTasks = (entries: readonly ListEntry[]): Block[] => {
  const blocks: Block[] = []
  let tasks: string[] = []
  for (const [i, { line, isTask, text }] of entries.entries())
    if (!isTask) blocks.push({ line, kind: 'prose', what: 'item', text })
    else {
      if (!entries[i - 1]?.isTask) {
        tasks = []
        blocks.push({ line, kind: 'checklist', items: tasks })
      }
      tasks.push(text)
    }
  return blocks
}

const holdsTasks = (tokens: readonly Token[]): boolean =>
  tokens.some(
    (token) =>
      (token.type === 'list' && (token as Tokens.List).items.some(({ task }) => task)) ||
      ('items' in token && holdsTasks(token.items as Token[])) ||
      ('tokens' in token && holdsTasks(token.tokens ?? [])),
  )

const holdsCode = (tokens: readonly Token[]): boolean =>
  tokens.some(
    (token) =>
      token.type === 'code' ||
      ('items' in token && holdsCode(token.items as Token[])) ||
      ('tokens' in token && holdsCode(token.tokens ?? [])),
  )

/** Without the marks of emphasis and of code. */
const bare = (text: string): string =>
  text
    .replace(/^\[[ xX]\]\s+/, '')
    .replace(/\*\*(.+?)\*\*/g, '$1')
    .replace(/\s*\n\s*/g, ' ')
    .trim()
