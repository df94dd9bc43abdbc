/**
 * An SQL text without the comments before its first word and behind its last; `skipped` is what stood before. The
 * parser tells where statements end, but counts the comments around them as theirs.
 */
export const bare = (sql: string): { text: string; skipped: string } => {
  const begin = gapEnd(sql, 0)
  let end = begin
  for (let at = begin; at < sql.length; at = gapEnd(sql, end)) end = wordEnd(sql, at)
  return { text: sql.slice(begin, end), skipped: sql.slice(0, begin) }
}

/** Where white space and comments end. */
const gapEnd = (sql: string, from: number): number => {
  let at = from
  for (;;) {
    const start = at
    while (at < sql.length && /\s/.test(sql[at]!)) at++
    if (sql.startsWith('--', at)) at = behind(sql, '\n', at)
    else if (sql.startsWith('/*', at)) at = commentEnd(sql, at)
    if (at === start) return at
  }
}

/** Block comments nest, unlike those of C. */
const commentEnd = (sql: string, from: number): number => {
  const marks = /\/\*|\*\//g
  marks.lastIndex = from
  let depth = 0
  for (let mark = marks.exec(sql); mark; mark = marks.exec(sql)) {
    depth += mark[0] === '/*' ? 1 : -1
    if (depth === 0) return marks.lastIndex
  }
  return sql.length
}

/** A quoted string, name or body is one word; anything else one character. A doubled quote makes two of one. */
const wordEnd = (sql: string, at: number): number => {
  if (sql[at] === '"') return behind(sql, '"', at + 1)
  if (sql[at] === "'") return hasEscapes(sql, at) ? escapedEnd(sql, at + 1) : behind(sql, "'", at + 1)
  if (sql[at] !== '$' || /[\w$]/.test(sql[at - 1] ?? '')) return at + 1
  const [tag] = /^\$([^\s$'"\d][^\s$'"]*)?\$/.exec(sql.slice(at, at + 80)) ?? []
  return tag ? behind(sql, tag, at + tag.length) : at + 1
}

/** `E'…'`, where a backslash takes a quote along. */
const hasEscapes = (sql: string, quote: number): boolean =>
  /[eE]/.test(sql[quote - 1] ?? '') && !/\w/.test(sql[quote - 2] ?? '')

const escapedEnd = (sql: string, from: number): number => {
  let at = from
  while (at < sql.length && sql[at] !== "'") at += sql[at] === '\\' ? 2 : 1
  return at + 1
}

const behind = (sql: string, mark: string, from: number): number => {
  const found = sql.indexOf(mark, from)
  return found === -1 ? sql.length : found + mark.length
}

export const linesIn = (text: string): number => text.split('\n').length - 1
