import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  inject,
  onTestFinished,
  test,
} from 'vitest'
import {
  defineCheck,
  defineStep,
  executes,
  holds,
  type Look,
  nothingToUndo,
  type Step,
  secret,
} from '../../runbook/index.ts'
import type { EventOf } from '../../runbook/model/event.ts'
import { applySql } from '../../steps/apply-sql.ts'
import { backupDatabase } from '../../steps/backup-database.ts'
import { canBeRehearsed, howItIsRehearsed } from '../../steps/rehearsal/can-be-rehearsed.ts'
import type { Found } from '../../steps/rehearsal/where.ts'
import { rehearse } from '../../steps/rehearse.ts'
import { largestFileOf } from '../rig/dumps.ts'
import { freshDatabase } from '../rig/postgres.ts'
import { type RunOptions, type StepRun, stepRig } from '../rig/step-rig.ts'

// Each on a real server: a backup, its copy, the migration on that, and what stands in the database that is in use.

let db: Awaited<ReturnType<typeof freshDatabase>>
let rig: Awaited<ReturnType<typeof stepRig>>
let dir: string
beforeAll(async () => {
  db = await freshDatabase({ name: 'Lumiku-Production' })
  dir = mkdtempSync(join(tmpdir(), 'the app '))
  rig = await stepRig({ dir, databaseUrl: db.url })
})
afterAll(async () => {
  await db.drop()
  rig.dispose()
  rmSync(dir, { recursive: true })
})

const TABLES = `
  DROP SCHEMA IF EXISTS public CASCADE; CREATE SCHEMA public;
  CREATE TABLE projects (id int PRIMARY KEY, name text NOT NULL);
  INSERT INTO projects SELECT n, 'p' || n FROM generate_series(1, 5) n;
  CREATE TABLE avatars (id int PRIMARY KEY, name text, age text, project int);
  INSERT INTO avatars SELECT n, 'n' || n, n % 90, n % 5 + 1 FROM generate_series(1, 200) n`
beforeEach(() => db.query(TABLES))
afterEach(async () => expect(await copies()).toEqual([]))

const copies = async (): Promise<string[]> =>
  (
    await db.query<{ datname: string }>(
      `SELECT datname FROM pg_database WHERE datname LIKE '%_rehearsal_%' ORDER BY 1`,
    )
  ).map(({ datname }) => datname)

const migration = (sql: string, more: Partial<Parameters<typeof applySql>[0]> = {}): Step => {
  writeFileSync(join(dir, 'migration.sql'), sql)
  return applySql({ file: 'migration.sql', title: 'Migrate', ...more })
}
const rehearsed = (
  migrations: Step | Step[],
  {
    before,
    allow,
    ...options
  }: Omit<Partial<Parameters<typeof rehearse>[0]>, 'before' | 'allow'> &
    Pick<RunOptions, 'before' | 'allow'> = {},
): Promise<StepRun> => {
  const backup = backupDatabase()
  const step = rehearse({ from: backup, ...options })
  const given = { migrations: [migrations].flat(), ...(before && { before }), ...(allow && { allow }) }
  return rig.run([...(step.ahead ?? []), step], given)
}

/** What the rehearsal itself says, a line each. */
const said = ({ events }: StepRun): string[] =>
  events.flatMap((event) =>
    event.type === 'looked' && event.step === 'rehearse' && event.side === 'after'
      ? [`${event.fact}: ${event.seen}`]
      : [],
  )
const unmetIn = ({ failure }: StepRun) => {
  expect(failure).toMatchObject({ unmet: expect.anything() })
  return (failure as { unmet: { fact: string; seen: string; remedy: string }[] }).unmet
}

