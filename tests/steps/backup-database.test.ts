import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { backupStands } from '../../checks/backup-stands.ts'
import { type BackupManifest, Failed } from '../../runbook/index.ts'
import { backupDatabase } from '../../steps/backup-database.ts'
import { filesOfDump, largestFileOf, sizeOfDump, sumOfDump } from '../rig/dumps.ts'
import { freshDatabase } from '../rig/postgres.ts'
import { stepRig } from '../rig/step-rig.ts'

type Database = Awaited<ReturnType<typeof freshDatabase>>
interface Output {
  dump: string
  manifest: string
  sha256: string
  size: number
  tables: number
  rows: number
}

let db: Database
beforeAll(async () => {
  db = await freshDatabase({ name: 'Lumiku-Production', login: 'The "App"' })
  await db.query(`
    CREATE TABLE avatars (id int PRIMARY KEY, "personaName" text);
    INSERT INTO avatars SELECT n, 'name ' || n FROM generate_series(1, 3000) n;
    CREATE TABLE "Mixed Case; DROP" (id int); INSERT INTO "Mixed Case; DROP" VALUES (1);
    CREATE SCHEMA "Other Schema";
    CREATE TABLE "Other Schema".avatars (id int); INSERT INTO "Other Schema".avatars VALUES (1), (2);
    CREATE TABLE no_columns (); CREATE TABLE no_rows (id int); CREATE TABLE forgotten (id int);
    CREATE TABLE parts (at int) PARTITION BY RANGE (at);
    CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (10); INSERT INTO parts VALUES (1), (2), (3);
    CREATE TABLE base (id int); CREATE TABLE child () INHERITS (base);
    INSERT INTO base VALUES (1); INSERT INTO child VALUES (2), (3);
    CREATE UNLOGGED TABLE fast (id int); INSERT INTO fast VALUES (1);
    CREATE VIEW looks AS SELECT * FROM avatars; CREATE MATERIALIZED VIEW kept AS SELECT * FROM avatars`)
})
afterAll(() => db.drop())

const rigFor = async (url: string, programs?: string) => {
  const folder = programs && fileURLToPath(new URL(`../fixtures/programs/${programs}`, import.meta.url))
  const rig = await stepRig({
    dir: '/',
    name: 'production',
    databaseUrl: url,
    ...(folder && { variables: { PATH: `${folder}:${process.env.PATH}` } }),
  })
  onTestFinished(rig.dispose)
  return rig
}
/** A second role on the same database. */
const urlAs = (other: Database): string => {
  const url = new URL(other.url)
  url.pathname = `/${encodeURIComponent(db.database)}`
  return url.href
}

test('a dump with its manifest, private, proven, and the rows of its own snapshot', async () => {
  const rig = await rigFor(db.url)
  expect(await rig.needs(backupDatabase())).toBeUndefined()
  const run = await rig.run(backupDatabase())
  expect(run).toMatchObject({ ended: 'done' })
  const output = run.output as unknown as Output
  expect(output).toMatchObject({ tables: 10, rows: 3000 + 1 + 2 + 3 + 1 + 2 + 1 })
  expect(run.summary).toMatch(/^[\d.]+ kB, 10 tables, 3,010 rows, sha256 [0-9a-f]{4}…$/)
  expect(readdirSync(rig.backups).sort()).toEqual([
    expect.stringMatching(/^production-\d{8}T\d{6}Z\.dump$/),
    expect.stringMatching(/^production-\d{8}T\d{6}Z\.dump\.json$/),
  ])
  for (const file of [...filesOfDump(output.dump), output.manifest])
    expect(statSync(file).mode & 0o777).toBe(0o600)
  const manifest = JSON.parse(readFileSync(output.manifest, 'utf8')) as BackupManifest
  expect(manifest).toMatchObject({
    environment: 'production',
    database: db.database,
    host: '127.0.0.1',
    serverVersion: expect.stringMatching(/^\d+\.\d+/),
    pgDumpVersion: expect.stringMatching(/^\d+\.\d+/),
    schemas: ['Other Schema', 'public'],
    size: sizeOfDump(output.dump),
  })
  expect(sumOfDump(output.dump)).toBe(manifest.sha256)
  expect(
    Object.fromEntries(manifest.tables.map(({ schema, name, rows }) => [`${schema}.${name}`, rows])),
  ).toEqual({
    'Other Schema.avatars': 2,
    'public.Mixed Case; DROP': 1,
    'public.avatars': 3000,
    'public.base': 1,
    'public.child': 2,
    'public.fast': 1,
    'public.forgotten': 0,
    'public.no_columns': 0,
    'public.no_rows': 0,
    'public.parts_1': 3,
  })
  expect(Date.parse(manifest.finishedAt)).toBeGreaterThanOrEqual(Date.parse(manifest.startedAt))
  // Neither arguments nor transcript hold the password, in whatever spelling.
  const transcript = JSON.stringify(run.events)
  expect(transcript).not.toContain(db.role.password)
  expect(transcript).not.toContain(new URL(db.url).password)
})

