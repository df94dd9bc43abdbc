import { chmod, readdir, readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startCluster } from '../examples/world/cluster.ts'
import { connected, urlOf } from '../examples/world/databases.ts'
import { FILLING } from '../steps/restore/restore-dump.ts'
import type { Benchmark, Figure } from './figure.ts'
import { median, roundsOf } from './measure.ts'
import { cli } from './tool.ts'
import { timed } from './world.ts'

const book = fileURLToPath(new URL('books/backup.ts', import.meta.url))

/** One round; ms and bytes. */
interface Round {
  /** The guide's `pg_dump > file.sql`, and its `psql < file.sql` into an empty database. */
  guide: { dump: number; size: number; restore: number }
  size: Made
  speed: Made
  /** Of the dump that was made by default: all actions that fill the new database. */
  restore: number
}
interface Made {
  /** The dump alone; while it is made, every table is counted. */
  dump: number
  /** The whole command, with every proof. */
  whole: number
  size: number
}

export const backup: Benchmark = {
  name: 'backup',
  about:
    'A database of 1.2 GB: orders with JSON, lines, words, and the indexes of all that. Side by side, a round each: `runbook backup` by default and with `prefer: \'speed\'`, and the guide’s `pg_dump > file.sql`; then `runbook restore` of the default one, and the guide’s `psql < file.sql` into an empty database (stopping at the first error, which the guide’s does not). A dump’s time is that of the action that makes it, in which every table is counted too; "proven" is the whole command, from its start to its end: the dump, its full read, its list, its sha256.',
  measure: async (folder) => {
    // PostgreSQL's own user must get through.
    await chmod(folder, 0o755)
    const cluster = await startCluster({ dir: join(folder, 'cluster') })
    try {
      const role = { name: 'postgres', password: cluster.superuserPassword }
      const databaseUrl = urlOf(role, cluster.port, 'bench')
      const env = {
        ...{ DATABASE_URL: databaseUrl, BENCH_FOLDER: folder, PATH: `${cluster.bin}:${process.env.PATH}` },
        ...{ PGHOST: '127.0.0.1', PGPORT: `${cluster.port}`, PGUSER: role.name, PGPASSWORD: role.password },
      }
      await connected(cluster.adminUrl, (admin) => admin.query('CREATE DATABASE bench'))
      await connected(databaseUrl, (client) => client.query(CONTENTS))
      const at = {
        folder,
        run: (program: string, ...argv: string[]) => timed(program, argv, { dir: folder, env } as never),
      }
      const rounds: Round[] = []
      for (let round = 1; round <= roundsOf(3); round += 1) rounds.push(await measureRound(at))
      return figures(rounds)
    } finally {
      await cluster.stop()
    }
  },
}

interface At {
  folder: string
  run(program: string, ...argv: string[]): Promise<number>
}

const measureRound = async (at: At): Promise<Round> => {
  const { folder, run } = at
  const script = join(folder, 'file.sql')
  const guide = {
    dump: await run('sh', '-c', 'pg_dump bench > file.sql'),
    size: (await stat(script)).size,
    restore: Number.NaN,
  }
  const speed = await make(at, 'speed')
  const size = await make(at, 'size')
  await runbook(at, 'restore', 'size', 'size-', '--yes')
  const restored = await durations(folder)
  await dropReplaced(run)
  await run('createdb', 'guide')
  guide.restore = await run('sh', '-c', 'psql --quiet --set ON_ERROR_STOP=1 guide < file.sql')
  await run('dropdb', 'guide')
  for (const left of [script, join(folder, 'state')]) await rm(left, { recursive: true })
  return { guide, size, speed, restore: FILLING.reduce((sum, action) => sum + (restored[action] ?? 0), 0) }
}

const make = async (at: At, environment: 'size' | 'speed'): Promise<Made> => {
  const whole = await runbook(at, 'backup', environment)
  const folder = join(at.folder, 'state', 'backups')
  const name = (await readdir(folder)).find((file) => file.startsWith(environment) && file.endsWith('.json'))!
  const { size } = JSON.parse(await readFile(join(folder, name), 'utf8'))
  return { whole, size, dump: (await durations(at.folder)).dump! }
}

const runbook = ({ folder, run }: At, ...args: string[]): Promise<number> =>
  run(process.execPath, cli, ...args, '--config', book, '--state-dir', join(folder, 'state'))

