import { createHash } from 'node:crypto'
import type { Client } from 'pg'
import type { Clock } from './clock.ts'
import type { DatabaseDoor } from './database.ts'
import { frozenIn } from './database-freeze.ts'
import type { Freeze } from './freeze-file.ts'
import type { Holder } from './lock-file.ts'

/**
 * An advisory lock on the environment's database, so that operators on two machines exclude each other, and one that
 * dies leaves nothing behind. The holder is named in a comment of the query, which pg_stat_activity shows to others.
 *
 * PostgreSQL keeps such a lock within one database. A run that renames its own must hold it from another one
 * meanwhile; so whoever takes it looks for the same key in every database of the server, which pg_locks shows.
 */
export const takeDatabaseLock = async (
  door: DatabaseDoor,
  subject: string,
  holder: Holder,
  signal?: AbortSignal,
): Promise<{ free(): Promise<void> } | { heldBy: Holder | undefined } | { frozen: Freeze }> => {
  const key = keyOf(door, subject)
  const named = `/*${inComment(holder)}*/`
  const lock = `SELECT pg_try_advisory_lock(${key}) AS taken ${named}`
  let [client, at] = [await door.connect(undefined, signal), door.database]
  try {
    const { rows } = await client.query(lock)
    // After the lock was taken: who freezes looks for a run after that, so that one of the two sees the other.
    const frozen = await frozenIn(client, subject, named)
    const other = await otherHolder(client, key, named)
    if (frozen || !rows[0]?.taken || other) {
      await client.end()
      return frozen ? { frozen } : { heldBy: other && holderIn(other.query) }
    }
  } catch (error) {
    await client.end()
    throw error
  }
  door.onLeave(async (databases, via) => {
    if (!databases.includes(at) || via === undefined) return
    const next = await door.connect(via)
    await next.query(lock)
    await client.end()
    client = next
    at = via
  })
  return { free: () => client.end() }
}

/** Who holds it now, if anybody; nothing is taken. */
export const databaseLockHolder = async (
  door: DatabaseDoor,
  subject: string,
  signal: AbortSignal,
): Promise<Holder | undefined> => {
  const client = await door.connect(undefined, signal)
  try {
    const other = await otherHolder(client, keyOf(door, subject), '')
    return other && holderIn(other.query)
  } finally {
    await client.end().catch(() => {})
  }
}

const keyOf = (door: DatabaseDoor, subject: string): string =>
  createHash('sha256').update(`runbook:${subject}:${door.database}`).digest().readBigInt64BE().toString()

/** How long the server may take to end a session. Milliseconds. */
const ENDING = 10_000

/**
 * Ends the sessions that a run has left whose process is gone: in the middle of a statement the server does not notice
 * that nobody listens any more, goes on with it, and keeps the lock meanwhile. `name`: how the run names itself.
 */
export const endSessionsOf = async (
  door: DatabaseDoor,
  name: string,
  clock: Clock,
  signal: AbortSignal,
): Promise<number> => {
  const client = await door.connect(undefined, signal)
  // As long as the server keeps it.
  const theirs = `FROM pg_stat_activity WHERE application_name = left($1, 63) AND usename = current_user AND pid <> pg_backend_pid()`
  try {
    const { rowCount } = await client.query(`SELECT pg_terminate_backend(pid) ${theirs}`, [name])
    const until = clock.monotonic() + ENDING
    while ((await client.query(`SELECT 1 ${theirs}`, [name])).rowCount && clock.monotonic() < until)
      await clock.sleep(20, signal)
    return rowCount ?? 0
  } finally {
    await client.end()
  }
}

/** As JSON in which no sign begins or ends a comment. */
const inComment = (holder: Holder): string => JSON.stringify(holder).replaceAll('/', '\\u002f')

/** Who else holds the key, in whichever database. It stays the last query of who takes the lock, so it is named too. */
const otherHolder = async (
  client: Client,
  key: string,
  named: string,
): Promise<{ query: string } | undefined> => {
  const { rows } = await client.query<{ query: string }>(
    `SELECT coalesce(a.query, '') AS query FROM pg_locks l LEFT JOIN pg_stat_activity a USING (pid)
     WHERE l.locktype = 'advisory' AND l.granted AND l.pid <> pg_backend_pid()
       AND ((l.classid::bigint << 32) | l.objid::bigint) = ${key} ${named}`,
  )
  return rows[0]
}

const holderIn = (query: string): Holder | undefined => {
  try {
    return JSON.parse(query.match(/\/\*(.*)\*\//s)?.[1] ?? '')
  } catch {
    return undefined
  }
}
