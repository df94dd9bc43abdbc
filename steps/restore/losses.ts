import { isDumped } from '../../checks/reading/dumped-relations.ts'
import { type BackupManifest, type Look, type Loss, quantity, selects } from '../../runbook/index.ts'
import { type Column, hasValue } from '../sql/losses.ts'
import { quoted } from '../sql/quoted.ts'
import { inDatabase } from './live-and-beside.ts'

/** What became of a table since a backup. `undefined`: it cannot be told. */
interface Changes {
  table: string
  /** Rows now. */
  rows: number
  /** Rows in the backup; undefined where the table is newer. */
  were?: number
  /** Rows that are not as they were: inserted or changed. */
  fresh?: number
  /** Of these, where something in the table tells, those that were there before. */
  changed?: number
  /** The columns that the backup does not have, and the rows with a value in one of them. */
  added: { columns: string[]; rows: number }
}

interface Table {
  schema: string
  name: string
  /** A column that has held the time of a row's insertion since it was inserted. */
  inserted: string | null
  columns: Column[]
}

/**
 * Counts what a restore takes away: for each table the rows inserted, changed and gone since the backup. Which
 * transaction wrote a row stands in the row itself (`xmin`), and the manifest has the snapshot that was dumped: what
 * that does not show is newer. Whether such a row was inserted or changed only a column with its time of insertion
 * tells.
 */
export const lossesSince = async (at: Look, manifest: BackupManifest, database: string): Promise<Loss[]> => {
  const { moment } = manifest
  const tables = await at.see(inDatabase(database, tablesNow))
  const then = new Map(manifest.tables.map((table) => [JSON.stringify([table.schema, table.name]), table]))
  const losses: Loss[] = []
  for (const { schema, name, inserted, columns } of tables) {
    const old = then.get(JSON.stringify([schema, name]))
    const added = old?.columns ? columns.filter(({ column }) => !old.columns!.includes(column!)) : []
    const used = `count(*) FILTER (WHERE ${added.map(hasValue).join(' OR ') || 'false'}) AS used`
    const column = inserted && moment ? `${quoted(inserted)} < $2::timestamptz` : 'NULL'
    const counted = moment
      ? await at.see(
          inDatabase(
            database,
            selects<Counted>(
              `SELECT count(*) AS rows, ${used}, count(*) FILTER (WHERE ${isNewer}) AS fresh,
                 count(*) FILTER (WHERE ${isNewer} AND ${column}) AS changed
               FROM ONLY ${quoted(schema)}.${quoted(name)} AS t
               WHERE $1::pg_snapshot IS NOT NULL AND $2::timestamptz IS NOT NULL`,
              moment.snapshot,
              moment.at,
            ),
          ),
        )
      : await at.see(
          inDatabase(
            database,
            selects<Counted>(`SELECT count(*) AS rows, ${used} FROM ONLY ${quoted(schema)}.${quoted(name)}`),
          ),
        )
    const { rows, ...rest } = counted[0]!
    losses.push(
      ...inWords({
        table: schema === (at.env.database?.schema ?? 'public') ? name : `${schema}.${name}`,
        rows,
        ...(old && { were: old.rows }),
        ...(rest.fresh !== undefined && { fresh: rest.fresh }),
        ...(inserted && rest.changed !== undefined && { changed: rest.changed }),
        added: { columns: added.map(({ column }) => column!), rows: rest.used },
      }),
    )
  }
  return losses
}

interface Counted {
  rows: number
  used: number
  fresh?: number
  changed?: number
}

/** A row keeps the lower half of its transaction's number; the half that is missing follows from the present one. */
const now = 'pg_snapshot_xmax(pg_current_snapshot())::text::bigint'
const written = `greatest(3, ${now} - ((${now} - t.xmin::text::bigint) & 4294967295))::text::xid8`
const isNewer = `NOT pg_visible_in_snapshot(${written}, $1::pg_snapshot)`

const tablesNow = selects<Table>(
  `SELECT n.nspname AS schema, c.relname AS name,
     (SELECT a.attname FROM pg_attribute a JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
      WHERE a.attrelid = c.oid AND a.atttypid = 'timestamptz'::regtype AND a.attname ~* 'creat|insert'
        AND pg_get_expr(d.adbin, d.adrelid) ~* '^(now\\(\\)|current_timestamp|transaction_timestamp\\(\\))'
      ORDER BY a.attnum LIMIT 1) AS inserted,
     (SELECT coalesce(json_agg(json_build_object('column', a.attname, 'type', format_type(a.atttypid, a.atttypmod),
          'value', pg_get_expr(d.adbin, d.adrelid)) ORDER BY a.attnum), '[]')
      FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
      WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns
   FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE c.relkind = 'r' AND ${isDumped} ORDER BY n.nspname, c.relname`,
)

const inWords = (changes: Changes): Loss[] => {
  const { table, rows, were, added } = changes
  if (were === undefined) return [{ what: `the table ${table}, made since the backup`, rows }]
  const [first, ...more] = added.columns
  const columns = `${table}.${first}${more.length ? ` and ${quantity(more.length, 'more column')}` : ''}`
  return [
    ...(first === undefined || added.rows === 0
      ? []
      : [{ what: `with a value in ${columns}, made since the backup`, rows: added.rows }]),
    ...ofRows(changes, were),
  ]
}

const ofRows = ({ table, rows, fresh, changed }: Changes, were: number): Loss[] => {
  if (fresh === undefined) {
    const more = rows - were
    const what = more > 0 ? 'more' : 'fewer'
    return more
      ? [
          {
            what: `${what} in ${table} than in what comes back; which ones cannot be told`,
            rows: Math.abs(more),
          },
        ]
      : []
  }
  // Of the rows in the backup, those that are not there any more as they were.
  const altered = were - (rows - fresh)
  const known = fresh === 0 ? 0 : altered === 0 ? 0 : changed
  const losses =
    known === undefined
      ? [
          { what: `inserted into or changed in ${table} (no column of it tells which)`, rows: fresh },
          { what: `changed in or deleted from ${table}: they come back as they were`, rows: altered },
        ]
      : [
          { what: `inserted into ${table}`, rows: fresh - known },
          { what: `changed in ${table}: they become again what they were`, rows: known },
          { what: `deleted from ${table}: they come back`, rows: altered - known },
        ]
  return losses.filter(({ rows }) => rows > 0)
}
