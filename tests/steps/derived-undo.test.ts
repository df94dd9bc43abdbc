import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { undoStep } from '../../runbook/engine/arrange-rollback.ts'
import { defineCheck, fails, holds, type Step } from '../../runbook/index.ts'
import type { StepRecord } from '../../runbook/journal/fold.ts'
import type { Arrangement } from '../../runbook/plan/plan.ts'
import { applySql } from '../../steps/apply-sql.ts'
import { freshDatabase, postgresBin } from '../rig/postgres.ts'
import { type StepRun, stepRig } from '../rig/step-rig.ts'

let db: Awaited<ReturnType<typeof freshDatabase>>
let rig: Awaited<ReturnType<typeof stepRig>>
let dir: string

beforeEach(async () => {
  db = await freshDatabase({ name: 'way back' })
  onTestFinished(db.drop)
  dir = mkdtempSync(join(tmpdir(), 'undo '))
  onTestFinished(() => rmSync(dir, { recursive: true }))
  rig = await stepRig({ dir, databaseUrl: db.url })
  onTestFinished(rig.dispose)
  await db.query(`
    CREATE SCHEMA crm; CREATE TYPE mood AS ENUM ('ok'); CREATE TABLE person (id int PRIMARY KEY, name text, born date);
    INSERT INTO person SELECT n, 'n' || n FROM generate_series(1, 9) n; CREATE UNIQUE INDEX person_name ON person (name);
    CREATE TABLE part (id int, at date) PARTITION BY RANGE (at); CREATE TABLE base (id int);
    CREATE TABLE crm.lead (id int, person int REFERENCES public.person); CREATE VIEW names AS SELECT name FROM person`)
})

/** PostgreSQL's own word of the schema. */
const dumped = (): string => {
  const { hostname, port, username, password, pathname } = new URL(db.url)
  const env = {
    PGHOST: hostname,
    PGPORT: port,
    PGUSER: decodeURIComponent(username),
    PGPASSWORD: decodeURIComponent(password),
  }
  return execFileSync(
    join(postgresBin(), 'pg_dump'),
    ['--schema-only', `--dbname=dbname='${decodeURIComponent(pathname.slice(1))}'`],
    { encoding: 'utf8', env: { ...process.env, ...env } },
  ).replace(/^\\(un)?restrict .*$/gm, '')
}
/** Holds once the file has been applied, whatever it does. */
const applied = defineCheck({
  fact: 'it was applied',
  remedy: '',
  look: async ({ performed }) => (performed('migrate') === undefined ? fails('not yet') : holds('it was')),
})
const migration = (sql: string): Step => {
  writeFileSync(join(dir, 'm.sql'), sql)
  return applySql({ file: 'm.sql', after: [applied] })
}
/** Takes a step back as a rollback does. */
const takeBack = (step: Step, run: StepRun): Promise<StepRun> => {
  const frozen = run.events.find((event) => event.type === 'undo-frozen')
  if (frozen?.type !== 'undo-frozen' || frozen.undo.kind !== 'reverse') throw new Error('it has no way back')
  const record: StepRecord & { undo: typeof frozen.undo } = {
    ...({} as StepRecord),
    ...{ id: step.id, title: step.title, observed: run.observed, undo: frozen.undo },
    state: { is: 'done', ms: 1, output: run.output } as StepRecord['state'],
  }
  return rig.run(
    undoStep(
      record,
      { ...({} as Arrangement), env: rig.env, steps: [step] },
      {
        target: { id: '', state: { revision: null } } as never,
        paths: { stamp: '', backups: '', copies: '' },
      },
    ),
  )
}

test.each([
  'CREATE TABLE pet (id serial PRIMARY KEY, owner int REFERENCES person, mood mood); CREATE INDEX pet_owner ON pet (owner)',
  'ALTER TABLE person ADD COLUMN vip boolean NOT NULL DEFAULT false; CREATE INDEX person_vip ON person (vip)',
  'CREATE UNIQUE INDEX u ON person (born); ALTER TABLE person ADD CONSTRAINT person_born UNIQUE USING INDEX u',
  'ALTER TABLE person ADD CONSTRAINT named CHECK (id > 0) NOT VALID',
  'SET search_path TO crm; ALTER TABLE lead ADD COLUMN note text; CREATE SEQUENCE tickets',
  "ALTER TABLE person ADD COLUMN tag text; UPDATE person SET tag = upper(name); COMMENT ON COLUMN person.tag IS 'x'",
  'ALTER TABLE part ADD COLUMN more int; CREATE TYPE pair AS (a int, b int); CREATE SCHEMA extra',
])('a derived undo leads back to the schema that was: %s', async (sql) => {
  const before = dumped()
  const step = migration(sql)
  const run = await rig.run(step)
  expect(run.failure).toBeUndefined()
  expect(dumped()).not.toBe(before)
  const back = await takeBack(step, run)
  expect(back.failure).toBeUndefined()
  expect(dumped()).toBe(before)
})

