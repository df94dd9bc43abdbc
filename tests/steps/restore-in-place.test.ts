import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import pg from 'pg'
import { beforeEach, describe, expect, inject, onTestFinished, test } from 'vitest'
import { connected } from '../../examples/world/databases.ts'
import type { BackupManifest, Step } from '../../runbook/index.ts'
import { backupDatabase } from '../../steps/backup-database.ts'
import { restoreDatabase } from '../../steps/restore-database.ts'
import { until } from '../rig/command-line.ts'
import { freshDatabase } from '../rig/postgres.ts'
import { stepRig } from '../rig/step-rig.ts'
import { contentOf } from '../scenarios/database-content.ts'

let db: Awaited<ReturnType<typeof freshDatabase>>
let rig: Awaited<ReturnType<typeof stepRig>>
let dump: string

const ident = (name: string) => `"${name.replaceAll('"', '""')}"`
const content = () => contentOf(db.url, process.env.PATH!)
const inPlace = (from = dump) => restoreDatabase({ dump: from, inPlace: true })
const restore = (from = dump) => {
  const { bring, swap, account } = inPlace(from)
  return rig.run([bring, swap, account])
}
const unpacked = () => readdirSync(rig.backups).filter((name) => name.endsWith('.sql'))

beforeEach(async () => {
  db = await freshDatabase({ name: 'Lumiku "In Place"' })
  onTestFinished(db.drop)
  await db.asAdmin(`ALTER ROLE ${ident(db.role.name)} NOCREATEDB`)
  await db.query(`
    CREATE TYPE mood AS ENUM ('good', 'bad');
    CREATE TABLE avatars (id serial PRIMARY KEY, "personaName" text, mood mood, "createdAt" timestamptz NOT NULL DEFAULT now());
    INSERT INTO avatars ("personaName", mood) SELECT 'name ' || n, 'good' FROM generate_series(1, 500) n;
    CREATE TABLE "Mixed Case; DROP" (id int PRIMARY KEY REFERENCES avatars, note text);
    INSERT INTO "Mixed Case; DROP" SELECT n, 'note ' || n FROM generate_series(1, 100) n;
    CREATE STATISTICS of_both ON id, note FROM "Mixed Case; DROP";
    CREATE FUNCTION named(id int) RETURNS text LANGUAGE sql AS 'SELECT "personaName" FROM avatars a WHERE a.id = named.id';
    CREATE VIEW names AS SELECT named(id) FROM avatars;
    CREATE SCHEMA "Other Schema"; CREATE TABLE "Other Schema".avatars (id int);
    GRANT SELECT ON avatars TO PUBLIC; COMMENT ON TABLE avatars IS 'people'`)
  rig = await stepRig({ dir: '/', name: 'production', databaseUrl: db.url })
  onTestFinished(rig.dispose)
  const backup = await rig.run(backupDatabase())
  expect(backup.failure).toBeUndefined()
  dump = (backup.output as { dump: string }).dump
})

const changeMuch = () =>
  db.query(`
    INSERT INTO avatars ("personaName") SELECT 'later' FROM generate_series(1, 40);
    UPDATE avatars SET mood = 'bad' WHERE id <= 7; DELETE FROM "Mixed Case; DROP" WHERE id > 90;
    ALTER TABLE avatars ADD COLUMN gender text; DROP VIEW names; DROP FUNCTION named;
    CREATE TABLE added (id int REFERENCES avatars); INSERT INTO added VALUES (1), (2);
    CREATE VIEW later AS SELECT gender FROM avatars; CREATE DOMAIN positive AS int CHECK (VALUE > 0);
    CREATE FUNCTION added() RETURNS int LANGUAGE sql AS 'SELECT 1';
    CREATE AGGREGATE total (int) (sfunc = int4pl, stype = int);
    CREATE SCHEMA more; CREATE TABLE more.avatars (id int); DROP TABLE "Other Schema".avatars;
    GRANT USAGE ON SCHEMA public TO ${ident(db.role.name)} WITH GRANT OPTION; REVOKE USAGE ON SCHEMA public FROM PUBLIC`)

