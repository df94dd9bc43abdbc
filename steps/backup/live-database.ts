import { isDumped } from '../../checks/reading/dumped-relations.ts'
import { type Snapshot, selects } from '../../runbook/index.ts'
import { quoted } from '../sql/quoted.ts'

/** What tells this database from any other, and its size in bytes. */
export const databaseFacts = selects<{ database: string; host: string | null; system: string; size: number }>(
  `SELECT current_database() AS database, host(inet_server_addr()) AS host,
     (SELECT system_identifier::text FROM pg_control_system()) AS system,
     pg_database_size(current_database()) AS size`,
)

interface LiveTable {
  /** PostgreSQL's own number: a name may hold spaces, which the list of an archive does not quote. */
  oid: number
  schema: string
  name: string
  rows: number
  columns: string[]
}
/** What a dump of the whole database must hold. */
export interface LiveContents {
  /** Tells later which rows were written since. */
  moment: { snapshot: string; at: string }
  schemas: string[]
  tables: LiveTable[]
}

/** Schemas, tables and their rows at one moment. Of a partitioned table its parts are named, which hold the rows. */
export const liveContents = async ({ see }: Snapshot): Promise<LiveContents> => {
  // Limits that the role or the database sets are meant for the application, not for a count of everything.
  await see(
    selects(
      `SELECT set_config(name, '0', true) FROM unnest(ARRAY['statement_timeout', 'idle_in_transaction_session_timeout']) AS name`,
    ),
  )
  const [moment] = await see(
    selects<LiveContents['moment']>(
      `SELECT pg_current_snapshot()::text AS snapshot, to_json(now()) #>> '{}' AS at`,
    ),
  )
  const schemas = await see(
    selects<{ name: string }>(
      `SELECT nspname AS name FROM pg_namespace
       WHERE nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema' ORDER BY nspname`,
    ),
  )
  return { moment: moment!, schemas: schemas.map(({ name }) => name), tables: await tablesOf(see) }
}

/** Every table that holds rows of its own. */
export const tablesWithRows = (see: Snapshot['see']): Promise<Omit<LiveTable, 'rows'>[]> =>
  see(
    selects<Omit<LiveTable, 'rows'>>(
      `SELECT c.oid::bigint AS oid, n.nspname AS schema, c.relname AS name,
         ARRAY(SELECT attname::text FROM pg_attribute
           WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped ORDER BY attnum) AS columns
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
       WHERE c.relkind = 'r' AND ${isDumped} ORDER BY n.nspname, c.relname`,
    ),
  )

/** The same, with their number. */
const tablesOf = async (see: Snapshot['see']): Promise<LiveTable[]> => {
  const tables: LiveTable[] = []
  for (const table of await tablesWithRows(see)) {
    const from = `${quoted(table.schema)}.${quoted(table.name)}`
    const [counted] = await see(selects<{ rows: number }>(`SELECT count(*) AS rows FROM ONLY ${from}`))
    tables.push({ ...table, rows: counted!.rows })
  }
  return tables
}
