import { type Failed, unmet } from '../model/failure.ts'
import type { DatabaseDoor } from './database.ts'
import { type Asked, ask } from './lock-session.ts'

/** The server that a lock is on: what tells it from its copies. Undefined where a server does not tell. */
export interface LockServer {
  /** Given by initdb; the same on each physical copy. */
  id?: string
  /** Goes up whenever a copy becomes a primary. */
  timeline?: string
  /** How far its log was written. Bytes. */
  written?: bigint
  /** For how long it has been up. Milliseconds. */
  up: number
}

/** Every role may ask this; some services that are called PostgreSQL cannot answer all of it. */
const WHOLE = `(SELECT system_identifier FROM pg_control_system())::text AS id, left(pg_walfile_name(pg_current_wal_lsn()), 8) AS timeline,
  pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::text AS written`

/** Fails where it only repeats what another server writes: a lock there is seen by nobody who changes anything. */
export const lockServer = async (asked: Asked, door: DatabaseDoor): Promise<LockServer> => {
  const [first] = await ask<{ repeats: boolean; up: number }>(
    asked,
    `SELECT pg_is_in_recovery() AS repeats, (extract(epoch FROM clock_timestamp() - pg_postmaster_start_time()) * 1000)::float8 AS up`,
  )
  const { repeats, up } = first!
  if (repeats) throw standby(door)
  const [rest] = await ask<{ id: string; timeline: string; written: string }>(asked, `SELECT ${WHOLE}`).catch(
    () => [],
  )
  return rest ? { up, id: rest.id, timeline: rest.timeline, written: BigInt(rest.written) } : { up }
}

const standby = (door: DatabaseDoor): Failed =>
  unmet(
    `${door.printed} can be changed`,
    'it is a standby, which repeats what another server writes (pg_is_in_recovery)',
    `name the primary in ${door.secret}`,
  )

/**
 * Why it is not the server that it was, and may not have what was committed there; undefined where it is. A server that was
 * restarted is the same.
 */
export const movedTo = (was: LockServer, is: LockServer): string | undefined => {
  if (was.id === undefined || is.id === undefined)
    return 'nothing tells whether the server is the one that it was'
  if (was.id !== is.id) return 'another server answers now'
  if (was.timeline !== is.timeline)
    return `another copy of the server answers now (its timeline was ${Number(`0x${was.timeline}`)}, and is ${Number(`0x${is.timeline}`)})`
  if (is.written! < was.written!) return 'a server answers now that does not have all that was written'
  return undefined
}