test('gives back exactly what was, without the right to create databases, and counts what goes', async () => {
  const before = await content()
  await changeMuch()
  const run = await restore()
  expect(run.failure).toBeUndefined()
  expect(await content()).toEqual(before)
  const [lost] = run.events.flatMap((event) =>
    event.type === 'looked' && event.fact === 'what was lost is known' ? [event.seen] : [],
  )
  expect(lost).toContain('40 rows more in avatars than in what comes back')
  expect(lost).toContain('cannot be told')
  expect(lost).toContain('2 rows in the table added: the backup has no table of that name')
  expect(unpacked()).toEqual([])
  // The next number of a sequence is what it was too.
  expect(await db.query(`SELECT nextval('avatars_id_seq')::int AS next`)).toEqual([{ next: 501 }])
})

test('others go on meanwhile, and find one of the two databases, never a third', async () => {
  await db.query(`INSERT INTO avatars ("personaName") SELECT 'later' FROM generate_series(1, 40)`)
  let over = false
  const counts = new Map<string, number>()
  const saw = (what: string) => counts.set(what, (counts.get(what) ?? 0) + 1)
  const busy = Array.from({ length: 5 }, async () => {
    while (!over) {
      const client = new pg.Client({ connectionString: db.url })
      client.on('error', () => {})
      try {
        await client.connect()
        while (!over) saw(String((await client.query('SELECT count(*)::int AS n FROM avatars')).rows[0].n))
      } catch (error) {
        saw((error as { code?: string }).code ?? (error as Error).message)
      } finally {
        await client.end().catch(() => {})
      }
    }
  })
  await until(() => (counts.get('540') ?? 0) > 50)
  const run = await restore()
  await until(() => (counts.get('500') ?? 0) > 50)
  over = true
  await Promise.all(busy)
  expect(run.failure).toBeUndefined()
  // Thrown out, or met by a table that had just been replaced.
  for (const what of counts.keys())
    expect(what).toMatch(/^(540|500|57P01|42P01|XX000|.*(terminated|queryable).*)$/)
})

test('what fails leaves everything as it was: the whole of it is one transaction', async () => {
  await changeMuch()
  const after = await content()
  const manifest = readFileSync(`${dump}.json`, 'utf8')
  const { tables } = JSON.parse(manifest) as BackupManifest
  const wrong = tables.map((one) => ({ ...one, rows: one.rows + (one.name === 'avatars' ? 1 : 0) }))
  writeFileSync(`${dump}.json`, JSON.stringify({ ...JSON.parse(manifest), tables: wrong }))
  const run = await restore()
  expect(JSON.stringify(run.failure)).toContain('public.avatars does not have the 501 rows of the manifest')
  expect(await content()).toEqual(after)
  expect(unpacked()).toEqual([])
})

describe('refused where it would not be exact, and nothing is written', () => {
  const refused = async (seen: RegExp) => {
    const { bring } = inPlace()
    expect(JSON.stringify((await rig.plan(bring)).failures)).toMatch(seen)
    const run = await restore()
    expect([run.ended, run.performed]).toEqual(['failed', []])
    expect(JSON.stringify(run.failure)).toMatch(seen)
    expect(existsSync(dump)).toBe(true)
  }
  test.each([
    [
      'a table of another role',
      'CREATE TABLE foreign_owned (id int); GRANT SELECT ON foreign_owned TO PUBLIC',
      /foreign_owned belongs to postgres/,
    ],
    ['an extension', 'CREATE EXTENSION citext', /seen":"extension citext"/],
    ['large objects', 'SELECT lo_create(4711)', /large objects/],
    ['a publication', 'CREATE PUBLICATION everything', /publication everything/],
  ])('%s', async (_, sql, seen) => {
    const available = await connected(
      inject('adminUrl'),
      async (client) =>
        (await client.query(`SELECT 1 FROM pg_available_extensions WHERE name = 'citext'`)).rowCount,
    )
    if (sql.includes('EXTENSION') && !available) return
    await db.asAdmin(sql)
    await refused(seen)
  })
})

test('the refusal of the usual way names this one, where it leads to the same', async () => {
  const remedyOf = async (step: Step) => JSON.stringify((await rig.plan(step)).failures)
  const { bring } = restoreDatabase({ dump })
  expect(await remedyOf(bring)).toMatch(/may not create databases.*CREATEDB; or restore in place.*--in-place/)
  await db.asAdmin('CREATE TABLE foreign_owned (id int); GRANT SELECT ON foreign_owned TO PUBLIC')
  expect(await remedyOf(bring)).toMatch(/may not create databases/)
  expect(await remedyOf(bring)).not.toContain('--in-place')
})