test('while others write: the counts are those of what was dumped', async () => {
  const [live, copy] = [await freshDatabase(), await freshDatabase()]
  onTestFinished(async () => {
    await live.drop()
    await copy.drop()
  })
  await live.query('CREATE TABLE a (id int); CREATE TABLE b (id int)')
  let writing = true
  const writer = (async () => {
    while (writing) await live.query('INSERT INTO a VALUES (1); INSERT INTO b SELECT generate_series(1, 50)')
  })()
  const rig = await rigFor(live.url)
  const run = await rig.run(backupDatabase())
  writing = false
  await writer
  const { dump, manifest } = run.output as unknown as Output
  const { tables } = JSON.parse(readFileSync(manifest, 'utf8')) as BackupManifest
  const { username, password, hostname, port } = new URL(copy.url)
  const folder = statSync(dump).isDirectory()
  const to = [
    '--no-owner',
    `--dbname=${copy.database}`,
    '-h',
    hostname,
    '-p',
    port,
    ...(folder ? [dump] : []),
  ]
  execFileSync('pg_restore', to, {
    ...(!folder && { input: execFileSync('zstd', ['-dc', dump]) }),
    env: { ...process.env, PGUSER: decodeURIComponent(username), PGPASSWORD: decodeURIComponent(password) },
  })
  for (const { name, rows } of tables)
    expect(await copy.query(`SELECT count(*)::int AS rows FROM "${name}"`)).toEqual([{ rows }])
})

test('limits that the database sets for the application do not end a backup', async () => {
  const own = await freshDatabase()
  onTestFinished(() => own.drop())
  await own.query('CREATE TABLE big AS SELECT generate_series(1, 2000000) AS id')
  await own.query(`ALTER ROLE "${own.role.name}" SET statement_timeout = '60ms'`)
  await own.query(`ALTER ROLE "${own.role.name}" SET idle_in_transaction_session_timeout = '100ms'`)
  const run = await (await rigFor(own.url)).run(backupDatabase())
  expect(run).toMatchObject({ ended: 'done', output: { rows: 2_000_000 } })
})

