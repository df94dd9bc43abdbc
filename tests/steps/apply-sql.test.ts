import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest'
import { columnCount } from '../../checks/column-count.ts'
import { tableHasColumns } from '../../checks/table-has-columns.ts'
import {
  type Action,
  defineCheck,
  holds,
  type Reverse,
  type Step,
  type Transaction,
} from '../../runbook/index.ts'
import { applySql } from '../../steps/apply-sql.ts'
import { pullCode } from '../../steps/pull-code.ts'
import { git, gitRemote } from '../rig/git-remote.ts'
import { freshDatabase } from '../rig/postgres.ts'
import { stepRig } from '../rig/step-rig.ts'

const guide = readFileSync('examples/lumiku/app/backend/migrations/20251014_avatar_creator.sql', 'utf8')

let db: Awaited<ReturnType<typeof freshDatabase>>
let rig: Awaited<ReturnType<typeof stepRig>>
let dir: string
beforeAll(async () => {
  db = await freshDatabase({ name: 'Lumiku-Production' })
  dir = mkdtempSync(join(tmpdir(), 'the app '))
  rig = await stepRig({ dir, databaseUrl: db.url })
})
afterAll(async () => {
  rig.dispose()
  rmSync(dir, { recursive: true })
  await db.drop()
})
beforeEach(async () => {
  await db.query(`
    DROP SCHEMA IF EXISTS public, "Other Schema" CASCADE; CREATE SCHEMA public; CREATE SCHEMA "Other Schema";
    CREATE TABLE avatars (id int PRIMARY KEY, name text);
    INSERT INTO avatars SELECT n, 'n' || n FROM generate_series(1, 10) n;
    CREATE TABLE "Other Schema".avatars (id int)`)
})
const file = (sql: string, name = 'the migration.sql'): string => {
  mkdirSync(dir, { recursive: true })
  writeFileSync(join(dir, name), sql)
  return name
}
const run = (sql: string, options: Omit<Parameters<typeof applySql>[0], 'file'> = {}) =>
  rig.run(applySql({ file: file(sql), ...options }))
const columns = async (schema = 'public') =>
  (
    await db.query<{ name: string }>(
      `SELECT column_name AS name FROM information_schema.columns WHERE table_schema = $1 AND table_name = 'avatars' ORDER BY ordinal_position`,
      [schema],
    )
  ).map(({ name }) => name)
/** Takes the step back as a rollback does: the frozen actions, then the checks. */
const takeBack = async (step: Step, { events, observed }: Awaited<ReturnType<typeof rig.run>>) => {
  const { undo } = events.find((event) => event.type === 'undo-frozen') as unknown as { undo: Reverse }
  for (const action of Object.values(undo.actions) as Action[])
    for (const { sql } of (action as Transaction).statements) await db.query(sql)
  const again = step.undo({ observed, env: rig.env, run: { stamp: '', backups: '', copies: '' } }) as Reverse
  for (const check of again.after) expect(await rig.look(check)).toMatchObject({ holds: true })
}

test("the guide's migration: applied, proven, skipped the second time, taken back", async () => {
  const step = applySql({ file: file(guide) })
  const { steps, failures } = await rig.plan(step)
  expect(failures).toEqual([])
  expect(steps[0]).toMatchObject({ expects: 'to-do' })
  expect(await columns()).toEqual(['id', 'name'])

  const first = await rig.run(step)
  expect(first).toMatchObject({ ended: 'done', output: { statements: 18 } })
  expect(first.summary).toMatch(/^18 statements in \d+ ms, committed$/)
  expect(first.performed).toEqual([steps[0]!.actions[0]!.printed])
  expect(await columns()).toHaveLength(20)
  expect(await columns('Other Schema')).toEqual(['id'])

  expect(await rig.run(step)).toMatchObject({ ended: 'skipped', performed: [] })
  await takeBack(step, first)
  expect(await columns()).toEqual(['id', 'name'])
  expect(await db.query('SELECT count(*)::int AS rows FROM avatars')).toEqual([{ rows: 10 }])
})

