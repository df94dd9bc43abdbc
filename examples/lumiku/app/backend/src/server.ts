import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { avatarCreatorRoutes } from './apps/avatar-creator/avatar-creator.routes'
import { loadConfig } from './config'
import prisma from './db/client'
import { router } from './http/router'
import { log, logError } from './log'
import { healthRoutes } from './routes/health'

async function start(): Promise<void> {
  const { host, port } = loadConfig()
  await prisma.$connect()
  const server = createServer(router([...healthRoutes, ...avatarCreatorRoutes])).listen(port, host)
  await once(server, 'listening')
  log(`✓ Server listening on port ${port}`)
  log('✓ Database connected')
  log('✓ Prisma client initialized')
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop(server, signal))
}

/** Answers what was asked already, then ends. */
async function stop(server: Server, signal: string): Promise<void> {
  log(`Stopping on ${signal}`)
  setTimeout(() => process.exit(1), 3000).unref()
  server.close()
  server.closeIdleConnections()
  await once(server, 'close')
  await prisma.$disconnect()
  process.stdout.write('', () => process.exit(0))
}

start().catch((error) => {
  logError('the server does not start', error)
  // In cluster mode pm2 loses what is not written yet.
  process.stderr.write('', () => process.exit(1))
})
