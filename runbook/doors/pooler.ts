import type { Client } from 'pg'

/** How the server is reached: who a session's other end is, and whether that stays the same. */
export interface Way {
  /** Whether something between hands out sessions of its own, and keeps one for each client. */
  between: boolean
  /** The server itself, as what is between reaches it. */
  server?: string
}

/** Something between gives each transaction, or each statement, whichever session is free. */
export interface Shared {
  /** `full`: each client has its own, and none is left. */
  shared: 'transaction' | 'statement' | 'full'
  /** The server itself, as the pooler reaches it. */
  server?: string
}

/** A session that answers late is given up: a pooler without a free one lets its client wait. Milliseconds. */
const ANSWER = 10_000

/**
 * How often it is tried to be given the same session. Once is enough for a pool that hands out the one used last; the others
 * are for those that go round, choose by chance, or are several processes behind one port.
 */
const ROUNDS = 16

/**
 * Whether a connection has a session of its own for as long as it lives. A server names its process when it lets somebody
 * in; a pooler names itself. Then only trying tells: while others are in a transaction, nobody else is in their session,
 * and this connection does not move to another.
 */
export const wayOf = async (client: Client, open: () => Promise<Client>): Promise<Way | Shared> => {
  const own = await backendOf(client)
  if (own.pid === toldPid(client)) return { between: false }
  for (let round = 1; round <= ROUNDS; round += 1) {
    const other = await open()
    try {
      await query(other, 'BEGIN')
      const { pid } = await backendOf(other)
      const moved = pid === own.pid || (await backendOf(client)).pid !== own.pid
      // A pool throws away what is left in a transaction.
      await query(other, 'ROLLBACK')
      if (moved) return shared('transaction', own)
    } catch (error) {
      if (isRefusedTransaction(error)) return shared('statement', own)
      if (!isKeptWaiting(error)) throw error
      return shared('full', own)
    } finally {
      await other.end().catch(() => {})
    }
  }
  return { between: true, ...(own.server && { server: own.server }) }
}

/** The name of what answers in the place of the server: PgBouncer and those like it have a database of this name. */
export const poolerName = async (
  open: (database: string) => Promise<Client>,
): Promise<string | undefined> => {
  try {
    const client = await open('pgbouncer')
    try {
      const { rows } = await client.query<{ version: string }>('SHOW VERSION')
      return rows[0]?.version
    } finally {
      await client.end().catch(() => {})
    }
  } catch (error) {
    // PostgreSQL would say that there is no such database (3D000).
    const { code, message } = error as { code?: string; message: string }
    return code === '08P01' && /not allowed|no such user|admin/i.test(message) ? 'PgBouncer' : undefined
  }
}

/** PgBouncer lets nobody in who gives `options` to a session, where it is not told to pass them over. */
export const isRefusedOption = (error: unknown): boolean =>
  /unsupported startup parameter/i.test((error as Error).message)

/** PgBouncer, `pool_mode = statement`. */
const isRefusedTransaction = (error: unknown): boolean => /statement pooling/i.test((error as Error).message)

/** By pg's own patience, or by PgBouncer's. */
const isKeptWaiting = (error: unknown): boolean =>
  /query read timeout/i.test((error as Error).message) || isPoolFull(error)

/** PgBouncer's own word for it. */
export const isPoolFull = (error: unknown): boolean => /query_wait_timeout/i.test((error as Error).message)

interface Backend {
  pid: number
  server: string | null
}

const shared = (mode: Shared['shared'], { server }: Backend): Shared => ({
  shared: mode,
  ...(server && { server }),
})

const backendOf = async (client: Client): Promise<Backend> =>
  (
    await query<Backend>(
      client,
      `SELECT pg_backend_pid() AS pid, host(inet_server_addr()) || ':' || inet_server_port() AS server`,
    )
  )[0]!

const query = async <Row>(client: Client, text: string): Promise<Row[]> => {
  // Known to pg, not to its types.
  const limited = { text, query_timeout: ANSWER }
  return (await client.query(limited)).rows as Row[]
}

const toldPid = (client: Client): number | null =>
  (client as unknown as { processID: number | null }).processID
