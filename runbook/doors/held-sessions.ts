import { Failed } from '../model/failure.ts'
import type { Clock } from './clock.ts'
import type { DatabaseDoor } from './database.ts'
import type { Holder } from './lock-file.ts'
import { type LockServer, lockServer, movedTo } from './lock-server.ts'
import {
  type Asked,
  abandon,
  answers,
  areApart,
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
  /** The server that it is on, by what initdb gave it; undefined where the server does not tell. */
  readonly server: string | undefined
  /**
   * Looks whether it is still held, and takes it again where a session of it has ended, which is tried at once whenever one
   * ends. Undefined where nothing was amiss.
   */
  keep(clock: Clock, signal: AbortSignal): Promise<Regained | undefined>
  free(): Promise<void>
}

/** Of a lock that had lost a session. `ended`: the processes of the server that had it. */
export type Regained = { ended: readonly number[] } & (
  | {
      held: true
      /** For so long at most no session of it was there, and another run may have had it. Milliseconds. */
      gap: number
    }
  | {
      held: false
      /** The run that has it; undefined where its name cannot be seen. */
      by: Holder | undefined
    }
  | {
      held: false
      /** Why the server is not the one that it was. */
      moved: string
    }
)

interface Held {
  keys: Keys
  named: string
  sessions: LockSession[]
  server: LockServer
}

/** A server that is restarted comes back. Milliseconds. */
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
  let loss = nothingLost()
  const leaving = new AbortController()
  /** What was found between two looks, which the next one tells. */
  let found: Regained | undefined
  const look = async (signal: AbortSignal): Promise<Regained | undefined> => {
    const asked = performance.now()
    if (!loss.ended.size && (await isHeld(held))) {
      loss.since = asked
      return undefined
    }
    const regained = await regain(door, at, held, loss, signal)
    held.sessions.forEach(watch)
    if (regained.held) loss = nothingLost()
    return regained
  }
  /** The sooner it is taken again, the less can have come in between. */
  const lookAtOnce = () => {
    if (leaving.signal.aborted) return
    void inTurn(async () => {
      if (!leaving.signal.aborted) found = both(found, await look(leaving.signal))
    }).catch((error) => {
      if (passes(error)) setTimeout(lookAtOnce, EVERY).unref()
    })
  }
  const watched = new WeakSet<LockSession>()
  const watch = (session: LockSession) => {
    if (watched.has(session)) return
    watched.add(session)
    session.client.once('end', () => {
      if (held.sessions.includes(session)) lookAtOnce()
    })
  }
  held.sessions.forEach(watch)
  door.onLeave((databases, via) =>
    inTurn(async () => {
      if (!databases.includes(at) || via === undefined) return
      for (const [i, before] of held.sessions.entries()) {
        held.sessions[i] = await standIn(door, via, before.key, held.named)
        await before.client.end().catch(() => {})
      }
      held.sessions.forEach(watch)
      at = via
    }),
  )
  return {
    server: held.server.id,
    keep: (clock, signal) =>
      inTurn(async () => {
        const until = clock.monotonic() + PATIENCE
        for (;;) {
          try {
            const told = both(found, await look(signal))
            found = undefined
            return told
          } catch (error) {
            signal.throwIfAborted()
            if (!passes(error) || clock.monotonic() > until) throw error
            await clock.sleep(EVERY, signal)
          }
        }
      }),
    free: () => {
      leaving.abort()
      return inTurn(async () => {
        // The end of one that does not answer would be waited for, for minutes.
        await Promise.all(
          held.sessions.map(async (session) => {
            if (!(await answers(session))) abandon(session)
          }),
        )
        await Promise.allSettled(held.sessions.map(({ client }) => client.end()))
      })
    },
  }
}

interface Loss {
  ended: Set<number>
  /** None of the two was there. */
  gone: boolean
  /** It was known to be held then. Milliseconds, as performance.now() has them. */
  since: number
}

const nothingLost = (): Loss => ({ ended: new Set(), gone: false, since: performance.now() })

/** What was found before, and what is seen now: once it was another's, that stays so. */
const both = (before: Regained | undefined, now: Regained | undefined): Regained | undefined => {
  if (!before || !now) return before ?? now
  const ended = [...new Set([...before.ended, ...now.ended])]
  if (!before.held) return before
  return now.held ? { ...now, ended, gap: Math.max(before.gap, now.gap) } : { ...now, ended }
}

/** Both, as the first of them sees it. */
const isHeld = async ({ sessions, keys }: Held): Promise<boolean> => {
  const [first] = sessions
  try {
    const there = await holdersOf(first!, keys)
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
  held: Held,
  loss: Loss,
  signal: AbortSignal,
): Promise<Regained> => {
  const { keys, named, sessions } = held
  const looking = { client: await door.connect(at, signal), named: '' }
  const holders = () => door.asked(() => holdersOf(looking, keys))
  try {
    const there = await holders()
    const isThere = (own: LockSession) => there.some((holder) => isOf(own, holder))
    for (const own of sessions) if (!isThere(own)) loss.ended.add(own.pid)
    loss.gone ||= !sessions.some(isThere)
    // A session that is still there is proof enough that the server is the same.
    const server = loss.gone ? await serverNow(looking, door, held.server) : undefined
    if (server && 'moved' in server) return { held: false, ...server, ended: [...loss.ended] }
    const heldByOther = (now: typeof there): Regained | undefined => {
      const other = now.find((holder) => !sessions.some((own) => isOf(own, holder)))
      // Without a gap it will be refused, since it needs both keys.
      return loss.gone && other
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
    const other = heldByOther(await holders())
    if (other) return other
    // As when it was taken: what a pooler between does may be another thing by now.
    const [first, second] = sessions as [LockSession, LockSession]
    if (!(await areApart(first, second))) throw notOwn(door)
    // Their last query names the run to others.
    for (const session of sessions) {
      const seen = await door.asked(() => holdersOf(session, keys))
      if (!sessions.every((own) => seen.some((holder) => isOf(own, holder)))) throw notOwn(door)
    }
    // While the server was down, nobody could have had it.
    const gap = server ? performance.now() - Math.max(loss.since, server.since) : 0
    return { held: true, gap, ended: [...loss.ended] }
  } finally {
    await looking.client.end().catch(() => {})
  }
}

/**
 * Since when the server is up, as performance.now() has it, and `was` learns how far that has come; or why it is not the one
 * that it was.
 */
const serverNow = async (
  looking: Asked,
  door: DatabaseDoor,
  was: LockServer,
): Promise<{ since: number } | { moved: string }> => {
  try {
    const is = await lockServer(looking, door)
    const since = performance.now() - is.up
    const moved = movedTo(was, is)
    if (moved) return { moved }
    Object.assign(was, is)
    return { since }
  } catch (error) {
    if (error instanceof Failed && error.failure.kind === 'before-unmet')
      return { moved: 'a standby answers now' }
    return door.asked(() => Promise.reject(error))
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
  const taken = await door.asked(() => takeKey(session))
  if (taken) return session
  await session.client.end().catch(() => {})
  if (taken === undefined) throw notOwn(door)
  throw new Taken('somebody else holds a key of the lock')
}

/** One of this run's own, which nobody listens to any more. */
const endSession = (looking: Asked, { pid, began }: LockSession): Promise<unknown[]> =>
  ask(
    looking,
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE pid = ${pid} AND extract(epoch FROM backend_start)::text = '${began}'`,
  )
