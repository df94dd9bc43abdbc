import type { SchemaObject } from '../../checks/reading/schema-objects.ts'
import { type Json, type Look, type Loss, selects } from '../../runbook/index.ts'
import { orWhy } from './or-why.ts'
import { printedName } from './printed-name.ts'
import { quoted } from './quoted.ts'

/** Counting reads every row, and takes the time that it takes. Milliseconds. */
const timeout = 6 * 3_600_000

/** What goes with the tables and columns that are dropped: rows, and values other than the default. */
export const lossesOf = async (at: Look, dropped: readonly SchemaObject[]): Promise<Loss[]> => {
  const there = await at.see(partsOf(dropped))
  const tables = there.filter(({ column }) => column === null)
  const gone = new Set(tables.map(({ path }) => path))
  const losses: Loss[] = []
  for (const { path, table } of tables) {
    const count = selects<{ rows: number }>(`SELECT count(*) AS rows FROM ${path}`)
    const counted = await orWhy(async () => (await at.see({ ...count, timeout, exact: true }))[0]!)
    const what = `in the table ${printedName(table)}`
    losses.push('why' in counted ? notTold(what, counted.why) : { what, rows: counted.rows })
  }
  const columns = there.filter(({ column, path }) => column !== null && !gone.has(path))
  for (const path of new Set(columns.map((column) => column.path))) {
    const own = columns.filter((column) => column.path === path)
    // All columns of a table in one pass.
    const counts = own.map((column, i) => `count(*) FILTER (WHERE ${hasValue(column)}) AS c${i}`).join(', ')
    const count = selects<Record<string, number>>(`SELECT ${counts} FROM ${path}`)
    const counted = await orWhy(async () => ({ of: (await at.see({ ...count, timeout, exact: true }))[0]! }))
    for (const [i, { table, column }] of own.entries()) {
      const what = `with a value in ${printedName(table, column!)}`
      losses.push('why' in counted ? notTold(what, counted.why) : { what, rows: counted.of[`c${i}`]! })
    }
  }
  return losses.filter(({ rows }) => rows !== 0)
}

const notTold = (what: string, why: string): Loss => ({
  what: `how many rows there are ${what} cannot be told, because ${why}`,
  rows: null,
  unknown: true,
})

interface Part extends Column {
  /** As SQL names the table. */
  path: string
  table: string
}
export interface Column {
  /** Null where the whole table is dropped. */
  column: string | null
  type: string | null
  /** Its default, as SQL. */
  value: string | null
}

/** Those of them that are there, with what a column holds where nobody has written anything. */
const partsOf = (objects: readonly SchemaObject[]) => {
  const wanted = objects.filter(({ kind }) => kind === 'table' || kind === 'column')
  const list = (of: (object: SchemaObject) => string | null): Json => wanted.map(of)
  return selects<Part>(
    `SELECT format('%I.%I', n.nspname, c.relname) AS path, c.relname AS table, o.col AS column,
       format_type(a.atttypid, a.atttypmod) AS type, pg_get_expr(d.adbin, d.adrelid) AS value
     FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS o (schema, tab, col, place)
     JOIN pg_namespace n ON n.nspname = o.schema
     JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = o.tab AND c.relkind IN ('r', 'p')
     LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = o.col AND a.attnum > 0 AND NOT a.attisdropped
     LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
     WHERE o.col IS NULL OR a.attname IS NOT NULL ORDER BY o.place`,
    list(({ schema }) => schema),
    list(({ kind, of, name }) => (kind === 'table' ? name : (of ?? null))),
    list(({ kind, name }) => (kind === 'table' ? null : name)),
  )
}

/** Where somebody has written something. Compared as text, because some types, such as json, know no equality. */
export const hasValue = ({ column, type, value }: Column): string =>
  value === null || isComputed(value)
    ? `${quoted(column!)} IS NOT NULL`
    : `${quoted(column!)}::text IS DISTINCT FROM ((${value})::${type})::text`

/** `now()`, `gen_random_uuid()`: each row has a value of its own, and none tells that it is only the default. */
const isComputed = (value: string): boolean =>
  /[a-z_"]\(|current_|localtime|session_user/i.test(value.replace(/::[a-z_ ]+(\(\d+(, *\d+)?\))?/gi, ''))
