import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/**
 * A way to a port of this machine that can fall silent, as a firewall or a proxy does that forgets its connections: the server
 * sees its clients leave; they see nothing, and whoever comes later is let in and never answered.
 */
export const silentWay = async (to: number) => {
  const clients: Socket[] = []
  const servers: Socket[] = []
  let silent = false
  const door = createServer((client) => {
    clients.push(client.on('error', () => {}))
    if (silent) return
    const server = connect(to, '127.0.0.1').on('error', () => {})
    servers.push(server)
    client.on('data', (bytes) => silent || server.write(bytes)).on('close', () => server.destroy())
    server.on('data', (bytes) => silent || client.write(bytes)).on('close', () => silent || client.destroy())
  })
  await new Promise<void>((resolve) => door.listen(0, '127.0.0.1', resolve))
  return {
    port: (door.address() as AddressInfo).port,
    fallSilent: () => {
      silent = true
      for (const server of servers) server.destroy()
    },
    close: () => {
      for (const socket of [...clients, ...servers]) socket.destroy()
      door.close()
    },
  }
}
