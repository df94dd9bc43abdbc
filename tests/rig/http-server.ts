import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Asked {
  method: string
  path: string
  headers: IncomingMessage['headers']
  body: unknown
}
export type Handler = (asked: Asked, response: ServerResponse) => unknown

/** A real server on a free port, and what it was asked. `/health` is answered, and not kept. */
export const httpServer = async (handle: Handler) => {
  const asked: Asked[] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const text = Buffer.concat(chunks).toString()
    const body = text ? JSON.parse(text) : undefined
    const one = { method: request.method!, path: request.url!, headers: request.headers, body }
    if (one.path === '/health') return answer(response, 200, { status: 'ok' })
    asked.push(one)
    await handle(one, response)
  })
  const listen = async (port = 0) => {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
  }
  await listen()
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    asked,
    /** 'POST /projects', in order. */
    calls: () => asked.map(({ method, path }) => `${method} ${path}`),
    listen: () => listen(port),
    close: async () => {
      if (!server.listening) return
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

/** Answers, and says so. */
export const answer = (response: ServerResponse, status: number, json?: unknown): true => {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(json === undefined ? '' : JSON.stringify(json))
  return true
}