/** How long each action of the last run took. */
const durations = async (folder: string): Promise<Record<string, number>> => {
  const runs = join(folder, 'state', 'runs')
  const last = (await readdir(runs))
    .filter((name) => /^\d/.test(name))
    .sort()
    .at(-1)!
  const lines = (await readFile(join(runs, last, 'journal.jsonl'), 'utf8')).trim().split('\n')
  const ended = lines.map((line) => JSON.parse(line)).filter(({ type }) => type === 'action-ended')
  return Object.fromEntries(ended.map(({ action, ms }) => [action, ms]))
}

const dropReplaced = async (run: At['run']): Promise<void> => {
  await run(
    'sh',
    '-c',
    `psql -At -d postgres -c "SELECT datname FROM pg_database WHERE datname LIKE 'bench\\_%'" | xargs -r -n 1 dropdb`,
  )
}

const figures = (rounds: readonly Round[]): Figure[] => {
  const figure = (
    what: string,
    atMost: number,
    ours: (round: Round) => number,
    theirs: (round: Round) => number,
    shown: (value: number) => string,
  ): Figure => ({
    what,
    value: median(rounds.map((round) => ours(round) / theirs(round))),
    unit: '×',
    limit: { atMost },
    from: `${rounds.map((round) => shown(ours(round))).join(', ')}; the guide’s ${rounds.map((round) => shown(theirs(round))).join(', ')}`,
  })
  const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`
  const megabytes = (size: number) => `${(size / 1e6).toFixed(0)} MB`
  const dump = ({ guide }: Round) => guide.dump
  return [
    figure('a dump by default, against the guide’s', 1.1, ({ size }) => size.dump, dump, seconds),
    figure(
      'its size',
      0.25,
      ({ size }) => size.size,
      ({ guide }) => guide.size,
      megabytes,
    ),
    figure('proven', 1.4, ({ size }) => size.whole, dump, seconds),
    figure('a dump for speed', 0.8, ({ speed }) => speed.dump, dump, seconds),
    figure(
      'a restore, against the guide’s',
      0.7,
      ({ restore }) => restore,
      ({ guide }) => guide.restore,
      seconds,
    ),
  ]
}

/** Like what an application keeps: names and states that come again, numbers, times, and ids that do not. */
const CONTENTS = `
  CREATE TABLE customers (id bigint PRIMARY KEY, email text NOT NULL, name text, "createdAt" timestamptz NOT NULL);
  INSERT INTO customers SELECT n, 'customer' || n || '@example.com', 'Customer ' || (n * 7919) % 9973, '2024-01-01'::timestamptz + n * interval '97 seconds'
    FROM generate_series(1::bigint, 200000) n;
  CREATE TABLE orders (id bigint, "customerId" bigint NOT NULL, state text, payload jsonb, "createdAt" timestamptz NOT NULL);
  INSERT INTO orders SELECT n, (n * 7919) % 200000 + 1, (ARRAY['new', 'paid', 'sent', 'returned'])[(n % 4 + 1)::int],
      jsonb_build_object('currency', 'EUR', 'total', (n * 31) % 100000 / 100.0, 'address', jsonb_build_object('street', 'Street ' || n % 5000, 'city', 'City ' || n % 300, 'country', 'DE'),
        'token', md5(n::text), 'notes', repeat('please leave it at the door; ', (n % 5)::int)),
      '2024-01-01'::timestamptz + n * interval '13 seconds' FROM generate_series(1::bigint, 2200000) n;
  ALTER TABLE orders ADD PRIMARY KEY (id), ADD FOREIGN KEY ("customerId") REFERENCES customers;
  CREATE INDEX ON orders ("customerId"); CREATE INDEX ON orders ("createdAt");
  CREATE TABLE lines (id bigint, "orderId" bigint NOT NULL, sku text, amount int, price numeric(10, 2), note text);
  INSERT INTO lines SELECT n, (n * 7) % 2200000 + 1, 'SKU-' || (n * 7919) % 20000, n % 9 + 1, (n * 37) % 10000 / 100.0, 'a line of the order, number ' || n % 7
    FROM generate_series(1::bigint, 7500000) n;
  ALTER TABLE lines ADD PRIMARY KEY (id), ADD FOREIGN KEY ("orderId") REFERENCES orders; CREATE INDEX ON lines ("orderId");
  ANALYZE`