test.each([
  'ALTER TABLE person RENAME COLUMN name TO label; ALTER TABLE person ADD COLUMN name text',
  'SET search_path TO crm, public; ALTER TABLE person ADD COLUMN vip boolean',
  'ALTER TABLE person ADD CONSTRAINT k UNIQUE USING INDEX person_name',
  'DO $$ BEGIN ALTER TABLE person ADD COLUMN vip boolean; END $$; CREATE TABLE t (id int)',
  "CREATE TABLE t (id int); SELECT set_config('search_path', 'crm', true); ALTER TABLE lead ADD COLUMN x int",
  "ALTER TYPE mood RENAME TO temper; CREATE TYPE mood AS ENUM ('bad')",
  'ALTER TABLE base SET SCHEMA crm; CREATE TABLE base (id int)',
  "CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')",
  'CREATE TEMP TABLE person (id int); ALTER TABLE person ADD COLUMN vip int; CREATE TABLE t (id int)',
  'CREATE TABLE t (); ALTER TABLE person ADD COLUMN x int; CREATE INDEX i ON person (x); ALTER TABLE person DROP COLUMN x',
  "COMMENT ON TABLE person IS 'people'; CREATE TABLE t (id int)",
  'ALTER TABLE base ADD CONSTRAINT base_key PRIMARY KEY (id)',
  'CREATE FUNCTION make() RETURNS void LANGUAGE sql AS $$ CREATE TABLE made (id int) $$; SELECT make(); CREATE TABLE t (id int)',
  'ALTER TABLE base OWNER TO CURRENT_USER; CREATE TABLE t (id int)',
])('what is not understood to the last goes forward only, and is not called half done: %s', async (sql) => {
  const step = migration(sql)
  const run = await rig.run(step)
  expect(run.failure).toBeUndefined()
  expect(run.events.find((event) => event.type === 'undo-frozen')).toMatchObject({
    undo: { kind: 'forward-only' },
  })
  const diagnosed = await rig.diagnose(step)
  for (const id of ['partly-made', 'other-column', 'no-relation'])
    expect(diagnosed[id]).toMatchObject({ found: 'no' })
})

test('an undo is not begun where somebody has built on what the run made', async () => {
  const step = migration('CREATE TABLE pet (id int); ALTER TABLE person ADD COLUMN vip boolean')
  const run = await rig.run(step)
  await db.query('CREATE INDEX mine ON person (vip); ALTER TABLE pet ADD COLUMN name text')
  const before = dumped()
  const back = await takeBack(step, run)
  expect(back.performed).toEqual([])
  expect(JSON.stringify(back.failure)).toContain('table public.pet was changed since')
  expect(dumped()).toBe(before)
})

test('what others have made elsewhere since is no reason against it', async () => {
  const step = migration('ALTER TABLE person ADD COLUMN vip boolean')
  const run = await rig.run(step)
  await db.query(`CREATE TABLE part_9 PARTITION OF part FOR VALUES FROM ('2030-01-01') TO ('2031-01-01')`)
  const back = await takeBack(step, run)
  expect(back.failure).toBeUndefined()
})

test('a `reverse` that leaves something is not a way back, and what stays is named', async () => {
  writeFileSync(join(dir, 'm.sql'), 'ALTER TABLE person ADD COLUMN vip boolean; CREATE TABLE pet (id int)')
  const step = applySql({
    file: 'm.sql',
    derive: false,
    after: [applied],
    reverse: { sql: 'DROP TABLE pet' },
  })
  const run = await rig.run(step)
  const back = await takeBack(step, run)
  expect(back.ended).toBe('failed')
  expect(JSON.stringify(back.failure)).toContain('table public.person')
})
