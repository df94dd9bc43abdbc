import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import type { World } from '../examples/world/raise.ts'
import type { Benchmark, Figure } from './figure.ts'
import { median, roundsOf } from './measure.ts'
import { cli } from './tool.ts'
import { inWorld, timed } from './world.ts'

const book = fileURLToPath(new URL('books/migration.ts', import.meta.url))
const guide = fileURLToPath(
  new URL('../examples/lumiku/app/backend/migrations/20251014_avatar_creator.sql', import.meta.url),
)
/** How long somebody keeps the table locked, from when the migration is begun. Milliseconds. */
const HELD = 10_000
const CLIENTS = 20

/** What the clients met with, and how long after the holder's end the columns were there; ms. */
interface Met {
  longest: number
  failed: number
  queries: number
  after: number
}

export const migration: Benchmark = {
  name: 'migration',
  about: `The guide’s migration of \`avatars\` while a transaction has read the table and holds it for 10 s: ${CLIENTS} clients, half of them reading and half of them writing the table, each with a pause of 5 ms. Side by side, a round each: a book with \`applySql\`, and the guide’s \`psql --file\`. The longest wait of any client’s query, and how long after the holder’s end the columns are there.`,
  measure: async (folder) =>
    inWorld(folder, 'world', async (world) => {
      await copyFile(guide, join(folder, 'migration.sql'))
      const at = { ...world, dir: folder, env: { ...world.env, BENCH_FOLDER: folder } }
      const ways = {
        tool: () =>
          timed(
            process.execPath,
            [cli, 'deploy', 'bench', '--yes', '--config', book, '--state-dir', join(folder, 'state')],
            at,
          ),
        psql: () =>
          timed(
            'psql',
            ['--quiet', '--set', 'ON_ERROR_STOP=1', '--file', 'migration.sql', world.databaseUrl],
            at,
          ),
      }
      const met: Record<keyof typeof ways, Met[]> = { tool: [], psql: [] }
      for (let round = 1; round <= roundsOf(5); round += 1)
        for (const way of ['tool', 'psql'] as const) met[way].push(await whileHeld(world, ways[way]))
      const of = (way: keyof typeof ways, what: keyof Met) => met[way].map((one) => one[what])
      const each = (way: keyof typeof ways, what: keyof Met) =>
        of(way, what)
          .map((value) => value.toFixed(0))
          .join(', ')
      return [
        {
          what: 'the longest wait of a client, median of the rounds',
          value: median(of('tool', 'longest')),
          unit: 'ms',
          limit: { atMost: 100 },
          from: `${each('tool', 'longest')}; by the guide’s psql ${each('psql', 'longest')}`,
        },
        {
          what: 'failed queries',
          value: Math.max(...of('tool', 'failed')),
          unit: 'requests',
          limit: { atMost: 0 },
          from: `of ${each('tool', 'queries')}; beside the guide’s psql of ${each('psql', 'queries')}`,
        },
        {
          what: 'from the holder’s end until the columns are there, median of the rounds',
          value: median(of('tool', 'after')),
          unit: 'ms',
          limit: { atMost: 200 },
          from: `${each('tool', 'after')}; by the guide’s psql ${each('psql', 'after')}`,
        },
      ] satisfies Figure[]
    }),
}

const whileHeld = async ({ databaseUrl }: World, migrate: () => Promise<unknown>): Promise<Met> => {
  const met: Met = { longest: 0, failed: 0, queries: 0, after: Number.NaN }
  const clients = await Promise.all(Array.from({ length: CLIENTS + 2 }, () => connected(databaseUrl)))
  const [holder, watcher, ...users] = clients as [pg.Client, pg.Client, ...pg.Client[]]
  let over = false
  const uses = users.map(async (client, i) => {
    const sql = i % 2 ? WRITES : 'SELECT count(*) FROM avatars'
    while (!over) {
      const began = performance.now()
      await client.query(sql).catch(() => (met.failed += 1))
      met.longest = Math.max(met.longest, performance.now() - began)
      met.queries += 1
      await sleep(5)
    }
  })
  try {
    const before = await columns(watcher)
    await holder.query('BEGIN')
    await holder.query('SELECT count(*) FROM avatars')
    const migrated = migrate()
    await Promise.race([sleep(HELD), migrated])
    await holder.query('COMMIT')
    const ended = performance.now()
    while ((await columns(watcher)).length === before.length) await sleep(2)
    met.after = performance.now() - ended
    await migrated
    over = true
    await Promise.all(uses)
    const added = (await columns(watcher)).filter((name) => !before.includes(name))
    await watcher.query(
      `ALTER TABLE avatars ${added.map((name) => `DROP COLUMN ${pg.escapeIdentifier(name)}`).join(', ')}`,
    )
    return met
  } finally {
    over = true
    await Promise.all(clients.map((client) => client.end()))
  }
}

const WRITES = `UPDATE avatars SET name = name WHERE ctid = (SELECT ctid FROM avatars ORDER BY random() LIMIT 1)`

const connected = async (connectionString: string): Promise<pg.Client> => {
  const client = new pg.Client({ connectionString })
  await client.connect()
  return client
}

/** As the catalog has them, which nobody's lock on the table keeps from being read. */
const columns = async (client: pg.Client): Promise<string[]> =>
  (
    await client.query<{ name: string }>(
      `SELECT attname AS name FROM pg_attribute WHERE attrelid = 'avatars'::regclass AND attnum > 0 AND NOT attisdropped`,
    )
  ).rows.map(({ name }) => name)
