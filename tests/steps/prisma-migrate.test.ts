import { execFileSync } from 'node:child_process'
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { schemaMatches } from '../../checks/schema-matches.ts'
import type { Reverse, Step, Transaction } from '../../runbook/index.ts'
import { migrationCreates } from '../../steps/prisma/migration-creates.ts'
import { prismaMigrate } from '../../steps/prisma-migrate.ts'
import { postgresBin } from '../rig/postgres.ts'
import { createUsers, prismaApp, schemaOf, users } from '../rig/prisma-app.ts'
import { stepRig } from '../rig/step-rig.ts'

const backend = { in: 'backend', schema: 'prisma/schema.prisma' }
const init = { '20250930_init': createUsers }
/** The first table refers to the second: dropping them in reverse order alone would fail. */
const addPets = `-- CreateTable
CREATE TABLE "pets" ("id" INTEGER NOT NULL, "ownerId" INTEGER NOT NULL, "houseId" INTEGER, CONSTRAINT "pets_pkey" PRIMARY KEY ("id"));
CREATE TABLE "houses" ("id" INTEGER NOT NULL, CONSTRAINT "houses_pkey" PRIMARY KEY ("id"));
CREATE INDEX "pets_ownerId_idx" ON "pets"("ownerId");
ALTER TABLE "pets" ADD CONSTRAINT "pets_ownerId_fkey" FOREIGN KEY ("ownerId") REFERENCES "users"("id");
ALTER TABLE "pets" ADD CONSTRAINT "pets_houseId_fkey" FOREIGN KEY ("houseId") REFERENCES "houses"("id");
`

let app: Awaited<ReturnType<typeof prismaApp>>
beforeAll(async () => {
  app = await prismaApp()
})
afterAll(() => app?.dispose())

const migrate = (options: Partial<Parameters<typeof prismaMigrate>[0] & object> = {}) =>
  prismaMigrate({ in: 'backend', ...options })
const run = (options = {}) => app.rig.run(migrate(options))
const tables = async () =>
  (
    await app.db.query<{ name: string }>(
      `SELECT relname AS name FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 1`,
    )
  ).map(({ name }) => name)
/** The only unmet fact of a run that stopped before it did anything. */
const refusal = async (options = {}) => {
  const { failure, performed, ended } = await run(options)
  expect([ended, performed, failure?.kind]).toEqual(['failed', [], 'before-unmet'])
  if (failure?.kind !== 'before-unmet') throw new Error('not refused')
  return failure.unmet[0]!
}
const schemaOnly = () => {
  const { hostname, port, username, password, pathname } = new URL(app.db.url)
  const variables = {
    PGHOST: hostname,
    PGPORT: port,
    PGUSER: decodeURIComponent(username),
    PGPASSWORD: decodeURIComponent(password),
    PGDATABASE: decodeURIComponent(pathname.slice(1)),
  }
  const dump = execFileSync(
    join(postgresBin(), 'pg_dump'),
    ['--schema-only', '--exclude-table=_prisma_migrations'],
    {
      env: { ...process.env, ...variables },
      encoding: 'utf8',
    },
  )
  // Newer versions of pg_dump put a random word into it.
  return dump.replace(/^\\(un)?restrict .*$/gm, '')
}
/** Takes the step back as a rollback does: the frozen actions, then the checks. */
const takeBack = async (step: Step, { events, observed }: Awaited<ReturnType<typeof app.rig.run>>) => {
  const { undo } = events.find((event) => event.type === 'undo-frozen') as unknown as { undo: Reverse }
  expect(undo.kind).toBe('reverse')
  const { statements, settings } = undo.actions.takeBack as Transaction
  const client = new pg.Client({ connectionString: app.db.url })
  await client.connect()
  try {
    await client.query('BEGIN')
    for (const [name, value] of Object.entries(settings ?? {}))
      await client.query('SELECT set_config($1, $2, true)', [name, value])
    for (const { sql } of statements) await client.query(sql)
    await client.query('COMMIT')
  } finally {
    await client.end()
  }
  const made = step.undo({ observed, env: app.rig.env, run: { stamp: '', backups: '', copies: '' } })
  if (made.kind !== 'reverse') throw new Error('no way back')
  return Promise.all(made.after.map((check) => app.rig.look(check)))
}

