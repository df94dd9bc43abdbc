import type { AlterTableCmd, Node, ParseResult, RangeVar } from 'libpg-query'
import type { Failure } from '../../runbook/index.ts'
import { stringOf, typeText } from './column.ts'
import { quoted } from './quoted.ts'

/** What is wrong with the rows that make a statement fail, and in which table. `path`: as SQL names it. */
export type Suspect =
  | { kind: 'null'; path: string; column: string }
  /** Values that may be there only once. */
  | { kind: 'alike'; path: string; columns: string[] }
  | { kind: 'cast'; path: string; expression: string }
  /** `unproven`: the same statement, which does not look at the rows that are there. */
  | { kind: 'constraint'; path: string; name: string; unproven: string }

type QueryFailed = Extract<Failure, { kind: 'query-failed' }>

/** Known from what the server said and from the statement; undefined where that does not tell it. */
export const suspectOf = async (failure: QueryFailed): Promise<Suspect | undefined> => {
  const { parse } = await import('libpg-query')
  const { stmts = [] }: ParseResult = await parse(failure.statement ?? '').catch(() => ({}))
  const node = stmts[0]?.stmt
  return node && suspectIn(failure, node)
}

const suspectIn = (failure: QueryFailed, node: Node): Suspect | undefined => {
  const { sqlstate, about = {}, statement = '' } = failure
  const named =
    about.table === undefined
      ? undefined
      : pathOf({ relname: about.table, ...(about.schema && { schemaname: about.schema }) })
  switch (sqlstate) {
    case '23502':
      return named && about.column ? { kind: 'null', path: named, column: about.column } : undefined
    case '23505': {
      const columns = uniqueIn(node)
      return named && columns?.length ? { kind: 'alike', path: named, columns } : undefined
    }
    case '23503':
    case '23514':
      return named && about.constraint && commandsOf(node).length === 1
        ? {
            kind: 'constraint',
            path: named,
            name: about.constraint,
            unproven: `${statement.replace(/;\s*$/, '')} NOT VALID`,
          }
        : undefined
    default:
      // Class 22 are values that do not fit.
      return sqlstate.startsWith('22') ? castIn(node, statement, sqlstate === '22001') : undefined
  }
}

/** The columns of a unique index or constraint; none where it is one of expressions, or of some rows only. */
const uniqueIn = (node: Node): string[] | undefined => {
  if ('IndexStmt' in node) {
    const { unique, whereClause, indexParams = [] } = node.IndexStmt
    const names = indexParams.map((one) => ('IndexElem' in one ? one.IndexElem.name : undefined))
    return unique && !whereClause && names.every((name) => name !== undefined)
      ? (names as string[])
      : undefined
  }
  const constraints = commandsOf(node).flatMap(({ def }) =>
    def && 'Constraint' in def ? [def.Constraint] : [],
  )
  const [only] = constraints.filter(
    ({ contype }) => contype === 'CONSTR_UNIQUE' || contype === 'CONSTR_PRIMARY',
  )
  return only?.keys?.flatMap((key) => stringOf(key) ?? [])
}

/** The one change of a type in it. */
const castIn = (node: Node, statement: string, isTooLong: boolean): Suspect | undefined => {
  const commands = commandsOf(node)
  const changes = commands.filter(({ subtype }) => subtype === 'AT_AlterColumnType')
  const [change] = changes
  const column = change?.def && 'ColumnDef' in change.def ? change.def.ColumnDef : undefined
  const type = typeText(column?.typeName)
  if (!change?.name || !type || changes.length > 1 || !('AlterTableStmt' in node)) return undefined
  const using = column?.raw_default ? usingIn(statement, commands.length) : undefined
  if (column?.raw_default && using === undefined) return undefined
  const value = using ?? quoted(change.name)
  const [, most] = /\((\d+)\)$/.exec(type) ?? []
  return {
    kind: 'cast',
    path: pathOf(node.AlterTableStmt.relation!),
    // A cast that is written cuts what is too long; the one that the statement makes refuses it.
    expression: isTooLong && most ? `1 / (length((${value})::text) <= ${most})::int` : `(${value})::${type}`,
  }
}

/** The expression itself is not in the tree as text; it is the end of a statement with one clause. */
const usingIn = (statement: string, clauses: number): string | undefined =>
  clauses === 1 ? /\busing\b([\s\S]*?);?\s*$/i.exec(statement)?.[1]?.trim() : undefined

const commandsOf = (node: Node): AlterTableCmd[] =>
  'AlterTableStmt' in node
    ? (node.AlterTableStmt.cmds ?? []).flatMap((one) => ('AlterTableCmd' in one ? one.AlterTableCmd : []))
    : []

const pathOf = ({ schemaname, relname }: RangeVar): string =>
  schemaname ? `${quoted(schemaname)}.${quoted(relname!)}` : quoted(relname!)
