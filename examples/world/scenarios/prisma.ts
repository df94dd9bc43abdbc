import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Client } from 'pg'
import { backend, removeBackend } from './backend.ts'
import type { Scenario } from './scenario.ts'

const book = fileURLToPath(new URL('../../prisma', import.meta.url))
const migrations = join(book, 'app/backend/prisma/migrations')
const init = '20250930134808_init'

/** The second guide: code that knows thirteen tables which the database has not, and a migration that alters them. */
export const prisma: Scenario = {
  ...backend,
  name: 'prisma',
  app: join(book, 'app'),
  book,
  built: 'generated',
  history: [
    { message: 'Set up the repository', date: '2025-09-01T09:00:00Z', edit: removeBackend },
    {
      message: 'Add the Avatar Creator and the Pose Generator',
      date: '2025-10-11T15:20:00Z',
    },
  ],
  environments: [
    { name: 'production', branch: 'main', database: 'Lumiku-Production', process: 'backend', users: 200 },
    { name: 'local', branch: 'main', database: 'lumiku_local', users: 5 },
  ],
  fill: async (client, { users }, token) => {
    await migrateInit(client)
    return seed(client, users, token)
  },
}

/**
 * What `prisma migrate deploy` leaves behind after the first migration; to run it would cost more than all the rest of
 * the database. A test asks Prisma itself whether it is so.
 */
async function migrateInit(client: Client): Promise<void> {
  const sql = await readFile(join(migrations, init, 'migration.sql'), 'utf8')
  await client.query(sql)
  await client.query(`
    CREATE TABLE "_prisma_migrations" (
      "id" VARCHAR(36) PRIMARY KEY NOT NULL,
      "checksum" VARCHAR(64) NOT NULL,
      "finished_at" TIMESTAMPTZ,
      "migration_name" VARCHAR(255) NOT NULL,
      "logs" TEXT,
      "rolled_back_at" TIMESTAMPTZ,
      "started_at" TIMESTAMPTZ NOT NULL DEFAULT now(),
      "applied_steps_count" INTEGER NOT NULL DEFAULT 0
    )`)
  const checksum = createHash('sha256').update(sql).digest('hex')
  await client.query(
    `INSERT INTO "_prisma_migrations" (id, checksum, finished_at, migration_name, applied_steps_count)
     VALUES (gen_random_uuid(), $1, now(), $2, 1)`,
    [checksum, init],
  )
}

const rowsOf = [
  `INSERT INTO users (id, email, name, "createdAt", "updatedAt")
   SELECT 'user-' || n, format('user%s@example.com', n), format('User %s', n), pg_temp.day(n), pg_temp.day(n)
   FROM generate_series(1, $1::int) n`,
  `INSERT INTO sessions (id, "userId", "tokenHash", "expiresAt", "createdAt")
   SELECT 'session-' || n, 'user-' || n, encode(sha256(('seed' || n)::bytea), 'hex'),
     pg_temp.day(n) + interval '30 days', pg_temp.day(n)
   FROM generate_series(1, $1::int) n`,
  `INSERT INTO devices (id, "userId", name, "createdAt")
   SELECT 'device-' || n, 'user-' || n, 'a phone', pg_temp.day(n) FROM generate_series(1, $1::int) n`,
  `INSERT INTO credits (id, "userId", amount, reason, "createdAt")
   SELECT 'credit-' || n, 'user-' || n % $1::int + 1, 20, 'purchase', pg_temp.day(n)
   FROM generate_series(1, $1::int * 3) n`,
]

/** Ids and times follow from numbers, so that every world of one size holds the same rows. Gives their number. */
async function seed(client: Client, users: number, token: string): Promise<number> {
  await client.query('BEGIN')
  await client.query(`CREATE FUNCTION pg_temp.day(n int) RETURNS timestamp LANGUAGE sql IMMUTABLE AS
    $$ SELECT timestamp '2025-01-01' + (n % 280) * interval '1 day' + n * interval '1 second' $$`)
  let rows = 0
  for (const statement of rowsOf) rows += (await client.query(statement, [users])).rowCount ?? 0
  await client.query(
    `INSERT INTO sessions (id, "userId", "tokenHash", "expiresAt")
     VALUES ('session-operator', 'user-1', $1, now() + interval '1 year')`,
    [createHash('sha256').update(token).digest('hex')],
  )
  await client.query('COMMIT')
  await client.query('ANALYZE')
  return rows + 1
}
