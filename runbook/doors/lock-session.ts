import type { Client } from 'pg'
import type { Failed } from '../model/failure.ts'
import type { DatabaseDoor } from './database.ts'
import type { Holder } from './lock-file.ts'
import { cut } from './silent-server.ts'

/** Of a lock, in the order in which they are taken. */
export type Keys = readonly [string, string]

/** A session, and the comment that names the holder in each of its queries: the last one tells others who it is. */
export interface Asked {
  client: Client
  named: string
}

/** A session that holds one key of a lock for as long as it lives. */
export interface LockSession extends Asked {
  key: string
  pid: number
  /** With the pid, for ever: it is used again. */
  began: string
}

/** Who holds a key on the server now, in whichever database. */
export interface KeyHolder {
  key: string
  pid: number
  began: string
  /** The last one; empty where the role may not see it. */
  query: string
}

/** A session that does not answer is given up. Milliseconds. */
const ANSWER = 5_000

/**
 * The session of a lock is idle for as long as its run takes. It is not to be ended for that, a line that forgets silent
 * connections is not to forget it, and where this machine is gone, the server is to notice within minutes.
 */
const LASTING = {
  idle_session_timeout: '0',
  tcp_keepalives_idle: '60',
  tcp_keepalives_interval: '10',
  tcp_keepalives_count: '6',
}

/** Opens a session for a key, and reads back what it was given. */
export const openLockSession = async (
  door: DatabaseDoor,
  database: string,
  { key, named, signal }: { key: string; named: string; signal?: AbortSignal | undefined },
): Promise<LockSession> => {
  const client = await door.connect(database, signal)
  try {
    const settings = Object.entries(LASTING)
    const values = settings.map(([name, value]) => `('${name}', '${value}')`).join(', ')
    // A server that is older does not know each of them.
    await ask(
      { client, named },
      `SELECT set_config(name, v, false) FROM pg_settings JOIN (VALUES ${values}) AS given (n, v) ON n = name`,
    )
    // The server keeps the first 63 signs, and has signs of its own for what is not ASCII.
    const called = /^[ -~]*$/.test(door.name)
      ? `application_name = left(${client.escapeLiteral(door.name)}, 63)`
      : `application_name <> ''`
    const [session] = await ask<{ pid: number; began: string; lasts: boolean }>(
      { client, named },
      `SELECT pid, extract(epoch FROM backend_start)::text AS began,
         coalesce(current_setting('idle_session_timeout', true), '0') = '0' AND ${called} AS lasts
       FROM pg_stat_activity WHERE pid = pg_backend_pid()`,
    )
    if (!session?.lasts) throw notOwn(door)
    return { client, named, key, pid: session.pid, began: session.began }
  } catch (error) {
    await client.end().catch(() => {})
    return door.asked(() => Promise.reject(error))
  }
}

/**
 * Whether two sessions stay what they are while the other one is in a transaction: a pooler that names the server's process
 * as its own would not be known otherwise.
 */
export const areApart = async (one: LockSession, other: LockSession): Promise<boolean> => {
  let apart = one.pid !== other.pid
  for (const [first, second] of [
    [one, other],
    [other, one],
  ] as const) {
    await ask(first, 'BEGIN')
    apart &&= (await answers(first)) && (await answers(second))
    await ask(first, 'ROLLBACK')
  }
  return apart
}

/** Takes its key, where nobody has it in that database; undefined where the session is not its own any more. */
export const takeKey = async (session: LockSession): Promise<boolean | undefined> => {
  // One statement is one transaction: where the session is another one by now, nothing is taken there.
  const [row] = await ask<{ taken: boolean | null }>(
    session,
    `SELECT CASE WHEN pg_backend_pid() = ${session.pid} THEN pg_try_advisory_lock(${session.key}) END AS taken`,
  )
  return row?.taken ?? undefined
}

/** Who holds them, as this connection sees it. */
export const holdersOf = (asked: Asked, keys: Keys): Promise<KeyHolder[]> =>
  ask<KeyHolder>(
    asked,
    `SELECT k AS key, pid, coalesce(extract(epoch FROM a.backend_start)::text, '') AS began, coalesce(a.query, '') AS query
     FROM (SELECT pid, ((classid::bigint << 32) | objid::bigint)::text AS k FROM pg_locks
           WHERE locktype = 'advisory' AND objsubid = 1 AND granted) l LEFT JOIN pg_stat_activity a USING (pid)
     WHERE k IN (${keys.map((key) => `'${key}'`).join(', ')}) ORDER BY k <> '${keys[0]}'`,
  )

export const isOf = (session: LockSession, holder: KeyHolder): boolean =>
  holder.key === session.key && holder.pid === session.pid && holder.began === session.began

/** Whether its client still has that session at the other end. */
export const answers = async (session: LockSession): Promise<boolean> => {
  try {
    return (await ask<{ pid: number }>(session, 'SELECT pg_backend_pid() AS pid'))[0]?.pid === session.pid
  } catch {
    return false
  }
}

/** Closes it without a word where nobody may be there to hear it. */
export const abandon = ({ client }: LockSession): void => cut(client)

export const ask = async <Row>({ client, named }: Asked, text: string): Promise<Row[]> => {
  // Known to pg, not to its types.
  const limited = { text: `${named} ${text}`, query_timeout: ANSWER }
  return (await client.query(limited)).rows as Row[]
}

/** Who holds, as a comment in a query: JSON in which no sign begins or ends one. */
export const inComment = (holder: Holder): string =>
  `/*${JSON.stringify(holder).replaceAll('/', '\\u002f')}*/`

/** Undefined where the query cannot be seen, or is another program's. */
export const holderIn = (query: string): Holder | undefined => {
  try {
    return JSON.parse(query.match(/\/\*(.*)\*\//s)?.[1] ?? '')
  } catch {
    return undefined
  }
}

/** What was set on it, or taken by it, is not there any more when it is looked at. */
export const notOwn = (door: DatabaseDoor): Failed => door.pooled({ shared: 'transaction' })