test('applies what waits, proves it by tables, indexes and foreign keys, and is then already done', async () => {
  await app.begin({ ...init, '20251014081500_add_pets': addPets })
  const { ended, summary, performed } = await run({ pending: ['20250930_init', 'add_pets'] })
  expect(ended).toBe('done')
  expect(summary).toBe('20250930_init, 20251014081500_add_pets: adds 3 tables, 1 index, 2 constraints')
  expect(performed).toEqual([
    "cd backend && CHECKPOINT_DISABLE=1 DATABASE_URL=‹secret DATABASE_URL› PGOPTIONS='-c lock_timeout=50ms -c statement_timeout=600000ms -c idle_in_transaction_session_timeout=60000ms' node_modules/.bin/prisma migrate deploy",
  ])
  expect(await tables()).toEqual(['_prisma_migrations', 'houses', 'pets', 'users'])
  const again = await run({ pending: ['20250930_init', 'add_pets'] })
  expect([again.ended, again.performed]).toEqual(['skipped', []])
})

test('that one waits is a diagnosis, and the step itself its remedy', async () => {
  await app.begin(init)
  expect(app.prisma('migrate', 'deploy')).toBe(0)
  app.migration('20251014_add_pets', addPets)
  const find = async () => (await app.rig.diagnose(migrate()))['migrations-not-applied']
  expect(await find()).toMatchObject({
    found: 'cause',
    seen: expect.stringContaining('20251014_add_pets'),
    remedy: 'runbook run mend-migrations-not-applied rig',
  })
  const mended = await app.rig.run(app.rig.remedy('migrations-not-applied', migrate()))
  expect(mended.failure).toBeUndefined()
  expect(await find()).toMatchObject({ found: 'no' })
})

test('the plan shows what waits, and the SQL of the way back', async () => {
  await app.begin(init)
  expect(app.prisma('migrate', 'deploy')).toBe(0)
  app.migration('20251014081500_add_pets', addPets)
  const { steps, failures } = await app.rig.plan(migrate({ pending: ['add_pets'] }))
  expect(failures).toEqual([])
  expect(steps[0]!.findings).toEqual([
    '1 migration waits: 20251014081500_add_pets',
    'adds 2 tables, 1 index, 2 constraints',
    'begins when nobody holds public.users; waits up to 60 s for that',
    'a migration that gets no lock is marked as rolled back, and tried again',
  ])
  const lines = steps[0]!.undo.split('\n').map((line) => line.trim())
  const drop = lines.findIndex((line) => line.startsWith('DROP TABLE'))
  const mark = lines.findIndex((line) => line.startsWith('UPDATE "public"."_prisma_migrations"'))
  expect(drop).toBeGreaterThan(0)
  expect(mark).toBeGreaterThan(drop)
})

test('the way back leaves the schema as it was, marks the migration, and it can be applied again', async () => {
  await app.begin(init)
  expect(app.prisma('migrate', 'deploy')).toBe(0)
  const before = schemaOnly()
  app.migration('20251014_add_pets', addPets)
  const step = migrate()
  const done = await app.rig.run(step)
  expect(done.ended).toBe('done')
  await app.db.query(
    `INSERT INTO users VALUES (1, 'Ada'); INSERT INTO houses VALUES (1); INSERT INTO pets VALUES (1, 1, 1)`,
  )
  const verdicts = await takeBack(step, done)
  expect(verdicts.map(({ holds }) => holds)).toEqual([true, true, true])
  expect(schemaOnly()).toBe(before)
  expect(await app.attempts()).toEqual(['20250930_init applied', '20251014_add_pets rolled back'])
  // Prisma would apply it again, and so does the step: nothing of it is left in the way.
  expect((await run()).ended).toBe('done')
  expect(await app.attempts()).toEqual([
    '20250930_init applied',
    '20251014_add_pets rolled back',
    '20251014_add_pets applied',
  ])
})

