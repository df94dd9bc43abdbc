import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/**
 * A pooler for transactions that cannot be told from the server by what it says: each client is let in by the server itself,
 * whose process it is told. Only then all share the sessions, and whichever was used last is given to the next.
 */
export const transactionPool = async (to: number) => {
  const idle: Socket[] = []
  const sockets: Socket[] = []
  const server = createServer((client) => {
    let own: Socket | undefined
    let letIn = false
    /** What the server says goes to the client, until it is ready and in no transaction. */
    const use = (session: Socket) => {
      own = session
      session.removeAllListeners('data').on('data', (chunk) => {
        client.write(chunk)
        if (!isReady(chunk)) return
        letIn = true
        own = undefined
        idle.push(session)
      })
    }
    const first = connect(to, '127.0.0.1')
    sockets.push(client, first)
    for (const socket of [client, first]) socket.on('error', () => {})
    use(first)
    client.on('data', (chunk) => {
      // X: it leaves, and the session stays.
      if (letIn && chunk[0] === 0x58) return
      if (!own) use(idle.pop()!)
      own!.write(chunk)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}

/** ReadyForQuery, with I: it ends what the server has to say, and no transaction is open. */
const isReady = (chunk: Buffer): boolean =>
  chunk.length >= 6 && chunk.subarray(-6).equals(Buffer.from([0x5a, 0, 0, 0, 5, 0x49]))