test('the third statement fails: nothing of it stays, and its line is said', async () => {
  const sql = `-- one
ALTER TABLE avatars ADD a int;
CREATE TABLE t (id int);

/* the third */
ALTER TABLE avatars
  ADD b nonsense;`
  expect(await run(sql)).toMatchObject({
    ended: 'failed',
    failure: {
      kind: 'query-failed',
      line: 7,
      statement: 'ALTER TABLE avatars\n  ADD b nonsense',
      sqlstate: '42704',
    },
  })
  expect(await columns()).toEqual(['id', 'name'])
  expect(await db.query("SELECT to_regclass('public.t') AS t")).toEqual([{ t: null }])
})

test('a table of the wrong shape behind IF NOT EXISTS is caught, and each wrong column named', async () => {
  await db.query('CREATE TABLE usage (id int, "usedAt" timestamptz)')
  const sql =
    'CREATE TABLE IF NOT EXISTS usage (id int NOT NULL, "usedAt" timestamp(3), count int DEFAULT 0 NOT NULL)'
  expect(await run(sql)).toMatchObject({
    ended: 'failed',
    failure: {
      kind: 'after-unmet',
      unmet: [
        {
          seen: 'id is nullable (expected not null); usedAt is timestamp with time zone (expected timestamp(3)); count is missing',
        },
      ],
    },
  })
})

test('a column of the wrong nullability behind IF NOT EXISTS, though `after` of the book is content', async () => {
  await db.query('ALTER TABLE avatars ADD "usageCount" int, ADD "personaName" text')
  const step = applySql({ file: file(guide), after: [tableHasColumns('avatars', { personaName: 'text' })] })
  const result = await rig.run(step)
  expect(result).toMatchObject({ ended: 'failed', failure: { kind: 'after-unmet' } })
  expect(JSON.stringify(result.failure)).toContain('usageCount is nullable (expected not null)')
  // What was there before stays when it is taken back.
  await takeBack(step, result).catch(() => {})
  expect(await columns()).toEqual(['id', 'name', 'usageCount', 'personaName'])
})

test('half of it was done by hand: the rest is done, and only that is taken back', async () => {
  await db.query('ALTER TABLE avatars ADD "personaName" text, ADD gender text')
  const step = applySql({ file: file(guide), after: [tableHasColumns('avatars', { personaName: 'text' })] })
  const result = await rig.run(step)
  expect(result).toMatchObject({ ended: 'done' })
  await takeBack(step, result)
  expect(await columns()).toEqual(['id', 'name', 'personaName', 'gender'])
})

test('`derive: false` leaves it to `after`, for a file whose columns were altered again since', async () => {
  const sql = 'ALTER TABLE avatars ADD a int'
  await db.query('ALTER TABLE avatars ADD a bigint')
  const after = [tableHasColumns('avatars', { a: 'bigint' })]
  expect(await run(sql, { derive: false, after })).toMatchObject({ ended: 'skipped' })
  expect(await run(sql, { derive: false })).toMatchObject({
    ended: 'failed',
    failure: { kind: 'before-unmet' },
  })
})

test('a plan names what is dangerous, unless it is done already', async () => {
  const sql = '-- one\nCREATE INDEX avatars_name ON avatars (name);\nALTER TABLE avatars ADD a int'
  const step = applySql({ file: file(sql) })
  expect((await rig.plan(step)).steps[0]!.dangers).toMatchObject([
    { rule: 'index-without-concurrently', what: 'line 2: CREATE INDEX on avatars without CONCURRENTLY' },
  ])
  await rig.run(step)
  expect((await rig.plan(step)).steps[0]).toMatchObject({ expects: 'done' })
  expect((await rig.plan(step)).steps[0]!.dangers).toBeUndefined()
  expect((await rig.plan(applySql({ file: file(guide) }))).steps[0]!.dangers).toBeUndefined()
})

test('a file whose effect nobody can see needs `after`', async () => {
  const sql = "ALTER TABLE avatars ADD a int;\nUPDATE avatars SET a = 1;\nUPDATE avatars SET name = 'x'"
  const refused = await run(sql)
  expect(refused).toMatchObject({ ended: 'failed', performed: [] })
  expect(JSON.stringify(refused.failure)).toMatch(/line 2: UPDATE avatars SET a = 1; line 3.*say in `after`/)
  expect((await rig.plan(applySql({ file: file(sql) }))).failures).toEqual([refused.failure])
  const filled = defineCheck({
    fact: 'every avatar has an a',
    remedy: 'fill it',
    look: async () => holds('they have'),
  })
  const done = await run(sql, { after: [filled] })
  expect(done).toMatchObject({ ended: 'done' })
  expect(done.events.find((event) => event.type === 'undo-frozen')).toMatchObject({
    undo: { kind: 'forward-only', because: "line 3 of the migration.sql: UPDATE avatars SET name = 'x'" },
  })
  expect(done.events.filter((event) => event.type === 'looked' && event.side === 'after')).toHaveLength(2)
})

