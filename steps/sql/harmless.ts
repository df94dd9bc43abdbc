import type { Node } from 'libpg-query'

/** Whether a statement leaves data, tables and rights as they are, so that nothing is missed when it is not run. */
export const changesNothing = (node: Node): boolean => {
  const [kind] = Object.keys(node)
  if (kind === 'SelectStmt') return onlyReads(node)
  return harmless.has(kind!)
}

const harmless = new Set([
  'CommentStmt',
  'ConstraintsSetStmt',
  'LockStmt',
  'NotifyStmt',
  'VacuumStmt',
  'VariableShowStmt',
])

/** A SELECT can write after all: INTO a table, through a CTE, or by a function that nobody knows here. */
const onlyReads = (node: Node): boolean => {
  const tree = JSON.stringify(node)
  if (/"(intoClause|InsertStmt|UpdateStmt|DeleteStmt|MergeStmt)":/.test(tree)) return false
  const functions = [...tree.matchAll(/"funcname":\[((?:\{"String":\{"sval":"[^"]*"\}\},?)+)\]/g)]
  const all = tree.split('"funcname":').length - 1
  return (
    all === functions.length &&
    functions.every(([, names]) => known.has(/"([^"]*)"\}\}$/.exec(names!)?.[1] ?? ''))
  )
}

const known = new Set(
  [
    'count',
    'min',
    'max',
    'sum',
    'avg',
    'now',
    'version',
    'current_setting',
    'lower',
    'upper',
    'length',
    'format',
  ].concat(['array_agg', 'string_agg', 'json_agg', 'jsonb_agg', 'to_regclass', 'pg_typeof', 'row_number']),
)
