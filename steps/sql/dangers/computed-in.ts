import type { Node } from 'libpg-query'
import { stringOf } from '../column.ts'

/**
 * The first function in an expression that is not known to give all rows of a statement one value; undefined where there
 * is none, and a new column costs nothing. A function of the application's own counts as computed.
 */
export const computedIn = (expression: Node | undefined): string | undefined => {
  if (!expression) return undefined
  if ('FuncCall' in expression) {
    const name = stringOf(expression.FuncCall.funcname!.at(-1)!) ?? ''
    if (!steady.has(name)) return name
  }
  for (const inner of Object.values(expression).flat()) {
    const found = inner !== null && typeof inner === 'object' ? computedIn(inner as Node) : undefined
    if (found !== undefined) return found
  }
  return undefined
}

/** IMMUTABLE and STABLE ones, as `pg_proc.provolatile` has them. */
const steady = new Set([
  ...[
    'now',
    'transaction_timestamp',
    'statement_timestamp',
    'timezone',
    'date_trunc',
    'make_date',
    'make_interval',
  ],
  ...[
    'to_timestamp',
    'to_char',
    'to_date',
    'date_part',
    'extract',
    'current_setting',
    'current_schema',
    'version',
  ],
  ...['lower', 'upper', 'concat', 'format', 'repeat', 'md5', 'length', 'abs', 'round', 'array_fill'],
  ...[
    'json_build_object',
    'jsonb_build_object',
    'json_build_array',
    'jsonb_build_array',
    'to_json',
    'to_jsonb',
  ],
])