test('of a database that Prisma did not know, the way back takes Prisma’s table away too', async () => {
  await app.begin(init)
  const step = migrate()
  const done = await app.rig.run(step)
  expect(done.ended).toBe('done')
  await takeBack(step, done)
  expect(await tables()).toEqual([])
})

test('a migration that changes what was there goes forward only, with its line', async () => {
  await app.begin(init)
  app.prisma('migrate', 'deploy')
  app.migration('20251014_a', 'CREATE TABLE "a" (id INTEGER);\n')
  app.migration('20251015_b', '\nUPDATE "users" SET "name" = upper("name");\n')
  const { events } = await run()
  const frozen = events.find((event) => event.type === 'undo-frozen') as any
  expect(frozen.undo).toMatchObject({
    kind: 'forward-only',
    because: 'line 2 of 20251015_b: UPDATE "users" SET "name" = upper("name")',
  })
})

test('an applied migration that was edited since is refused, where `migrate status` says up to date', async () => {
  await app.begin(init)
  app.prisma('migrate', 'deploy')
  app.migration('20250930_init', `${createUsers}-- one more word\n`)
  app.migration('20251014_add_pets', addPets)
  const { fact, seen, remedy } = await refusal()
  expect(fact).toBe('every applied migration is in the tree, as it was applied')
  expect(seen).toMatch(
    /^20250930_init was edited after it was applied: sha256 [0-9a-f]{8}… then, [0-9a-f]{8}… now$/,
  )
  expect(remedy).toContain('git log -p -- backend/prisma/migrations/20250930_init')
  app.removeMigration('20251014_add_pets')
  expect(app.prisma('migrate', 'status')).toBe(0)
})

test('other line ends are not an edit, to Prisma and to the step', async () => {
  const lines = createUsers.replaceAll(', ', ',\n')
  await app.begin({ '20250930_init': lines })
  app.prisma('migrate', 'deploy')
  app.migration('20250930_init', lines.replaceAll('\n', '\r\n'))
  expect((await run()).ended).toBe('skipped')
})

test('an applied migration that is no longer in the tree is refused', async () => {
  await app.begin({ ...init, '20251001_more': 'CREATE TABLE "more" (id INTEGER);\n' })
  app.prisma('migrate', 'deploy')
  app.removeMigration('20251001_more')
  app.migration('20251014_add_pets', addPets)
  expect((await refusal()).seen).toBe('20251001_more is applied, and no longer in backend/prisma/migrations')
})

test('two wait where one was expected, none where one was, and one that is not there', async () => {
  await app.begin(init)
  app.prisma('migrate', 'deploy')
  app.migration('20251014_add_pets', addPets)
  app.migration('20251015_surprise', 'CREATE TABLE "surprise" (id INTEGER);\n')
  expect((await refusal({ pending: ['add_pets'] })).seen).toBe('also waiting: 20251015_surprise')
  expect((await refusal({ pending: ['add_pets', 'surprise', 'typo'] })).seen).toBe('not in the tree: typo')
  expect((await refusal({ pending: ['init', 'add_pets', 'surprise'] })).seen).toBe('already applied: init')
  // Already in the plan.
  const { failures } = await app.rig.plan(migrate({ pending: ['add_pets'] }))
  expect(failures).toHaveLength(1)
})

test('a migration that fails is told by what Prisma recorded; nothing of it stays; then P3009', async () => {
  await app.begin(init)
  app.prisma('migrate', 'deploy')
  app.migration(
    '20251011_split',
    'CREATE TABLE "half" (id INTEGER);\nALTER TABLE "avatars" ADD COLUMN "x" TEXT;\n',
  )
  const { failure } = await run()
  if (failure?.kind !== 'after-unmet') throw new Error(JSON.stringify(failure))
  expect(failure.unmet[0]!.seen).toBe('20251011_split failed (P3018)')
  expect(failure.unmet[0]!.remedy).toContain('npx prisma migrate resolve --rolled-back 20251011_split')
  expect(failure.tail).toContain('avatars')
  expect(await tables()).toEqual(['_prisma_migrations', 'users'])

  const { seen, remedy } = await refusal()
  expect(seen).toBe('20251011_split began and never finished, so Prisma refuses every other one (P3009)')
  expect(remedy).toContain("prismaResolve({ rolledBack: '20251011_split' })")
})

