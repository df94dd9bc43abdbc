import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { connect as connectTls } from 'node:tls'
import type { DatabaseDoor } from './database.ts'
import { encryptionsOf, tlsOf } from './database-tls.ts'
import type { DatabaseTarget } from './database-url.ts'
import { readFirstPacket, refusal, startUpPacket, welcome } from './start-up-packet.ts'
import { withoutBinding } from './without-binding.ts'

export interface GateOptions {
  live: DatabaseTarget
  copy: DatabaseTarget
  /** On another server, where other roles are known: whoever comes is taken for the one who made the copy. */
  elsewhere?: DatabaseDoor
  /** Told before another role than the live URL's comes to the copy, which is closed to it. */
  admit(role: string): Promise<void>
  /** What was not let through, in words for whoever reads why a command failed. */
  refused(what: string): void
}

/**
 * Lets a client that wants the live database into the copy, whatever it takes that for: the name in its first packet is
 * exchanged. Who it is it proves to the server itself. No other database is let through, and no session that is of the
 * whole server.
 */
export const letThrough = async (client: Socket, options: GateOptions): Promise<void> => {
  client.on('error', () => {})
  let upstream: Duplex | undefined
  client.on('close', () => upstream?.destroy())
  try {
    upstream = await upstreamOf(client, options)
  } catch (error) {
    client.end(refusal('08006', `the copy does not answer: ${(error as Error).message}`))
  }
  if (!upstream) return
  upstream.on('error', () => client.destroy()).on('close', () => client.destroy())
  if (client.destroyed) upstream.destroy()
  client.pipe(upstream)
  upstream.pipe(withoutBinding()).pipe(client)
}

const upstreamOf = async (client: Socket, options: GateOptions): Promise<Duplex | undefined> => {
  const { live, copy, elsewhere, refused } = options
  const refuse = (sqlstate: string, why: string): undefined => {
    refused(why)
    client.end(refusal(sqlstate, `in a rehearsal: ${why}`))
  }
  let asked = false
  for (;;) {
    const first = await readFirstPacket(client)
    if (!first && asked) refused(TLS)
    if (!first || first.is === 'foreign') return void client.destroy()
    if (first.is === 'insists-on-encryption') {
      refused(TLS)
      return void client.destroy()
    }
    if (first.is === 'asks-for-encryption') {
      asked = true
      client.write('N')
      continue
    }
    if (first.is === 'cancel') {
      const server = await reach(copy)
      server.end(first.packet)
      return server
    }
    const { version, parameters } = first
    const { user = '', database = user, replication } = parameters
    if (replication && !/^(false|off|no|0)$/i.test(replication))
      return refuse('0A000', 'a replication session would reach the whole server')
    if (database !== live.database && database !== copy.database)
      return refuse(
        '3D000',
        `only the copy of "${live.database}" can be reached, not the database "${database}"`,
      )
    if (elsewhere) {
      const { upstream, greeting } = await sessionOf(elsewhere, parameters)
      client.write(greeting)
      return upstream
    }
    if (user !== live.user) await options.admit(user)
    const server = await reach(copy)
    server.write(startUpPacket(version, { ...parameters, database: copy.database! }))
    return server
  }
}

const TLS =
  'a program insists on TLS, which the way to the copy does not speak: let it take sslmode=prefer, or switch TLS off by a variable'

/** The server, encrypted as its URL says; nothing has been said to it yet. */
const reach = async (target: DatabaseTarget) => {
  const { host = 'localhost', hostaddr, port = '5432' } = target
  const isSocket = host.startsWith('/')
  const socket = isSocket ? connect(`${host}/.s.PGSQL.${port}`) : connect(Number(port), hostaddr ?? host)
  await once(socket, 'connect')
  const encryptions = encryptionsOf(target, host)
  if (encryptions[0] === 'plain') return socket
  socket.write(Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]))
  const closed = once(socket, 'close').then(() => {
    throw new Error('its server closed the connection before it said whether it speaks TLS')
  })
  const [answer] = await Promise.race([once(socket, 'data') as Promise<[Buffer]>, closed])
  // Whoever holds the connection from here on sees its end.
  closed.catch(() => {})
  socket.pause()
  if (answer.toString() === 'S') {
    const encrypted = connectTls({ socket, ...(await tlsOf(target, host)) })
    await once(encrypted, 'secureConnect')
    return encrypted
  }
  if (encryptions.includes('plain')) return socket
  socket.destroy()
  throw new Error('its server does not support SSL connections')
}

/** A session of our own, as the client wants it, and what a server says when one begins. */
const sessionOf = async (door: DatabaseDoor, parameters: Readonly<Record<string, string>>) => {
  const { user, database, replication, ...startUp } = parameters
  const client = await door.connect(undefined, undefined, { startUp })
  const { rows } = await client.query<{ name: string; setting: string }>(
    `SELECT name, setting FROM pg_settings WHERE name = ANY ($1)`,
    [REPORTED],
  )
  const { connection, processID, secretKey } = client as unknown as {
    connection: { stream: Duplex }
    processID: number
    secretKey: number
  }
  const { stream } = connection
  stream.removeAllListeners('data')
  const reported = rows.map(({ name, setting }) => [name, setting] as const)
  return { upstream: stream, greeting: welcome({ parameters: reported, processID, secretKey }) }
}

/** https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-ASYNC */
const REPORTED = [
  ...['server_version', 'server_encoding', 'client_encoding', 'application_name', 'is_superuser'],
  ...['session_authorization', 'DateStyle', 'IntervalStyle', 'TimeZone', 'integer_datetimes'],
  ...['standard_conforming_strings', 'default_transaction_read_only', 'in_hot_standby'],
]
