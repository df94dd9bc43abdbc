import { createHash } from 'node:crypto'
import type { DatabaseDoor } from './database.ts'
import type { Holder } from './lock-file.ts'

/**
 * An advisory lock on the environment's database, so that operators on two machines exclude each other, and one that
 * dies leaves nothing behind. The holder is named in a comment of the query, which pg_stat_activity shows to others.
 */
export const takeDatabaseLock = async (
  door: DatabaseDoor,
  subject: string,
  holder: Holder,
): Promise<{ free(): Promise<void> } | { heldBy: Holder | undefined }> => {
  const client = await door.connect()
  const key = createHash('sha256').update(`runbook:${subject}`).digest().readBigInt64BE().toString()
  const named = JSON.stringify(holder).replaceAll('*/', '')
  const { rows } = await client.query(`SELECT pg_try_advisory_lock(${key}) AS taken /*${named}*/`)
  if (rows[0]?.taken) return { free: () => client.end() }
  try {
    const activity = await client.query<{ query: string }>(
      `SELECT a.query FROM pg_locks l JOIN pg_stat_activity a USING (pid)
       WHERE l.locktype = 'advisory' AND l.granted AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
         AND ((l.classid::bigint << 32) | l.objid::bigint) = ${key}`,
    )
    return { heldBy: holderIn(activity.rows[0]?.query) }
  } finally {
    await client.end()
  }
}

const holderIn = (query: string | undefined): Holder | undefined => {
  try {
    return JSON.parse(query?.match(/\/\*(.*)\*\//s)?.[1] ?? '')
  } catch {
    return undefined
  }
}