test('the sessions of Prisma hardly wait for a lock; the secret that carries it is no less one', async () => {
  const limits = ['lock_timeout', 'statement_timeout', 'idle_in_transaction_session_timeout']
  const seen = limits.map((name) => `current_setting('${name}') AS ${name}`).join(', ')
  await app.begin({ ...init, '20251012_limits': `CREATE TABLE "limits" AS SELECT ${seen};\n` })
  const result = await run({ statementTimeout: 90_000 })
  expect(result.ended).toBe('done')
  expect(await app.db.query('SELECT * FROM limits')).toEqual([
    { lock_timeout: '50ms', statement_timeout: '90s', idle_in_transaction_session_timeout: '1min' },
  ])
  expect(JSON.stringify(result.events)).not.toContain(new URL(app.db.url).password)
})

test('a migration that got no lock is marked as rolled back and tried again, until it is applied', async () => {
  await app.begin({ ...init, '20251001_pets': addPets })
  app.prisma('migrate', 'deploy')
  await app.db.query(`INSERT INTO users VALUES (1, 'Ada'); INSERT INTO pets VALUES (1, 1)`)
  app.migration(
    '20251012_nick',
    'ALTER TABLE "users" ADD COLUMN "nick" TEXT;\nUPDATE "pets" SET "houseId" = NULL;\n',
  )
  const holder = new pg.Client({ connectionString: app.db.url })
  await holder.connect()
  onTestFinished(() => holder.end())
  await holder.query('BEGIN; SELECT * FROM pets FOR UPDATE')
  const running = run()
  await vi.waitUntil(async () => (await app.attempts()).includes('20251012_nick rolled back'), {
    timeout: 50_000,
    interval: 100,
  })
  await holder.query('COMMIT')
  const result = await running
  expect(result.ended).toBe('done')
  expect((await app.attempts()).slice(2)).toEqual([
    ...Array.from(
      { length: result.performed.filter((one) => one.includes('resolve')).length },
      () => '20251012_nick rolled back',
    ),
    '20251012_nick applied',
  ])
})

test('a table that somebody keeps locked: nothing is begun, and who it is is said', async () => {
  await app.begin(init)
  app.prisma('migrate', 'deploy')
  app.migration('20251012_nick', 'ALTER TABLE "users" ADD COLUMN "nick" TEXT;\n')
  const holder = new pg.Client({ connectionString: app.db.url, application_name: 'nightly report' })
  await holder.connect()
  onTestFinished(() => holder.end())
  await holder.query('BEGIN; SELECT * FROM users')
  const { seen, remedy } = await refusal({ patience: 300 })
  expect(seen).toMatch(/^process \d+ holds public\.users: nightly report of .*: BEGIN; SELECT \* FROM users$/)
  expect(remedy).toContain('pg_terminate_backend')
  expect(await app.attempts()).toEqual(['20250930_init applied'])
})

test('Prisma’s lock that somebody holds is told with the process that holds it', async () => {
  await app.begin(init)
  const holder = new pg.Client({ connectionString: app.db.url, application_name: 'a forgotten deploy' })
  await holder.connect()
  onTestFinished(() => holder.end())
  await holder.query('SELECT pg_advisory_lock(72707369)')
  const { fact, seen, remedy } = await refusal()
  expect(fact).toBe('no other Prisma migration runs on the database')
  expect(seen).toMatch(
    /^process \d+ of the server holds Prisma’s lock: a forgotten deploy from 127\.0\.0\.1, idle since .* \(P1002\)$/,
  )
  expect(remedy).toMatch(/SELECT pg_terminate_backend\(\d+\)$/)
  await holder.query('SELECT pg_advisory_unlock(72707369)')
  expect((await run()).ended).toBe('done')
})