test('a plan says what would be done, and writes nothing', async () => {
  const rig = await rigFor(db.url)
  const { steps, failures } = await rig.plan(backupDatabase())
  expect(failures).toEqual([])
  const printed = steps[0]!.actions.map((action) => action.printed)
  expect(printed[1]).toMatch(
    /^PG\*=‹secret DATABASE_URL› pg_dump .*--snapshot=‹snapshot›.* (\| zstd .*|'?--file=.*)production-‹stamp›\.dump\.partial'?$/,
  )
  expect(readdirSync(rig.backups)).toEqual([])
  // And what it does is that.
  const { performed, events } = await rig.run(backupDatabase())
  const stamp = /production-(\d{8}T\d{6}Z)\.dump/.exec(performed.join())![1]!
  const snapshot = events.flatMap((event) => ('values' in event && event.values?.snapshot) || [])[0]!
  expect(performed).toEqual(
    printed.map((line) => line.replaceAll('‹stamp›', stamp).replaceAll('‹snapshot›', snapshot)),
  )
})

test.each([['pg-dump-13', /pg_dump is not older than the server.*pg_dump 13\.4, server/]])(
  'refused before it starts: %s',
  async (programs, words) => {
    const rig = await rigFor(db.url, programs)
    expect(JSON.stringify(await rig.needs(backupDatabase()))).toMatch(words)
  },
)

test('refused before it starts: no pg_dump, no room, no database, a wrong password', async () => {
  const none = await stepRig({ dir: '/', databaseUrl: db.url, variables: { PATH: '/nowhere' } })
  onTestFinished(none.dispose)
  expect(JSON.stringify(await none.needs(backupDatabase()))).toContain('the program `pg_dump` was not found')
  const rig = await rigFor(db.url)
  expect(JSON.stringify(await rig.needs(backupDatabase({ room: 1e12 })))).toContain(
    'the disk has room for a backup',
  )
  const url = new URL(db.url)
  url.password = 'wrong'
  expect(JSON.stringify(await (await rigFor(url.href)).needs(backupDatabase()))).toContain(
    'the password is wrong',
  )
  const nowhere = await stepRig({ dir: '/' })
  onTestFinished(nowhere.dispose)
  const failure = await nowhere.needs(backupDatabase()).catch((error: Failed) => error.failure)
  expect(JSON.stringify(failure)).toContain('the environment rig has a database')
})

test('refused before it starts: a role that may not read a table', async () => {
  const other = await freshDatabase({ login: 'reader' })
  onTestFinished(() => other.drop())
  await db.asAdmin(`GRANT CONNECT ON DATABASE "${db.database}" TO "${other.role.name}"`)
  onTestFinished(async () => {
    await db.asAdmin(`REVOKE ALL ON DATABASE "${db.database}" FROM "${other.role.name}"`)
  })
  const rig = await rigFor(urlAs(other))
  expect(JSON.stringify(await rig.needs(backupDatabase()))).toMatch(
    /may not read all of .*avatars.*pg_read_all_data/,
  )
  const run = await rig.run(backupDatabase())
  expect(run.ended).toBe('failed')
  expect(JSON.stringify(run.failure)).toContain('permission denied for')
  expect(readdirSync(rig.backups)).toEqual([])
})

test.each([
  [
    'pg-dump-empty',
    {
      kind: 'after-unmet',
      unmet: [{ fact: 'the dump can be read in full', seen: expect.stringContaining('too short') }],
    },
  ],
  ['pg-dump-killed', { kind: 'command-failed', exit: 'SIGKILL' }],
  ['pg-dump-disk-full', { kind: 'command-failed', tail: expect.stringContaining('No space left on device') }],
  [
    'pg-dump-forgetful',
    {
      kind: 'after-unmet',
      unmet: [{ fact: 'the dump holds every table', seen: 'missing: public.forgotten' }],
    },
  ],
])('%s: said, and nothing is left behind', async (programs, failure) => {
  const rig = await rigFor(db.url, programs)
  const run = await rig.run(backupDatabase())
  expect(run).toMatchObject({ ended: 'failed', failure })
  expect(readdirSync(rig.backups)).toEqual([])
})

test('a table that somebody holds: the dump waits, and an interrupt ends it and leaves nothing', async () => {
  const own = await freshDatabase()
  onTestFinished(() => own.drop())
  await own.query('CREATE TABLE held (id int)')
  const rig = await rigFor(own.url)
  const holder = new pg.Client({ connectionString: own.url })
  await holder.connect()
  await holder.query('BEGIN; LOCK TABLE held IN ACCESS EXCLUSIVE MODE')
  const running = rig.run(backupDatabase())
  await expect
    .poll(
      () =>
        own.query(
          "SELECT 1 FROM pg_stat_activity WHERE application_name = 'pg_dump' AND wait_event_type = 'Lock' AND datname = current_database()",
        ),
      { timeout: 20_000 },
    )
    .toHaveLength(1)
  rig.abort.abort(new Failed({ kind: 'interrupted', signal: 'SIGINT' }))
  expect(await running).toMatchObject({ ended: 'failed', failure: { kind: 'interrupted' } })
  await holder.end()
  await expect
    .poll(() =>
      own.query(
        "SELECT 1 FROM pg_stat_activity WHERE application_name = 'pg_dump' AND datname = current_database()",
      ),
    )
    .toEqual([])
  expect(readdirSync(rig.backups)).toEqual([])
})

test('a long dump says how far it is: bytes and tables', async () => {
  const own = await freshDatabase()
  onTestFinished(() => own.drop())
  await own.query(`CREATE TABLE a (id int); INSERT INTO a SELECT generate_series(1, 1000);
    CREATE TABLE b (said text); INSERT INTO b SELECT repeat('words ', 20) || n FROM generate_series(1, 100000) n; CREATE TABLE c ()`)
  const run = await (await rigFor(own.url, 'zstd-slow')).run(backupDatabase())
  const said = run.events.flatMap((event) =>
    event.type === 'output' && event.action === 'dump' ? [event.text] : [],
  )
  expect(said).toContainEqual(expect.stringMatching(/^about [\d.]+ [kM]B of [\d.]+ MB, 1 of 3 tables\n$/))
})

test('what a killed run has left of a dump is removed by the next one', async () => {
  const next = await rigFor(db.url)
  const left = 'production-20261122T021500Z.dump.partial'
  // One of a folder, one of a file, and what a restore had unpacked.
  mkdirSync(join(next.backups, left))
  writeFileSync(join(next.backups, left, 'toc.dat'), 'half')
  writeFileSync(join(next.backups, left.replace('15', '16')), 'half')
  writeFileSync(join(next.backups, left.replace('partial', 'unpacked')), 'half')
  writeFileSync(join(next.backups, left.replace('production', 'production-eu')), "another environment's")
  expect(await next.run(backupDatabase())).toMatchObject({ ended: 'done' })
  expect(readdirSync(next.backups).filter((file) => /(partial|unpacked)$/.test(file))).toEqual([
    left.replace('production', 'production-eu'),
  ])
})

test('a backup that is cut, altered, or gone does not stand', async () => {
  const rig = await rigFor(db.url)
  const { dump, manifest } = (await rig.run(backupDatabase())).output as unknown as Output
  expect(await rig.look(backupStands(dump))).toMatchObject({ holds: true })
  const file = largestFileOf(dump)
  const whole = readFileSync(file)
  truncateSync(file, whole.length - 1)
  expect(await rig.look(backupStands(dump))).toMatchObject({
    holds: false,
    seen: expect.stringContaining('the manifest says'),
  })
  // Another than the one that was cut off.
  appendFileSync(file, Buffer.of(whole.at(-1)! ^ 1))
  expect(await rig.look(backupStands(dump))).toMatchObject({
    holds: false,
    seen: expect.stringContaining('sha256'),
  })
  writeFileSync(file, whole)
  expect(await rig.look(backupStands(dump))).toMatchObject({ holds: true })
  rmSync(dump, { recursive: true })
  expect(await rig.look(backupStands(dump))).toEqual({ holds: false, seen: 'the dump is gone' })
  rmSync(manifest)
  mkdirSync(manifest)
  expect(await rig.look(backupStands(dump))).toMatchObject({
    holds: false,
    seen: expect.stringContaining('no manifest'),
  })
})

test('an option that is not known, or not right', () => {
  expect(backupDatabase({ room: -1 }).mistakes).not.toEqual([])
  // @ts-expect-error: a wrong option is an error of types
  expect(backupDatabase({ rooms: 2 }).mistakes).not.toEqual([])
})
