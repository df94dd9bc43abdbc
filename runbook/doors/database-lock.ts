import { createHash } from 'node:crypto'
import type { Clock } from './clock.ts'
import type { DatabaseDoor } from './database.ts'
import { frozenIn } from './database-freeze.ts'
import type { Freeze } from './freeze-file.ts'
import { type DatabaseLock, heldSessions } from './held-sessions.ts'
import type { Holder } from './lock-file.ts'
import { lockServer } from './lock-server.ts'
import {
  areApart,
  holderIn,
  holdersOf,
  inComment,
  isOf,
  type Keys,
  type LockSession,
  notOwn,
  openLockSession,
  takeKey,
} from './lock-session.ts'

/**
 * An advisory lock on the environment's database, so that operators on two machines exclude each other, and one that
 * dies leaves nothing behind. The holder is named in a comment of the query, which pg_stat_activity shows to others.
 *
 * It is two keys, each held by a session of its own, and whoever wants it needs both, in their order. So each session
 * proves that the other one is seen to hold; and where one ends, the other keeps everybody out until it is replaced.
 *
 * PostgreSQL keeps such a lock within one database. A run that renames its own must hold it from another one
 * meanwhile; so whoever takes it looks for the same keys in every database of the server, which pg_locks shows.
 */
export const takeDatabaseLock = async (
  door: DatabaseDoor,
  subject: string,
  holder: Holder,
  signal?: AbortSignal,
): Promise<DatabaseLock | { heldBy: Holder | undefined } | { frozen: Freeze }> => {
  const keys = keysOf(door, subject)
  const named = inComment(holder)
  const sessions: LockSession[] = []
  const leave = () => Promise.allSettled(sessions.map(({ client }) => client.end()))
  try {
    for (const key of keys) sessions.push(await openLockSession(door, door.database, { key, named, signal }))
    const [first, second] = sessions as [LockSession, LockSession]
    const server = await door.asked(() => lockServer(first, door))
    if (!(await areApart(first, second))) throw notOwn(door)
    const taken = (await takeKey(first)) && (await takeKey(second))
    if (taken === undefined) throw notOwn(door)
    // After the lock was taken: who freezes looks for a run after that, so that one of the two sees the other.
    const frozen = await frozenIn(first.client, subject, named)
    const seen = await holdersOf(first, keys)
    const other = seen.find((each) => !sessions.some((own) => isOf(own, each)))
    if (frozen || !taken || other) {
      await leave()
      return frozen ? { frozen } : { heldBy: other && holderIn(other.query) }
    }
    const back = await holdersOf(second, keys)
    if (!seen.some((each) => isOf(second, each)) || !back.some((each) => isOf(first, each)))
      throw notOwn(door)
    return heldSessions(door, { keys, named, sessions, server })
  } catch (error) {
    await leave()
    throw error
  }
}

/** Whether somebody holds it now, and who, where the role may see that; nothing is taken. */
export const databaseLockHolder = async (
  door: DatabaseDoor,
  subject: string,
  signal: AbortSignal,
): Promise<{ holder: Holder | undefined } | undefined> => {
  const client = await door.connect(undefined, signal)
  try {
    const [other] = await holdersOf({ client, named: '' }, keysOf(door, subject))
    return other && { holder: holderIn(other.query) }
  } finally {
    await client.end().catch(() => {})
  }
}

const keysOf = (door: DatabaseDoor, subject: string): Keys => {
  const keyOf = (name: string) => createHash('sha256').update(name).digest().readBigInt64BE().toString()
  const name = `runbook:${subject}:${door.database}`
  return [keyOf(name), keyOf(`${name}:second`)]
}

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