test('a database with tables that Prisma did not make is refused before it says P3005', async () => {
  await app.begin(init)
  await app.db.query('CREATE TABLE somebody_elses (id int)')
  const { seen, remedy } = await refusal()
  expect(seen).toBe('no table _prisma_migrations, but 1 other relation such as somebody_elses (P3005)')
  expect(remedy).toContain('npx prisma migrate resolve --applied 20250930_init')
})

test('Prisma that is not installed, of another major, or of another than its client', async () => {
  await app.begin(init)
  const place = join(app.backend, 'node_modules/prisma/package.json')
  const manifest = readFileSync(place, 'utf8')
  renameSync(place, `${place}.aside`)
  expect((await refusal()).seen).toBe('no node_modules/prisma')
  renameSync(`${place}.aside`, place)
  onTestFinished(() => writeFileSync(place, manifest))
  writeFileSync(place, manifest.replace('"version": "6.19.3"', '"version": "7.1.0"'))
  expect((await refusal()).seen).toBe('Prisma 7.1.0; known here are 5 and 6')
  writeFileSync(place, manifest.replace('"version": "6.19.3"', '"version": "5.22.0"'))
  expect((await refusal()).seen).toBe('prisma is 5.22.0, and @prisma/client is 6.19.3')
})

test('a migration without its SQL is refused by name', async () => {
  await app.begin(init)
  app.migration('20251014_add_pets', addPets)
  renameSync(
    join(app.backend, 'prisma/migrations/20251014_add_pets/migration.sql'),
    join(app.backend, 'prisma/migrations/20251014_add_pets/aside.sql'),
  )
  expect((await refusal()).seen).toBe(
    'backend/prisma/migrations/20251014_add_pets has no migration.sql, and Prisma refuses all of them (P3015)',
  )
})

test('an empty migration, as Prisma makes it where nothing changed, is applied', async () => {
  await app.begin({ ...init, '20251014_nothing': '-- This is an empty migration.' })
  expect((await run()).ended).toBe('done')
  expect(await app.attempts()).toEqual(['20250930_init applied', '20251014_nothing applied'])
})

test('a server that is not there is told by its address, before anything is run', async () => {
  const nowhere = await stepRig({ dir: app.dir, databaseUrl: 'postgresql://app:secret@127.0.0.1:1/lumiku' })
  onTestFinished(() => nowhere.dispose())
  expect(await nowhere.needs(migrate())).toMatchObject({
    unmet: [{ seen: expect.stringContaining('the database lumiku at 127.0.0.1:1 cannot be reached') }],
  })
})

test('schemaMatches: none, then drift with what differs', async () => {
  await app.begin(init)
  app.prisma('migrate', 'deploy')
  expect(await app.rig.look(schemaMatches(backend))).toMatchObject({ holds: true, seen: 'no difference' })
  await app.db.query('ALTER TABLE users ADD COLUMN nickname text; CREATE TABLE stray (id int PRIMARY KEY)')
  const drift = await app.rig.look(schemaMatches(backend))
  expect(drift.holds).toBe(false)
  expect(drift.tail).toContain('nickname')
  expect(drift.tail).toContain('stray')
  // The application's own schema is not what was written into.
  expect(app.read('prisma/schema.prisma')).toBe(schemaOf(users))
})

test('migrationCreates reads statements, not words', async () => {
  await app.begin({
    ...init,
    '20251011_split': '-- CREATE TABLE "avatars" ()\nALTER TABLE "avatars" ADD COLUMN "x" TEXT;\n',
    '20251014081500_add_pets': addPets,
  })
  const creates = (name: string, tables: string[]) => app.rig.look(migrationCreates(name, tables, backend))
  expect(await creates('add_pets', ['pets', 'houses'])).toMatchObject({
    holds: true,
    seen: '20251014081500_add_pets: 2 CREATE TABLEs',
  })
  expect(await creates('20251011_split', ['avatars'])).toMatchObject({
    holds: false,
    seen: '20251011_split has no CREATE TABLE for avatars; it only alters avatars',
  })
  expect((await creates('add_cats', ['cats'])).seen).toBe(
    'there is none of that name; the last is 20251014081500_add_pets',
  )
})
