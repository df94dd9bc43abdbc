import { Failed } from '../model/failure.ts'
import type { Clock } from './clock.ts'
import type { DatabaseDoor } from './database.ts'
import type { Holder } from './lock-file.ts'
import {
  abandon,
  answers,
  ask,
  holderIn,
  holdersOf,
  isOf,
  type Keys,
  type LockSession,
  notOwn,
  openLockSession,
  takeKey,
} from './lock-session.ts'

export interface DatabaseLock {
  /**
   * Looks whether it is still held, which is one round trip, and takes it again where a session of it has ended. Undefined
   * where nothing was amiss.
   */
  keep(clock: Clock, signal: AbortSignal): Promise<Regained | undefined>
  free(): Promise<void>
}

/** Of a lock that had lost a session. `ended`: the processes of the server that had it. */
export type Regained =
  /** `gap`: for a while no session of it was there, and another run may have had it. */
  | { held: true; gap: boolean; ended: readonly number[] }
  /** By another run; undefined where its name cannot be seen. */
  | { held: false; by: Holder | undefined; ended: readonly number[] }

interface Held {
  keys: Keys
  named: string
  sessions: LockSession[]
}

/** A server that is restarted, or replaced by its standby, comes back. Milliseconds. */
const PATIENCE = 30_000
const EVERY = 250

/** A lock that is held, by two sessions. What is done with them is done one after the other. */
export const heldSessions = (door: DatabaseDoor, held: Held): DatabaseLock => {
  let at = door.database
  let last: Promise<unknown> = Promise.resolve()
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const mine = last.then(work)
    last = mine.catch(() => {})
    return mine
  }
  /** What was lost since it was last known to be held: an attempt to take it again may fail half way. */
  let loss: Loss = { gap: false, ended: new Set() }
  door.onLeave((databases, via) =>
    inTurn(async () => {
      if (!databases.includes(at) || via === undefined) return
      for (const [i, before] of held.sessions.entries()) {
        held.sessions[i] = await standIn(door, via, before.key, held.named)
        await before.client.end().catch(() => {})
      }
      at = via
    }),
  )
  return {
    keep: (clock, signal) =>
      inTurn(async () => {
        if (!loss.ended.size && (await isHeld(held))) return undefined
        const until = clock.monotonic() + PATIENCE
        for (;;) {
          try {
            const regained = await regain(door, at, held, loss, signal)
            if (regained.held) loss = { gap: false, ended: new Set() }
            return regained
          } catch (error) {
            signal.throwIfAborted()
            if (!passes(error) || clock.monotonic() > until) throw error
            await clock.sleep(EVERY, signal)
          }
        }
      }),
    free: () =>
      inTurn(async () => {
        // The end of one that does not answer would be waited for, for minutes.
        for (const session of held.sessions) if (!(await answers(session))) abandon(session)
        await Promise.allSettled(held.sessions.map(({ client }) => client.end()))
      }),
  }
}

interface Loss {
  gap: boolean
  ended: Set<number>
}

/** Both, as the first of them sees it. */
const isHeld = async ({ sessions, keys, named }: Held): Promise<boolean> => {
  const [first] = sessions
  try {
    const there = await holdersOf(first!.client, keys, named)
    return sessions.every((own) => there.some((holder) => isOf(own, holder)))
  } catch {
    // Whoever asks it once more need not wait again.
    abandon(first!)
    return false
  }
}

/** A key is taken by somebody who will be refused, or by a session that is about to end. */
class Taken extends Error {}

const passes = (error: unknown): boolean => {
  if (!(error instanceof Failed)) return error instanceof Taken
  const { failure } = error
  // 57P01 and its neighbours: the server goes down, or comes up, or somebody ends its sessions.
  return (
    failure.kind === 'database-unreachable' ||
    (failure.kind === 'query-failed' && failure.sqlstate.startsWith('57P'))
  )
}

/**
 * Puts new sessions in the place of those that have ended, or that do not answer: of such a one the server may still keep
 * the key. While it does, or the other session lives, nobody else can have had the lock.
 */
const regain = async (
  door: DatabaseDoor,
  at: string,
  { keys, named, sessions }: Held,
  loss: Loss,
  signal: AbortSignal,
): Promise<Regained> => {
  const looking = await door.connect(at, signal)
  const holders = () => door.asked(() => holdersOf(looking, keys, ''))
  try {
    const there = await holders()
    const isThere = (own: LockSession) => there.some((holder) => isOf(own, holder))
    loss.gap ||= !sessions.some(isThere)
    const heldByOther = (now: typeof there): Regained | undefined => {
      const other = now.find((holder) => !sessions.some((own) => isOf(own, holder)))
      // Without a gap it will be refused, since it needs both keys.
      return loss.gap && other
        ? { held: false, by: holderIn(other.query), ended: [...loss.ended] }
        : undefined
    }
    // Those of which the server keeps nothing come first: until they are replaced, the others stay.
    for (const own of [...sessions].sort((a, b) => Number(isThere(a)) - Number(isThere(b)))) {
      if (isThere(own) && (await answers(own))) continue
      loss.ended.add(own.pid)
      const other = heldByOther(there)
      if (other) return other
      abandon(own)
      if (isThere(own)) await door.asked(() => endSession(looking, own))
      sessions[sessions.indexOf(own)] = await standIn(door, at, own.key, named, signal)
    }
    return heldByOther(await holders()) ?? { held: true, gap: loss.gap, ended: [...loss.ended] }
  } finally {
    await looking.end().catch(() => {})
  }
}

/** A new session that holds the key. */
const standIn = async (
  door: DatabaseDoor,
  at: string,
  key: string,
  named: string,
  signal?: AbortSignal,
): Promise<LockSession> => {
  const session = await openLockSession(door, at, { key, named, signal })
  const taken = await door.asked(() => takeKey(session, named))
  if (taken) return session
  await session.client.end().catch(() => {})
  if (taken === undefined) throw notOwn(door)
  throw new Taken('somebody else holds a key of the lock')
}

/** One of this run's own, which nobody listens to any more. */
const endSession = (client: LockSession['client'], { pid, began }: LockSession): Promise<unknown[]> =>
  ask(
    client,
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE pid = ${pid} AND extract(epoch FROM backend_start)::text = '${began}'`,
  )
