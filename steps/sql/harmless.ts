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
const onlyReads = (node: Node): boolean =>
  !/"(intoClause|InsertStmt|UpdateStmt|DeleteStmt|MergeStmt)":/.test(JSON.stringify(node)) &&
  callsOnlyKnown(node)

/** Whether every function in it is one of PostgreSQL's own that changes nothing. */
export const callsOnlyKnown = (node: Node): boolean => {
  const tree = JSON.stringify(node)
  const functions = [...tree.matchAll(/"funcname":\[((?:\{"String":\{"sval":"[^"]*"\}\},?)+)\]/g)]
  const all = tree.split('"funcname":').length - 1
  return (
    all === functions.length &&
    functions.every(([, names]) => {
      const parts = [...names!.matchAll(/"sval":"([^"]*)"/g)].map(([, part]) => part!)
      return known.has(parts.at(-1)!) && (parts.length === 1 || parts[0] === 'pg_catalog')
    })
  )
}

const known = new Set([
  ...['count', 'min', 'max', 'sum', 'avg', 'now', 'version', 'current_setting', 'lower', 'upper', 'length'],
  ...['array_agg', 'string_agg', 'json_agg', 'jsonb_agg', 'to_regclass', 'pg_typeof', 'row_number', 'format'],
  ...['gen_random_uuid', 'random', 'concat', 'concat_ws', 'substr', 'substring', 'left', 'right', 'btrim'],
  ...['ltrim', 'rtrim', 'replace', 'regexp_replace', 'split_part', 'strpos', 'position', 'md5', 'round'],
  ...['floor', 'ceil', 'abs', 'mod', 'to_char', 'to_date', 'to_timestamp', 'to_number', 'date_trunc'],
  ...['date_part', 'extract', 'age', 'timezone', 'clock_timestamp', 'transaction_timestamp', 'initcap'],
  ...['jsonb_build_object', 'json_build_object', 'jsonb_build_array', 'to_jsonb', 'to_json', 'jsonb_set'],
  ...['generate_series', 'unnest', 'array_length', 'cardinality', 'lpad', 'rpad', 'char_length', 'encode'],
  ...['decode', 'rank', 'lag', 'lead', 'string_to_array', 'array_to_string', 'regexp_matches', 'repeat'],
])
