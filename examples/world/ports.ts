import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'

/**
 * A port of 127.0.0.1 where nobody listens at this moment. Whoever uses it must be ready to find it taken and to
 * ask again. Below 32768, so that no outgoing connection of somebody else sits on it by chance.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(20_000, 32_000)
    const server = createServer()
    server.listen(port, '127.0.0.1')
    const listens = await once(server, 'listening').catch(() => undefined)
    server.close()
    if (listens) return port
  }
}
