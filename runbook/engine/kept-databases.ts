import { selects } from '../model/action.ts'
import { besideOf } from '../model/beside-database.ts'
import { lookOf, type RunContext } from './run-context.ts'

/** A database that a restore has replaced, and kept. */
export interface KeptDatabase {
  name: string
  /** When: `20261122T021500Z`. */
  stamp: string
  /** Bytes; null where the role may not see it. */
  size: number | null
  /** Replication slots and subscriptions, which go with it. */
  tied: string[]
}

/** What restores have left beside the environment's database, oldest first. */
export const keptDatabases = async (context: RunContext): Promise<KeptDatabase[]> => {
  if (!context.env.database) return []
  const found = await lookOf(context, undefined).see(
    selects<{ live: string; digest: string; name: string; size: number | null; tied: string[] }>(
      `SELECT current_database() AS live, left(md5(current_database()), 8) AS digest, datname AS name,
         CASE WHEN has_database_privilege(oid, 'CONNECT') THEN pg_database_size(oid) END AS size,
         ARRAY(SELECT 'the replication slot ' || slot_name FROM pg_replication_slots WHERE database = d.datname
           UNION ALL SELECT 'the subscription ' || subname FROM pg_subscription WHERE subdbid = d.oid) AS tied
       FROM pg_database d WHERE datname LIKE '%\\_replaced\\_%'`,
    ),
  )
  return found
    .flatMap(({ live, digest, name, size, tied }) => {
      const beside = besideOf(live, digest, name)
      return beside?.what === 'replaced' ? [{ name, size, tied, stamp: beside.stamp }] : []
    })
    .sort((a, b) => (a.stamp < b.stamp ? -1 : 1))
}