test('what adds columns is performed on a copy, measured, and taken back; the database in use is as it was', async () => {
  const before = await db.query(`SELECT xmin::text, * FROM avatars ORDER BY id`)
  const run = await rehearsed(
    migration('ALTER TABLE avatars ADD COLUMN bio text;\nCREATE INDEX avatars_bio ON avatars (bio);'),
  )
  expect(run.ended, JSON.stringify(run.failure)).toBe('done')
  const lines = said(run)
  expect(lines[0]).toMatch(/^the backup can be restored: .*MB in .*: 2 tables, 205 rows, as in its manifest$/)
  expect(lines[1]).toMatch(
    /^“Migrate” works on it: 2 statements in \d+ ms; ACCESS EXCLUSIVE on avatars for \d+ ms; nothing rewritten$/,
  )
  expect(lines.slice(2)).toEqual([
    '“Migrate” can be taken back: the schema is then as it was before',
    expect.stringMatching(
      /^the database that is in use is as it was meanwhile: the same: the schema \(\d+ objects/,
    ),
    'nothing is left of the copy: it is dropped',
  ])
  expect(await db.query(`SELECT xmin::text, * FROM avatars ORDER BY id`)).toEqual(before)
  const [migrated] = run.events.filter(
    (event): event is EventOf<'action-ended'> & typeof event =>
      event.type === 'action-ended' && event.step === 'rehearse-apply-sql',
  )
  expect(migrated!.statements).toMatchObject([
    {
      line: 1,
      measured: {
        locks: [{ table: 'public.avatars', mode: 'AccessExclusiveLock' }],
        rewritten: [],
        scanned: [],
      },
    },
    { line: 2, measured: { rewritten: [], scanned: [{ table: 'public.avatars', rows: 200 }] } },
  ])
})

describe('what fails on the data is stopped, and names the rows', () => {
  const stopped = async (sql: string) => {
    const run = await rehearsed(migration(sql, { after: [always] }))
    expect(run.ended).toBe('failed')
    return unmetIn(run)[0]!
  }

  test('NOT NULL over nulls', async () => {
    await db.query('UPDATE avatars SET name = NULL WHERE id IN (7, 9, 12)')
    const { fact, seen, remedy } = await stopped(
      'ALTER TABLE avatars ADD COLUMN bio text;\nALTER TABLE avatars ALTER COLUMN name SET NOT NULL;',
    )
    expect(fact).toBe('“Migrate” works on a copy of the database')
    expect(seen).toBe(
      'line 2: column "name" of relation "avatars" contains null values (23502); 3 of 200 rows of avatars: id=7 id=9 id=12'.replace(
        'id=7 id=9 id=12',
        'id=7, id=9, id=12',
      ),
    )
    expect(remedy).toContain('correct these rows')
  })

  test('a column that is NOT NULL, in a table that has rows', async () => {
    expect((await stopped('ALTER TABLE avatars ADD COLUMN bio text NOT NULL')).seen).toMatch(
      /\(23502\); 200 of 200 rows of avatars: id=1, id=2, id=3, id=4, id=5, …$/,
    )
  })

  test('a unique index over duplicates, which an earlier statement of the file has made', async () => {
    await db.query(
      `UPDATE avatars SET name = upper(name) WHERE id = 3; UPDATE avatars SET name = 'n3' WHERE id = 8`,
    )
    const { seen } = await stopped(
      'UPDATE avatars SET name = lower(name);\nCREATE UNIQUE INDEX once ON avatars (name);',
    )
    expect(seen).toMatch(
      /^line 2: could not create unique index "once" \(23505\); 2 of 200 rows of avatars: id=3, id=8$/,
    )
  })

  test('a cast that fails in row 40,000', async () => {
    await db.query(
      `INSERT INTO avatars SELECT n, 'n', '7', 1 FROM generate_series(201, 40200) n; UPDATE avatars SET age = 'forty' WHERE id = 40000`,
    )
    const { seen } = await stopped('ALTER TABLE avatars ALTER COLUMN age TYPE integer USING age::integer')
    expect(seen).toBe(
      'line 1: invalid input syntax for type integer: "forty" (22P02); 1 of 40,200 rows of avatars: id=40000',
    )
  })

  test('values that are too long, and numbers that are too large', async () => {
    await db.query(`UPDATE avatars SET name = 'a name that is long' WHERE id IN (4, 5)`)
    expect((await stopped('ALTER TABLE avatars ALTER COLUMN name TYPE varchar(10)')).seen).toMatch(
      /\(22001\); 2 of 200 rows of avatars: id=4, id=5$/,
    )
    await db.query(`UPDATE projects SET id = 70000 WHERE id = 5`)
    expect((await stopped('ALTER TABLE projects ALTER COLUMN id TYPE smallint')).seen).toMatch(
      /\(22003\); 1 of 5 rows of projects: id=70000$/,
    )
  })

  test('a foreign key to what is not there, and a CHECK that does not hold', async () => {
    await db.query('UPDATE avatars SET project = 99 WHERE id = 17')
    expect((await stopped('ALTER TABLE avatars ADD FOREIGN KEY (project) REFERENCES projects')).seen).toMatch(
      /\(23503\); 1 of 200 rows of avatars: id=17$/,
    )
    expect((await stopped('ALTER TABLE avatars ADD CONSTRAINT few CHECK (project < 6)')).seen).toMatch(
      /\(23514\); 1 of 200 rows of avatars: id=17$/,
    )
  })
})

describe('what hurts has to be allowed by name', () => {
  test('a table that is written anew for longer than the book allows', async () => {
    const rewrite = migration('ALTER TABLE avatars ADD COLUMN key uuid DEFAULT gen_random_uuid()', {
      reverse: { sql: 'ALTER TABLE avatars DROP COLUMN key' },
    })
    const run = await rehearsed(rewrite, { longest: 0 })
    const [{ seen, remedy } = { seen: '', remedy: '' }] = unmetIn(run)
    expect(seen).toMatch(
      /^line 1 writes all of avatars anew, \d.*: nobody can read or write avatars for about \d+ ms \(ACCESS EXCLUSIVE\)$/,
    )
    expect(remedy).toContain('safely: add it without the default')
    expect(remedy).toContain('--allow rewrite:avatars')
    expect(run.failure!.kind).toBe('before-unmet')
    for (const allowed of [{ allow: ['rewrite:avatars'] }, { allow: ['rewrite:avatars'] }]) {
      const again = await rehearsed(rewrite, { longest: 0, ...allowed })
      expect(again.ended).toBe('done')
      expect(said(again).join('\n')).toContain('rewrite:avatars is allowed: line 1 writes')
    }
  })

  test('one that is read in full', async () => {
    const run = await rehearsed(
      migration('ALTER TABLE avatars ALTER COLUMN name SET NOT NULL', {
        reverse: { sql: 'ALTER TABLE avatars ALTER COLUMN name DROP NOT NULL' },
      }),
      { longest: 0 },
    )
    expect(unmetIn(run)[0]!.seen).toMatch(/^line 1 reads all of avatars, 200 rows: nobody can read or write/)
    expect(unmetIn(run)[0]!.remedy).toContain('NOT VALID')
  })

  test('a column that is dropped with what is in it; not one that is only renamed, or empty', async () => {
    await db.query('ALTER TABLE avatars ADD COLUMN hollow text')
    const sql =
      'ALTER TABLE avatars DROP COLUMN age; ALTER TABLE avatars DROP COLUMN hollow; ALTER TABLE avatars RENAME COLUMN name TO title'
    const run = await rehearsed(migration(sql, { derive: false, after: [always] }))
    expect(unmetIn(run)).toMatchObject([
      {
        seen: 'it drops the column avatars.age: 200 rows with a value in avatars.age',
        remedy: expect.stringMatching(/--allow drop:avatars\.age$/),
      },
    ])
    expect(
      (await rehearsed(migration(sql, { derive: false, after: [always] }), { allow: ['drop:avatars.age'] }))
        .ended,
    ).toBe('done')
  })
})

const always = defineCheck({ fact: 'it is so', remedy: '', look: async () => holds('it is') })

test('a way back that leaves something behind is none', async () => {
  const run = await rehearsed(
    migration('ALTER TABLE avatars ADD COLUMN bio text, ADD COLUMN mood text', {
      reverse: { sql: 'ALTER TABLE avatars DROP COLUMN bio' },
      derive: false,
      after: [always],
    }),
  )
  const [{ fact, seen } = { fact: '', seen: '' }] = unmetIn(run)
  expect(fact).toMatch(/it is not there|“Migrate” can be taken back|mood/)
  expect(seen).toMatch(/mood/)
})

test('one that goes forward only says so', async () => {
  const run = await rehearsed(migration(`UPDATE projects SET name = 'x'`, { after: [always] }))
  expect(run.ended).toBe('done')
  expect(said(run).join('\n')).toMatch(
    /“Migrate” can be taken back: NO, it goes forward only: line 1 of migration.sql/,
  )
})

test('what comes and goes on the same server for other databases is no change of this one', async () => {
  let over = false
  const others = (async () => {
    for (let n = 0; !over; n += 1) {
      await db.asAdmin(`CREATE ROLE "other_${db.role.name}_${n}"`)
      await db.asAdmin(`DROP ROLE IF EXISTS "other_${db.role.name}_${n - 1}"`)
    }
  })()
  const adding = migration('ALTER TABLE avatars ADD COLUMN bio text')
  const run = await rehearsed(adding).finally(() => {
    over = true
  })
  await others
  for (const { rolname } of await db.asAdmin<{ rolname: string }>(
    `SELECT rolname FROM pg_roles WHERE rolname LIKE 'other_${db.role.name}_%'`,
  ))
    await db.asAdmin(`DROP ROLE "${rolname}"`)
  expect(run.ended, JSON.stringify(run.failure)).toBe('done')
})

test('a dump is read as it was made, whatever would be chosen by now', async () => {
  // Of a database without statistics it is not known that one table is most of it.
  const run = await rehearsed(migration('ALTER TABLE avatars ADD COLUMN bio text', { after: [always] }), {
    before: async ({ id }) => {
      if (id === 'rehearse') await db.query('ANALYZE')
    },
  })
  expect(run.failure).toBeUndefined()
})

test('a dump that is damaged after it was written is found', async () => {
  const run = await rehearsed(migration('ALTER TABLE avatars ADD COLUMN bio text'), {
    before: async ({ id }) => {
      if (id !== 'rehearse') return
      const file = largestFileOf((await latestDump()).dump)
      const bytes = readFileSync(file)
      bytes[Math.floor(bytes.length / 2)]! ^= 0xff
      writeFileSync(file, bytes)
    },
  })
  expect(unmetIn(run)[0]).toMatchObject({
    fact: 'the backup can be relied on',
    seen: expect.stringMatching(/^sha256 [0-9a-f]{64}, the manifest says/),
  })
})

const latestDump = async () => {
  const name = readdirSync(rig.backups)
    .filter((file) => file.endsWith('.dump'))
    .sort()
    .at(-1)!
  return { dump: join(rig.backups, name) }
}

test('a migration that reaches the database in use by a way of its own is found out', async () => {
  const own = defineStep({
    id: 'own',
    title: 'A step of a team',
    about: 'It does what it should not.',
    role: 'migration',
    sort: 'state',
    actions: () => ({ alter: executes('SELECT 1') }),
    run: async () => {
      await db.query('ALTER TABLE avatars ADD COLUMN sneaked text')
    },
    after: () => [always],
    undo: () => nothingToUndo('it is a test'),
  })
  const run = await rehearsed(own)
  expect(unmetIn(run)[0]).toMatchObject({
    fact: 'the database that is in use is as it was meanwhile',
    seen: expect.stringContaining('table public.avatars changed: + column sneaked text'),
  })
})

test('what would lead the copy to the database in use through the server is named beforehand, and allowed by name', async () => {
  await db.asAdmin(`ALTER ROLE "${db.role.name}" SUPERUSER`)
  onTestFinished(async () => {
    await db.asAdmin('DROP EXTENSION postgres_fdw CASCADE')
    await db.asAdmin(`ALTER ROLE "${db.role.name}" NOSUPERUSER`)
  })
  const quoted = (value: string) => `'${value.replaceAll("'", "''").replaceAll('\\', '\\\\')}'`
  const password = decodeURIComponent(new URL(db.url).password)
  await db.query(`CREATE EXTENSION postgres_fdw;
    CREATE SERVER itself FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '127.0.0.1', port '${db.port}', dbname '${db.database}');
    CREATE USER MAPPING FOR PUBLIC SERVER itself OPTIONS (user '${db.role.name}', password E${quoted(password)});
    CREATE FOREIGN TABLE avatars_there (id int, name text) SERVER itself OPTIONS (table_name 'avatars')`)
  const writes = migration(`UPDATE avatars_there SET name = 'overwritten'`, { after: [always] })
  const run = await rehearsed(writes)
  expect(unmetIn(run)).toEqual([
    {
      fact: 'a migration on the copy reaches nothing through the server',
      seen: expect.stringMatching(/^the foreign server itself leads to .*dbname Lumiku-Production-/),
      remedy: expect.stringContaining('--allow foreign:itself'),
    },
  ])
  expect(await db.query(`SELECT count(*)::int FROM avatars WHERE name = 'overwritten'`)).toEqual([
    { count: 0 },
  ])
  const allowed = await rehearsed(migration('ALTER TABLE avatars ADD COLUMN bio text'), {
    allow: ['foreign:itself'],
  })
  expect(allowed.ended, JSON.stringify(allowed.failure)).toBe('done')
})

test('what a killed rehearsal left is removed, even where nothing is to be rehearsed', async () => {
  await db.asAdmin(`CREATE DATABASE "${db.database}_rehearsal_20240101T000000Z" OWNER "${db.role.name}"`)
  expect(await copies()).toHaveLength(1)
  const run = await rehearsed([])
  expect(run.ended).toBe('done')
  expect(run.performed.filter((one) => one.startsWith('CREATE'))).toEqual([])
})

test('an interrupt in the middle leaves no copy', async () => {
  const slow = migration('SELECT pg_sleep(30)', { after: [always] })
  const own = await stepRig({ dir, databaseUrl: db.url })
  const backup = backupDatabase()
  const step = rehearse({ from: backup })
  const running = own.run([...(step.ahead ?? []), step], { migrations: [slow] })
  const sleeping = async () =>
    (await db.asAdmin(`SELECT FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(30)%'`)).length
  while (!(await sleeping())) await new Promise((resolve) => setTimeout(resolve, 20))
  own.abort.abort(new Error('interrupted'))
  expect((await running).ended).toBe('failed')
  own.dispose()
})

describe('where the copy is', () => {
  const adds = () => migration('ALTER TABLE avatars ADD COLUMN bio text')

  test('a role that may not create databases gets a server of its own, which is gone afterwards', async () => {
    await db.asAdmin(`ALTER ROLE "${db.role.name}" NOCREATEDB`)
    onTestFinished(async () => void (await db.asAdmin(`ALTER ROLE "${db.role.name}" CREATEDB`)))
    const run = await rehearsed(adds())
    expect(run.ended, JSON.stringify(run.failure)).toBe('done')
    expect(said(run)).toContain('nothing is left of the copy: its server is gone')
    const [, folder = ''] = /-k (\S+) -p/.exec(run.performed.join('\n')) ?? []
    expect(folder).toMatch(/^\/tmp\/runbook-rehearsal-/)
    expect(existsSync(folder)).toBe(false)
  })

  test('a server that the book names, where a copy that a killed rehearsal left is removed too', async () => {
    const [{ left } = { left: '' }] = await db.query<{ left: string }>(
      `SELECT 'runbook_rehearsal_' || left(md5(system_identifier || ' ' || current_database()), 12) || '_20250101T000000Z' AS left
       FROM pg_control_system()`,
    )
    const foreign = 'runbook_rehearsal_000000000000_20250101T000000Z'
    for (const name of [left, foreign]) await db.asAdmin(`CREATE DATABASE "${name}"`)
    const own = await stepRig({ dir, databaseUrl: db.url, secrets: { REHEARSAL_URL: inject('adminUrl') } })
    onTestFinished(() => own.dispose())
    const step = rehearse({ from: backupDatabase(), on: secret('REHEARSAL_URL') })
    const run = await own.run([...(step.ahead ?? []), step], { migrations: [adds()] })
    expect(run.ended, JSON.stringify(run.failure)).toBe('done')
    expect(run.performed).toContainEqual(expect.stringMatching(/^PG\*=‹secret REHEARSAL_URL› createdb/))
    expect(said(run)).toContain('nothing is left of the copy: it is dropped there')
    expect(JSON.stringify(run.events)).not.toContain(new URL(inject('adminUrl')).password)
    // Of another database, whose rehearsal may be going on.
    expect(await copies()).toEqual([foreign])
    await db.asAdmin(`DROP DATABASE "${foreign}"`)
  })

  test('nowhere: the plan says why, and under which name the run goes on without', async () => {
    const found: Found = {
      where: { kind: 'none', because: 'app may not create databases', remedy: 'ALTER ROLE app CREATEDB' },
      ...{ database: 'x', size: 1, leftovers: [], jobs: 1, format: 'custom', closing: { asUser: false } },
    }
    const look = (allowed: boolean) =>
      canBeRehearsed(found, []).look({ migrations: [adds()], allowed: () => allowed } as unknown as Look)
    expect(await look(false)).toMatchObject({
      holds: false,
      seen: 'app may not create databases',
      remedy: 'ALTER ROLE app CREATEDB; or go on without: --allow unrehearsed',
    })
    expect(await look(true)).toMatchObject({
      holds: true,
      seen: expect.stringMatching(/^NO, and that is allowed/),
    })
    expect(howItIsRehearsed(found, undefined)).toEqual(['NOT rehearsed: app may not create databases'])
  })

  test('switched off by the book, with its reason', async () => {
    const step = rehearse({ from: backupDatabase(), off: 'it has 4 TB' })
    expect(step.ahead).toBeUndefined()
    const { steps } = await rig.plan(step)
    expect(steps[0]!.findings).toEqual(['nothing is rehearsed: it has 4 TB'])
    expect((await rig.run(step)).ended).toBe('done')
  })
})
