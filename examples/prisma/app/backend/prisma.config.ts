import { fileURLToPath } from 'node:url'
import { PrismaPg } from '@prisma/adapter-pg'
import { parse } from 'pg-connection-string'
import { defineConfig } from 'prisma/config'

/**
 * Prisma Migrate on the WebAssembly engine inside of `prisma@6.19.3`, so that no engine is downloaded. The stock
 * adapter differs from the native engine in five things, which are put right here:
 *  1. a migration is sent whole, as one implicit transaction; the stock adapter splits it at every `;`
 *  2. one connection, so that BEGIN, COMMIT and the advisory lock stay together
 *  3. PostgreSQL's "char" (18) and name (19) are read as text; the stock adapter refuses them
 *  4. the parts of the URL: with a URL the stock adapter takes the real database for the shadow database
 *  5. the timer of the advisory lock, 10 s, does not keep the command line waiting
 */
class MigratePg extends PrismaPg {
  override async connect() {
    return corrected(await super.connect())
  }
  override async connectToShadowDb() {
    return corrected(await super.connectToShadowDb())
  }
}

function corrected(connection: any) {
  const pool = connection.underlyingDriver?.() ?? connection.client
  const query = pool.query.bind(pool)
  pool.query = async (...args: unknown[]) => {
    const result = await query(...args)
    for (const one of [result].flat())
      for (const field of one?.fields ?? [])
        if (field.dataTypeID === 18 || field.dataTypeID === 19) field.dataTypeID = 25
    return result
  }
  connection.executeScript = async (script: string) => {
    try {
      await query(script)
    } catch (error) {
      connection.onError(error)
    }
  }
  return connection
}

const setTimeoutOfNode = globalThis.setTimeout
globalThis.setTimeout = ((work: () => void, ms?: number, ...rest: unknown[]) => {
  const timer = setTimeoutOfNode(work, ms, ...(rest as []))
  if (ms === 10_000) timer.unref()
  return timer
}) as typeof setTimeout

process.env.PRISMA_SCHEMA_ENGINE_BINARY ??= fileURLToPath(
  new URL('./prisma/can-connect.mjs', import.meta.url),
)

// What the shell has set already stays.
try {
  process.loadEnvFile(fileURLToPath(new URL('./.env', import.meta.url)))
} catch {
  // On a machine that only generates the client there is none.
}
const url = process.env.DATABASE_URL
// Without any URL `generate` downloads the native query engine, which nothing here uses.
process.env.DATABASE_URL ||= 'postgresql://nowhere'

export default defineConfig({
  experimental: { adapter: true },
  engine: 'js',
  adapter: async () => {
    if (!url) throw new Error('DATABASE_URL is not set')
    const { host, port, user, password, database, ssl } = parse(url, { useLibpqCompat: true })
    const where = { host: host ?? 'localhost', port: Number(port ?? 5432), database: database ?? undefined }
    return new MigratePg({ ...where, user, password, ssl: ssl as never, max: 1, idleTimeoutMillis: 200 })
  },
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations', seed: 'node prisma/seed.mjs' },
})
