import { isDumped } from '../../checks/reading/dumped-relations.ts'
import { type Look, type Query, selects } from '../../runbook/index.ts'
import type { Column } from '../sql/losses.ts'
import { printedName } from '../sql/printed-name.ts'

/** Looks at one database, or at one moment of it. */
export type Side = <Row>(query: Query<'reads', Row>) => Promise<readonly Row[]>

/** A table that holds rows of its own. */
export interface Table {
  schema: string
  name: string
  /** Bytes, with what is kept outside of its rows. */
  size: number
  columns: Column[]
  /** Of its primary key, in their order; none where it has no key. */
  key: string[]
}

export const tablesIn = selects<Table>(
  `SELECT n.nspname AS schema, c.relname AS name, pg_table_size(c.oid) AS size,
     (SELECT coalesce(json_agg(json_build_object('column', a.attname, 'type', format_type(a.atttypid, a.atttypmod),
          'value', pg_get_expr(d.adbin, d.adrelid)) ORDER BY a.attnum), '[]')
      FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
      WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns,
     ARRAY(SELECT a.attname::text FROM pg_index i CROSS JOIN unnest(i.indkey) WITH ORDINALITY AS k (attnum, place)
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum
      WHERE i.indrelid = c.oid AND i.indisprimary ORDER BY k.place) AS key
   FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE c.relkind = 'r' AND ${isDumped} ORDER BY n.nspname, c.relname`,
)

export const idOf = ({ schema, name }: Pick<Table, 'schema' | 'name'>): string =>
  JSON.stringify([schema, name])

export const namesOf = ({ columns }: Pick<Table, 'columns'>): string[] => columns.map(({ column }) => column!)

/** As a person reads it: the environment's own schema goes without saying. */
export const nameOf = (at: Look, { schema, name }: Pick<Table, 'schema' | 'name'>): string =>
  schema === (at.env.database?.schema ?? 'public') ? printedName(name) : printedName(schema, name)
