import type { Client } from 'pg'
import type { Measured } from '../model/action.ts'

/** Those that writers wait for, or readers too. */
const IN_THE_WAY = ['ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock']

/** What the server tells of one transaction from inside of it. */
interface Standing {
  locks: { oid: number; mode: string }[]
  nodes: { oid: number; node: number }[]
  scans: { oid: number; rows: number }[]
}

/**
 * Looks, within an open transaction, at what each of its statements has done to the tables that were there before. A
 * table that was written anew has another file; rows that were read in order are counted by the server.
 */
export const measuring = async (client: Client): Promise<() => Promise<Measured>> => {
  const tables = new Map((await client.query<Table>(TABLES)).rows.map((table) => [table.oid, table]))
  const seen = new Set<string>()
  const scanned = new Map<number, number>()
  return async () => {
    const [{ standing } = { standing: { locks: [], nodes: [], scans: [] } }] = (
      await client.query<{ standing: Standing }>(STANDING, [IN_THE_WAY])
    ).rows
    const of = <T extends { oid: number }>(list: readonly T[]) =>
      list.flatMap((one) => {
        const table = tables.get(one.oid)
        return table ? [{ ...one, table }] : []
      })
    const locks = of(standing.locks).flatMap(({ oid, mode, table }) => {
      if (seen.has(`${oid} ${mode}`)) return []
      seen.add(`${oid} ${mode}`)
      return [{ table: table.name, mode }]
    })
    const rewritten = of(standing.nodes).flatMap(({ node, table }) => {
      if (node === table.node) return []
      table.node = node
      return [{ table: table.name, bytes: table.bytes }]
    })
    const scans = of(standing.scans).flatMap(({ oid, rows, table }) => {
      const more = rows - (scanned.get(oid) ?? 0)
      scanned.set(oid, rows)
      return more > 0 ? [{ table: table.name, rows: more }] : []
    })
    return { locks, rewritten, scanned: scans }
  }
}

interface Table {
  oid: number
  name: string
  node: number
  /** As its last ANALYZE has it. */
  bytes: number
}

const OWN = `n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'`

const TABLES = `SELECT c.oid::bigint AS oid, n.nspname || '.' || c.relname AS name,
    coalesce(pg_relation_filenode(c.oid), 0)::bigint AS node,
    c.relpages::bigint * current_setting('block_size')::bigint AS bytes
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p', 'm') AND ${OWN}`

const STANDING = `SELECT json_build_object(
    'locks', (SELECT coalesce(json_agg(json_build_object('oid', l.relation::bigint, 'mode', l.mode)), '[]')
      FROM pg_locks l WHERE l.pid = pg_backend_pid() AND l.locktype = 'relation' AND l.granted AND l.mode = ANY ($1)
        AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())),
    'nodes', (SELECT coalesce(json_agg(json_build_object('oid', c.oid::bigint, 'node', pg_relation_filenode(c.oid)::bigint)), '[]')
      FROM pg_locks l JOIN pg_class c ON c.oid = l.relation WHERE l.pid = pg_backend_pid() AND l.locktype = 'relation'
        AND l.mode = 'AccessExclusiveLock' AND c.relkind IN ('r', 'm')
        AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())),
    'scans', (SELECT coalesce(json_agg(json_build_object('oid', s.relid::bigint, 'rows', s.seq_tup_read)), '[]')
      FROM pg_stat_xact_user_tables s WHERE s.seq_tup_read > 0)) AS standing`
