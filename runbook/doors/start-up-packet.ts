import type { Socket } from 'node:net'

/** What a client says first: https://www.postgresql.org/docs/current/protocol-message-formats.html */
export type FirstPacket =
  | { is: 'start-up'; version: number; parameters: Record<string, string> }
  | { is: 'cancel'; packet: Buffer }
  | { is: 'asks-for-encryption' }
  | { is: 'insists-on-encryption' }
  | { is: 'foreign' }

const [CANCEL, TLS, GSS] = [80877102, 80877103, 80877104]
/** The first byte of TLS without a word of PostgreSQL before it (`sslnegotiation=direct`). */
const HANDSHAKE = 0x16
/** As the server limits it. Bytes. */
const MOST = 10_000

/** Undefined where it has said nothing, and left. */
export const readFirstPacket = async (client: Socket): Promise<FirstPacket | undefined> => {
  const head = await take(client, 8)
  if (!head) return undefined
  if (head[0] === HANDSHAKE) return { is: 'insists-on-encryption' }
  const [length, code] = [head.readInt32BE(0), head.readInt32BE(4)]
  if (code === TLS || code === GSS) return { is: 'asks-for-encryption' }
  if (length < 8 || length > MOST) return { is: 'foreign' }
  const rest = length === 8 ? Buffer.alloc(0) : await take(client, length - 8)
  if (!rest) return undefined
  if (code === CANCEL) return { is: 'cancel', packet: Buffer.concat([head, rest]) }
  if (code >> 16 !== 3) return { is: 'foreign' }
  const words = rest.toString('utf8').split('\0')
  const parameters: Record<string, string> = {}
  for (let i = 0; words[i]; i += 2) parameters[words[i]!] = words[i + 1] ?? ''
  return { is: 'start-up', version: code, parameters }
}

export const startUpPacket = (version: number, parameters: Readonly<Record<string, string>>): Buffer => {
  const words = Object.entries(parameters).flat()
  const body = Buffer.from([...words, '', ''].join('\0'))
  const head = Buffer.alloc(8)
  head.writeInt32BE(8 + body.length, 0)
  head.writeInt32BE(version, 4)
  return Buffer.concat([head, body])
}

/** The word of a server that refuses a session: https://www.postgresql.org/docs/current/protocol-error-fields.html */
export const refusal = (sqlstate: string, message: string): Buffer =>
  framed('E', Buffer.from(`SFATAL\0VFATAL\0C${sqlstate}\0M${message}\0\0`))

/** What a server says to a client that need not prove who it is, and which takes over a session that is open. */
export const welcome = (session: {
  parameters: readonly (readonly [name: string, value: string])[]
  processID: number
  secretKey: number
}): Buffer => {
  const key = Buffer.alloc(8)
  key.writeInt32BE(session.processID, 0)
  key.writeInt32BE(session.secretKey, 4)
  return Buffer.concat([
    framed('R', Buffer.alloc(4)),
    ...session.parameters.map((one) => framed('S', Buffer.from(`${one[0]}\0${one[1]}\0`))),
    framed('K', key),
    framed('Z', Buffer.from('I')),
  ])
}

const framed = (type: string, body: Buffer): Buffer => {
  const head = Buffer.alloc(5)
  head.write(type)
  head.writeInt32BE(4 + body.length, 1)
  return Buffer.concat([head, body])
}

/** As many bytes; what comes after them stays where it is. */
const take = async (client: Socket, size: number): Promise<Buffer | undefined> => {
  for (;;) {
    const bytes = client.read(size) as Buffer | null
    if (bytes) return bytes.length === size ? bytes : undefined
    if (client.readableEnded || client.destroyed) return undefined
    await new Promise<void>((resolve) => {
      const go = () => {
        for (const event of EVENTS) client.off(event, go)
        resolve()
      }
      for (const event of EVENTS) client.on(event, go)
    })
  }
}
const EVENTS = ['readable', 'end', 'close', 'error'] as const
