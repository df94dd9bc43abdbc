import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect, settings } from './database.mjs'
import { authenticate, HttpError, projectRoutes } from './projects.mjs'

// Read once at start: a process that was not restarted keeps answering the revision that it runs.
const revision = execFileSync('git', ['rev-parse', 'HEAD'], {
  cwd: import.meta.dirname,
  encoding: 'utf8',
}).trim()

const start = async () => {
  const { HOST: host = '127.0.0.1', PORT = '3000' } = settings()
  const prisma = connect()
  await prisma.$queryRaw`SELECT 1`
  const routes = projectRoutes(prisma)
  const server = createServer(async (request, response) => {
    const path = (request.url ?? '/').split('?')[0]
    try {
      send(response, await answer(prisma, routes, request, path))
    } catch (error) {
      if (error instanceof HttpError)
        return send(response, { status: error.status, body: { error: error.message } })
      logError(`${request.method} ${path} answers 500`, error)
      send(response, { status: 500, body: { error: 'Internal server error' } })
    }
  }).listen(Number(PORT), host)
  await once(server, 'listening')
  console.log(`✓ Server listening on port ${PORT}`)
  console.log('✓ Prisma client initialized')
  for (const signal of ['SIGINT', 'SIGTERM'])
    process.once(signal, async () => {
      setTimeout(() => process.exit(1), 3000).unref()
      server.close()
      server.closeIdleConnections()
      await once(server, 'close')
      await prisma.$disconnect()
      process.exit(0)
    })
}

const answer = async (prisma, routes, request, path) => {
  if (request.method === 'GET' && ['/health', '/api/health'].includes(path))
    return { status: 200, body: { status: 'ok', revision, uptime: Math.round(process.uptime()) } }
  const [, below, id, rest = ''] =
    /^(\/api\/apps\/avatar-creator\/projects)(?:\/([^/]+)(\/avatars)?)?$/.exec(path) ?? []
  const route = routes[`${request.method} ${below}${id ? '/:id' : ''}${rest}`]
  if (!route) throw new HttpError(404, `no route for ${request.method} ${path}`)
  const userId = await authenticate(prisma, request.headers.authorization)
  return route({ userId, id, body: request.method === 'POST' ? await readJson(request) : undefined })
}

const readJson = async (request) => {
  let text = ''
  for await (const chunk of request.setEncoding('utf8')) {
    text += chunk
    if (text.length > 1_000_000) throw new HttpError(413, 'the body is larger than 1 MB')
  }
  try {
    const body = JSON.parse(text)
    if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body
  } catch {
    // Said below.
  }
  throw new HttpError(400, 'the body is not a JSON object')
}

const send = (response, { status, body }) => {
  if (body === undefined) return response.writeHead(status).end()
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(body))
}

const logError = (what, error) =>
  console.error(`${new Date().toISOString()} error: ${what}: ${error?.stack ?? error}`)

start().catch((error) => {
  logError('the server does not start', error)
  process.exit(1)
})