test.each([
  ['\\i other.sql', /line 2: \\\\i is a command of psql/],
  [
    'CREATE INDEX CONCURRENTLY i ON avatars (name);',
    /line 2: CREATE INDEX CONCURRENTLY cannot run in a transaction/,
  ],
  ['COPY avatars FROM stdin;\n1\ta\n\\.', /line 2: COPY FROM STDIN needs psql/],
  ['ROLLBACK;', /line 2: ROLLBACK in a migration/],
])('refused with line and remedy, before anything: %j', async (sql, words) => {
  const { failures } = await rig.plan(applySql({ file: file(`ALTER TABLE avatars ADD a int;\n${sql}`) }))
  expect(JSON.stringify(failures)).toMatch(words)
  expect(await columns()).toEqual(['id', 'name'])
})

test('a file that is not there, that is empty, that is a folder', async () => {
  expect(JSON.stringify((await rig.plan(applySql({ file: 'nowhere.sql' }))).failures)).toContain(
    'nowhere.sql is there',
  )
  expect(JSON.stringify((await rig.plan(applySql({ file: file('-- nothing') }))).failures)).toContain(
    'no statement in it',
  )
  expect((await rig.plan(applySql({ file: '.' }))).failures).toMatchObject([
    { kind: 'file-failed', code: 'EISDIR' },
  ])
})

test('a role without rights is refused before anything, and named with the owner', async () => {
  const other = await freshDatabase({ login: 'guest' })
  onTestFinished(() => other.drop())
  await db.asAdmin(
    `GRANT CONNECT ON DATABASE "${db.database}" TO "${other.role.name}"; GRANT USAGE ON SCHEMA public TO "${other.role.name}"`,
  )
  const url = new URL(other.url)
  url.pathname = `/${encodeURIComponent(db.database)}`
  const guest = await stepRig({ dir, databaseUrl: url.href })
  onTestFinished(async () => {
    guest.dispose()
    await db.asAdmin(
      `REVOKE ALL ON DATABASE "${db.database}" FROM "${other.role.name}"; REVOKE ALL ON SCHEMA public FROM "${other.role.name}"`,
    )
  })
  const alters = applySql({ file: file('ALTER TABLE avatars ADD a int') })
  expect(JSON.stringify((await guest.plan(alters)).failures)).toContain(
    `${other.role.name} does not own public.avatars (${db.role.name} does)`,
  )
  expect(await guest.run(alters)).toMatchObject({
    ended: 'failed',
    failure: { kind: 'before-unmet' },
    performed: [],
  })
  const creates = applySql({ file: file('CREATE TABLE t (id int)', 'creates.sql') })
  expect(JSON.stringify((await guest.plan(creates)).failures)).toContain('may not create in schema public')
})

test("another schema: only its own tables are meant, and a file's search_path counts", async () => {
  const there = await stepRig({ dir, databaseUrl: db.url, schema: 'Other Schema' })
  onTestFinished(there.dispose)
  expect(
    await there.run(applySql({ file: file('ALTER TABLE avatars ADD "The Column" timestamptz(3)[]') })),
  ).toMatchObject({ ended: 'done' })
  expect(await columns('Other Schema')).toEqual(['id', 'The Column'])
  expect(await columns()).toEqual(['id', 'name'])
  const step = applySql({
    file: file(
      'SET LOCAL search_path TO "Other Schema";\nCREATE TABLE "T" (id serial PRIMARY KEY, n numeric(5), c char, d "char", e bit, f float, g bool); CREATE INDEX "I" ON "T" (n)',
    ),
  })
  const result = await rig.run(step)
  expect(result).toMatchObject({ ended: 'done' })
  await takeBack(step, result)
  expect(await db.query(`SELECT to_regclass('"Other Schema"."T"') AS t`)).toEqual([{ t: null }])
})

