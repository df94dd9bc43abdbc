import type { Node, ParseResult, TransactionStmt } from 'libpg-query'
import type { Statement } from '../../runbook/index.ts'
import { refusalOf } from './refusals.ts'
import { explainSyntax } from './syntax.ts'
import { bare, linesIn } from './words.ts'

/** A statement of a file, with what PostgreSQL's own parser makes of it. */
export interface ParsedStatement extends Statement {
  readonly node: Node
}
/** Why a file, or a line of it, cannot be applied in one transaction. */
export interface SqlMistake {
  readonly line: number
  readonly seen: string
  readonly remedy: string
}
export interface SqlScript {
  /** Without the file's own BEGIN and COMMIT. */
  readonly statements: readonly ParsedStatement[]
  readonly mistakes: readonly SqlMistake[]
}

/** Splits an SQL file into the statements of one transaction, and names everything that does not fit into one. */
export const parseSqlScript = async (file: string): Promise<SqlScript> => {
  // psql drops a byte order mark too.
  const text = file.replace(/^\uFEFF/, '')
  const unfit = unfitFile(text)
  if (unfit) return { statements: [], mistakes: [unfit] }
  const { parse } = await import('libpg-query')
  try {
    return inOneTransaction(split(text, await parse(text)))
  } catch (error) {
    const { sqlDetails, message } = error as Error & { sqlDetails?: { cursorPosition: number } }
    if (!sqlDetails) throw error
    const at = Math.max(0, sqlDetails.cursorPosition)
    return { statements: [], mistakes: [await explainSyntax([...text], at, message, parse)] }
  }
}

/** In characters. What is larger is data, which belongs neither into a transcript nor into this parser. */
const LARGEST = 4_000_000

const unfitFile = (text: string): SqlMistake | undefined => {
  if (text.length > LARGEST)
    return {
      line: 1,
      seen: `${(text.length / 1e6).toFixed(1)} million characters, more than a migration has`,
      remedy: 'load data in a `shell` step: psql --single-transaction --set ON_ERROR_STOP=1 --file …',
    }
  const broken = text.indexOf('\uFFFD')
  if (broken !== -1)
    return {
      line: 1 + linesIn(text.slice(0, broken)),
      seen: 'not UTF-8',
      remedy: 'convert the file: iconv --from-code LATIN1 --to-code UTF-8',
    }
  return bare(text).text ? undefined : emptyFile
}

const emptyFile = {
  line: 1,
  seen: 'no statement in it',
  remedy: 'write its SQL, or take the step out of the book',
}

/** Whether that is all that is wrong with it. */
export const isEmptyScript = ({ mistakes }: SqlScript): boolean =>
  mistakes.length === 1 && mistakes[0] === emptyFile

/** The parser counts bytes. */
const split = (text: string, { stmts = [] }: ParseResult): ParsedStatement[] => {
  const source = new TextEncoder().encode(text)
  const decoder = new TextDecoder()
  let [line, from] = [1, 0]
  return stmts.map(({ stmt, stmt_location: begin = 0, stmt_len: length }) => {
    line += linesIn(decoder.decode(source.subarray(from, begin)))
    from = begin
    const { text: sql, skipped } = bare(
      decoder.decode(source.subarray(begin, length ? begin + length : source.length)),
    )
    return { sql: sql.replace(/;$/, '').trimEnd(), line: line + linesIn(skipped), node: stmt! }
  })
}

/** Takes the file's own BEGIN and COMMIT away, which must be a pair around everything else. */
const inOneTransaction = (all: readonly ParsedStatement[]): SqlScript => {
  const begins = all.filter(({ node }) => /_(BEGIN|START)$/.test(controlOf(node)?.kind ?? ''))
  const statements: ParsedStatement[] = []
  const mistakes: SqlMistake[] = []
  let state: 'outside' | 'inside' | 'ended' = 'outside'
  for (const statement of all) {
    const control = controlOf(statement.node)
    const refuse = (seen: string, remedy: string) => mistakes.push({ line: statement.line, seen, remedy })
    if (!control) {
      statements.push(statement)
      const refusal = refusalOf(statement.node, all)
      if (refusal) refuse(refusal.seen, refusal.remedy)
      else if (begins.length && state !== 'inside')
        refuse(
          `stands outside of the file's transaction`,
          'move it between BEGIN and COMMIT; what only looks belongs into `after`',
        )
    } else if (/_(BEGIN|START)$/.test(control.kind!)) {
      if (state !== 'outside') refuse('begins a second transaction', 'make it a file, and a step, of its own')
      else if (control.options?.length) refuse('BEGIN with a mode of its own', 'write BEGIN alone')
      state = 'inside'
    } else if (control.kind === 'TRANS_STMT_COMMIT') {
      if (state !== 'inside')
        refuse('COMMIT without a BEGIN', 'write BEGIN before the first statement, or neither')
      else if (control.chain) refuse('COMMIT AND CHAIN begins a second transaction', 'write COMMIT alone')
      state = 'ended'
    } else
      refuse(
        `${controlWords(control)} in a migration`,
        'take it out: the file is applied whole, or nothing of it',
      )
  }
  if (state === 'inside')
    mistakes.push({
      line: begins.at(-1)!.line,
      seen: 'BEGIN is never followed by COMMIT: psql would take everything back',
      remedy: 'write COMMIT at the end',
    })
  if (!statements.length && !mistakes.length) mistakes.push(emptyFile)
  return { statements, mistakes }
}

const controlOf = (node: Node): TransactionStmt | undefined =>
  'TransactionStmt' in node ? node.TransactionStmt : undefined

const controlWords = ({ kind = 'TRANS_STMT_ROLLBACK' }: TransactionStmt): string =>
  kind.replace('TRANS_STMT_', '').replaceAll('_', ' ')
