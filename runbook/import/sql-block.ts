/** What a block of SQL is for: `asks` only reads, `changes` can be applied, `by-hand` is not plain SQL. */
export const kindOfSql = (sql: string): 'asks' | 'changes' | 'by-hand' => {
  const bare = sql
    .replace(/'(?:[^']|'')*'/g, "''")
    .replace(/--.*$/gm, '')
    .replace(/\/\*[\s\S]*?\*\//g, '')
  if (/^\s*(\\|psql\b)/m.test(bare) || /\.\.\.|\byour_\w+|<\w[\w -]*>|\[\w[\w -]*\]\w/i.test(bare))
    return 'by-hand'
  const first = bare
    .split(';')
    .flatMap((statement) => /^\s*([a-z]+)/i.exec(statement)?.[1]?.toLowerCase() ?? [])
  if (first.length === 0) return 'by-hand'
  return first.every((word) => ['select', 'show', 'explain', 'table', 'values'].includes(word))
    ? 'asks'
    : 'changes'
}

/** SQL that stands in a block of shell, to be typed into psql. */
export const isSqlLine = (line: string): boolean =>
  /^\s*(SELECT|UPDATE|INSERT|DELETE|ALTER|CREATE|DROP|BEGIN|COMMIT|WITH|GRANT|\\[a-z]+)\b/.test(line)