test('everything that has a name: made, seen, taken back', async () => {
  const step = applySql({
    file: file(`BEGIN;
      CREATE TYPE mood AS ENUM ('sad', 'ok'); ALTER TYPE mood ADD VALUE 'glad';
      CREATE SEQUENCE numbers;
      CREATE TABLE projects (id bigint GENERATED ALWAYS AS IDENTITY, owner int REFERENCES avatars (id), mood mood[], PRIMARY KEY (id));
      ALTER TABLE avatars ADD project bigint, ADD CONSTRAINT its_project FOREIGN KEY (project) REFERENCES projects (id);
      CREATE INDEX avatars_project ON avatars (project);
      COMMENT ON TABLE projects IS 'what they belong to';
      ALTER TABLE avatars ALTER project SET DEFAULT 0;
      SELECT count(*) FROM projects;
      END`),
    after: [columnCount('avatars', 3)],
  })
  const result = await rig.run(step)
  expect(result).toMatchObject({ ended: 'done' })
  expect(await rig.run(step)).toMatchObject({ ended: 'skipped' })
  await takeBack(step, result)
  expect(await columns()).toEqual(['id', 'name'])
  expect(
    await db.query(
      "SELECT to_regtype('mood') AS t, to_regclass('projects') AS p, to_regclass('numbers') AS n",
    ),
  ).toEqual([{ t: null, p: null, n: null }])
})

test('a way back that the book gives, as a file or as SQL', async () => {
  const sql = 'UPDATE avatars SET name = upper(name)'
  const after = [tableHasColumns('avatars', { name: 'text' })]
  // `after` holds already here; a different one makes it run.
  const never = defineCheck({
    fact: 'the names are upper case',
    remedy: '-',
    look: async ({ see }) => {
      const [row] = (await see({
        kind: 'query',
        effect: 'reads',
        sql: 'SELECT bool_and(name = upper(name)) AS is FROM avatars',
        values: [],
        row: undefined as { is: boolean } | undefined,
      } as never)) as unknown as { is: boolean }[]
      return { holds: row!.is, seen: String(row!.is) }
    },
  })
  const step = applySql({
    file: file(sql),
    after: [...after, never],
    reverse: { sql: 'UPDATE avatars SET name = lower(name)' },
  })
  const result = await rig.run(step)
  expect(result).toMatchObject({ ended: 'done' })
  await takeBack(step, result)
  expect(await db.query('SELECT name FROM avatars WHERE id = 1')).toEqual([{ name: 'n1' }])
  file('BEGIN;\nUPDATE avatars SET name = lower(name);\nCOMMIT', 'back.sql')
  expect(
    (await rig.plan(applySql({ file: file(sql), after: [never], reverse: 'back.sql' }))).steps[0]!.undo,
  ).toContain('UPDATE avatars SET name = lower(name)')
  file('ROLLBACK', 'back.sql')
  expect(
    JSON.stringify(
      (await rig.plan(applySql({ file: file(sql), after: [never], reverse: 'back.sql' }))).failures,
    ),
  ).toContain('back.sql can be applied as one transaction')
})

test('a statement that takes too long is ended', async () => {
  const slow = 'CREATE TABLE t AS SELECT 1 AS a FROM pg_sleep(30)'
  expect(await run(slow, { statementTimeout: 100, after: [columnCount('t', 1)] })).toMatchObject({
    ended: 'failed',
    failure: { kind: 'query-failed', sqlstate: '57014', line: 1 },
  })
})

test('a plan reads the SQL that the pull will bring', async () => {
  const remote = gitRemote({ 'app.txt': 'one\n' })
  onTestFinished(remote.dispose)
  remote.push({ 'migrations/a b.sql': 'ALTER TABLE avatars ADD incoming int' })
  const clone = await stepRig({ dir: remote.clone, databaseUrl: db.url, app: { branch: 'main' } })
  onTestFinished(clone.dispose)
  const step = applySql({ file: 'migrations/a b.sql' })
  const { steps, failures } = await clone.plan(pullCode(), step)
  expect(failures).toEqual([])
  expect(steps[1]!.observed).toMatchObject({ from: 'incoming revision' })
  expect(steps[1]!.actions[0]!.printed).toContain('ALTER TABLE avatars ADD incoming int;')
  expect(git(remote.clone, 'status', '--porcelain')).toBe('')
  expect(await clone.run([pullCode(), step])).toMatchObject({ ended: 'done' })
  expect(await columns()).toContain('incoming')
})
