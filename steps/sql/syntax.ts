import type { ParseResult } from 'libpg-query'
import { refusalOf } from './refusals.ts'
import type { SqlMistake } from './script.ts'
import { bare, linesIn } from './words.ts'

/** A syntax error, in the words of somebody who knows psql. `at` counts characters. */
export const explainSyntax = async (
  characters: readonly string[],
  at: number,
  message: string,
  parse: (sql: string) => Promise<ParseResult>,
): Promise<SqlMistake> => {
  const before = characters.slice(0, at).join('')
  const rest = characters.slice(at).join('')
  const copy = await copyBefore(before, parse)
  if (copy) return copy
  const line = 1 + linesIn(before)
  const [meta] = /^\\[^\s;]*/.exec(rest) ?? []
  if (meta)
    return {
      line,
      seen: `${meta} is a command of psql, not SQL`,
      remedy: /^\\ir?$|^\\include/.test(meta)
        ? 'put the SQL of that file here, or give it a step of its own'
        : 'take it out; what should be seen afterwards belongs into `after`',
    }
  if (/^:['"\w{]/.test(rest))
    return { line, seen: 'a variable of psql, which is not SQL', remedy: 'write its value' }
  return { line, seen: message, remedy: 'correct the SQL' }
}

/** The data behind `COPY … FROM STDIN` is what the parser stumbles over. */
const copyBefore = async (
  before: string,
  parse: (sql: string) => Promise<ParseResult>,
): Promise<SqlMistake | undefined> => {
  const until = before.lastIndexOf(';') + 1
  if (!/copy/i.test(before) || until === 0) return undefined
  try {
    const { stmts = [] } = await parse(before.slice(0, until))
    const { stmt, stmt_location: begin = 0 } = stmts.at(-1)!
    const refusal = refusalOf(stmt!, [])
    if (!refusal || !('CopyStmt' in stmt!)) return undefined
    // The parser counts bytes.
    const earlier = new TextDecoder().decode(new TextEncoder().encode(before).subarray(0, begin))
    const { skipped } = bare(before.slice(earlier.length))
    return { line: 1 + linesIn(earlier) + linesIn(skipped), ...refusal }
  } catch {
    return undefined
  }
}
