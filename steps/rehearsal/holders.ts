import { isOwnSchema, type Look, selects } from '../../runbook/index.ts'

/** A table, or a column of one, with PostgreSQL's own numbers: a new name does not make another of it. */
export interface Holder {
  readonly id: string
  readonly schema: string
  readonly table: string
  readonly column: string | null
}

/** Everything that can hold data. */
export const holdersOf = ({ see }: Pick<Look, 'see'>): Promise<Holder[]> =>
  see(
    selects<Holder>(
      `SELECT c.oid::text AS id, n.nspname AS schema, c.relname AS table, NULL AS column
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p') AND ${isOwnSchema}
       UNION ALL SELECT format('%s.%s', c.oid, a.attnum), n.nspname, c.relname, a.attname
       FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
       WHERE c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped AND ${isOwnSchema}`,
    ),
  )

/** What is gone, the columns of a table that is gone apart. */
export const goneOf = (before: readonly Holder[], after: readonly Holder[]): Holder[] => {
  const is = new Set(after.map(({ id }) => id))
  const gone = before.filter(({ id }) => !is.has(id))
  const tables = new Set(gone.filter(({ column }) => column === null).map(({ id }) => id))
  return gone.filter(({ id, column }) => column === null || !tables.has(id.split('.')[0]!))
}
