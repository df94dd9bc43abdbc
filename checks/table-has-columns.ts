import { defineCheck, fails, holds, type Look, quantity, selects } from '../runbook/index.ts'
import { columnType } from './reading/column-type.ts'
import { tablesNamed, whereElse } from './table-exists.ts'

/** A column: its type as people write it (`text`, `int`, `timestamptz`, `timestamp(3)`, `text[]`), or more of it. */
export type ColumnShape =
  | string
  | {
      type?: string | undefined
      nullable?: boolean | undefined
      /** As an SQL expression: `0`, `'draft'`, `now()`; null: none. */
      default?: string | number | boolean | null | undefined
    }

/** The columns of a table have these names, types, nullability and defaults; it may have others besides. */
export const tableHasColumns = (
  table: string,
  columns: Readonly<Record<string, ColumnShape>>,
  options: { schema?: string } = {},
) => {
  const names = Object.keys(columns)
  const shown = `${options.schema ? `${options.schema}.` : ''}${table}`
  return defineCheck({
    fact: `${shown} has ${names.length > 3 ? `${quantity(names.length, 'column')} as expected, ${names[0]} to ${names.at(-1)}` : names.join(', ')}`,
    remedy: `compare with psql's \\d ${shown}, and migrate what differs`,
    look: async (at) => {
      const schema = options.schema ?? at.env.database?.schema ?? 'public'
      const found = await columnsOf(at, schema, table)
      if (!found) return fails(whereElse(table, schema, await at.see(tablesNamed(table))))
      const expected = await expectedColumns(at, schema, columns)
      const wrong = expected.flatMap((column) => differs(column, found.get(column.name)))
      return wrong.length ? fails(wrong.join('; ')) : holds(`${quantity(names.length, 'column')} as expected`)
    },
  })
}

interface Found {
  type: string
  oid: number
  nullable: boolean
  default: string | null
}
const columnsOf = async (
  { see }: Look,
  schema: string,
  table: string,
): Promise<Map<string, Found> | undefined> => {
  const rows = await see(
    selects<Found & { name: string | null }>(
      `SELECT a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type, a.atttypid::bigint AS oid,
         NOT a.attnotnull AS nullable, pg_get_expr(d.adbin, d.adrelid) AS default
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
       LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
       LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
       WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'p', 'f')`,
      schema,
      table,
    ),
  )
  return rows.length ? new Map(rows.map(({ name, ...column }) => [name ?? '', column])) : undefined
}

interface Expected {
  name: string
  type?: { written: string; oid: number | null; modifiers: string }
  nullable: boolean | undefined
  default: string | null | undefined
}
/** The server itself says which type is meant, so that aliases are equal: `int4`, `integer`, `int`. */
const expectedColumns = async (
  { see }: Look,
  schema: string,
  columns: Readonly<Record<string, ColumnShape>>,
): Promise<Expected[]> => {
  const shapes = Object.entries(columns).map(([name, shape]) => ({
    name,
    ...(typeof shape === 'string' ? { type: shape } : shape),
  }))
  const types = shapes.flatMap(({ type }) => (type === undefined ? [] : [columnType(type)]))
  // An enum of the schema may be written without the quotes that its capitals would need.
  const oids = await see(
    selects<{ base: string; oid: number | null }>(
      `SELECT b.base, coalesce(to_regtype(b.base)::oid, (SELECT t.oid FROM pg_type t JOIN pg_namespace n
         ON n.oid = t.typnamespace WHERE n.nspname = $2 AND t.typname = b.base))::bigint AS oid
       FROM unnest($1::text[]) AS b (base)`,
      types.map(({ base }) => base),
      schema,
    ),
  )
  const oidOf = new Map(oids.map(({ base, oid }) => [base, oid]))
  return shapes.map(({ name, type, nullable, default: value }) => {
    const parts = type === undefined ? undefined : columnType(type)
    return {
      name,
      ...(parts && {
        type: { written: type!, oid: oidOf.get(parts.base) ?? null, modifiers: parts.modifiers },
      }),
      nullable,
      default: value === null || value === undefined ? value : String(value),
    }
  })
}

/** What is wrong with one column, in words; nothing where it is as expected. */
const differs = (expected: Expected, found: Found | undefined): string[] => {
  const { name, type, nullable, default: value } = expected
  if (type && type.oid === null) return [`${name}: PostgreSQL knows no type ${type.written}`]
  if (!found) return [`${name} is missing`]
  const wrong: [seen: string, wanted: string][] = []
  if (type && (found.oid !== type.oid || columnType(found.type).modifiers !== type.modifiers))
    wrong.push([found.type, type.written])
  if (nullable !== undefined && found.nullable !== nullable)
    wrong.push([nullability(found.nullable), nullability(nullable)])
  if (value !== undefined && plainDefault(found.default) !== plainDefault(value))
    wrong.push([defaultText(found.default), defaultText(value)])
  if (wrong.length === 0) return []
  return [
    `${name} is ${wrong.map(([seen]) => seen).join(', ')} (expected ${wrong.map(([, wanted]) => wanted).join(', ')})`,
  ]
}

const nullability = (nullable: boolean): string => (nullable ? 'nullable' : 'not null')
const defaultText = (value: string | null): string =>
  value === null ? 'without default' : `default ${value}`

/** The server writes `'draft'::text` for `'draft'` and `CURRENT_TIMESTAMP` as it was given. */
const plainDefault = (value: string | null): string | null => {
  if (value === null) return null
  const plain = value.replace(/::[\w". ]+(\([\d,]+\))?(\[\])*$/, '')
  return plain.startsWith("'") ? plain : plain.toLowerCase()
}
