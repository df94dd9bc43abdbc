import { afterAll, beforeAll, expect, test } from 'vitest'
import { defineCheck, holds } from '../../../runbook/index.ts'
import { lossesOf } from '../../../steps/sql/losses.ts'
import { freshDatabase } from '../../rig/postgres.ts'
import { stepRig } from '../../rig/step-rig.ts'

let db: Awaited<ReturnType<typeof freshDatabase>>
beforeAll(async () => {
  db = await freshDatabase()
})
afterAll(() => db.drop())

const told = async (
  rig: Awaited<ReturnType<typeof stepRig>>,
  dropped: Parameters<typeof lossesOf>[1],
): Promise<unknown> => {
  const look = async (at: Parameters<typeof lossesOf>[0]) =>
    holds(JSON.stringify(await lossesOf(at, dropped)))
  const { seen } = await rig.look(defineCheck({ fact: '', remedy: '', look }))
  rig.dispose()
  return JSON.parse(seen)
}

test('rows of tables, and values of columns other than the default', async () => {
  const rig = await stepRig({ dir: '/', databaseUrl: db.url })
  await db.query(`
    CREATE TABLE "Mixed Case" (
      id int, plain text, count int NOT NULL DEFAULT 0, price numeric(10, 2) DEFAULT 0, doc json DEFAULT '{}',
      words text[] DEFAULT '{}', short varchar(10) DEFAULT 'none', at timestamptz DEFAULT now(), "quo""ted" text, unused text);
    INSERT INTO "Mixed Case" (id) SELECT n FROM generate_series(1, 100) n;
    UPDATE "Mixed Case" SET plain = 'x' WHERE id <= 1; UPDATE "Mixed Case" SET count = 1 WHERE id <= 2;
    UPDATE "Mixed Case" SET price = 1 WHERE id <= 3; UPDATE "Mixed Case" SET doc = '{"a":1}' WHERE id <= 4;
    UPDATE "Mixed Case" SET words = '{a}' WHERE id <= 5; UPDATE "Mixed Case" SET short = NULL WHERE id <= 6;
    UPDATE "Mixed Case" SET "quo""ted" = '' WHERE id <= 7;
    CREATE TABLE added (id int, note text); INSERT INTO added SELECT n, 'x' FROM generate_series(1, 8) n;
    CREATE TABLE empty (id int)`)
  const column = (name: string, of = 'Mixed Case') =>
    ({ kind: 'column', schema: 'public', of, name }) as const
  const names = ['plain', 'count', 'price', 'doc', 'words', 'short', 'at', 'quo"ted', 'unused', 'never there']
  const dropped = [
    ...names.map((name) => column(name)),
    ...['added', 'empty', 'no such table'].map(
      (name) => ({ kind: 'table', schema: 'public', name }) as const,
    ),
    column('note', 'added'),
    { kind: 'index', schema: 'public', name: 'some_index' } as const,
  ]
  expect(await told(rig, dropped)).toEqual([
    { what: 'in the table added', rows: 8 },
    { what: 'with a value in "Mixed Case".plain', rows: 1 },
    { what: 'with a value in "Mixed Case".count', rows: 2 },
    { what: 'with a value in "Mixed Case".price', rows: 3 },
    { what: 'with a value in "Mixed Case".doc', rows: 4 },
    { what: 'with a value in "Mixed Case".words', rows: 5 },
    { what: 'with a value in "Mixed Case".short', rows: 6 },
    // A default that is computed: every value counts.
    { what: 'with a value in "Mixed Case".at', rows: 100 },
    { what: 'with a value in "Mixed Case"."quo""ted"', rows: 7 },
  ])
})

test('what a policy hides cannot be told, and the others are counted', async () => {
  const rig = await stepRig({ dir: '/', databaseUrl: db.url })
  await db.query(`
    CREATE TABLE claim (id int, owner text, sum int); INSERT INTO claim SELECT n, 'x', 1 FROM generate_series(1, 6) n;
    ALTER TABLE claim ENABLE ROW LEVEL SECURITY; ALTER TABLE claim FORCE ROW LEVEL SECURITY;
    CREATE POLICY none ON claim USING (false);
    CREATE TABLE beside (id int); INSERT INTO beside VALUES (1)`)
  const dropped = [
    { kind: 'column', schema: 'public', of: 'claim', name: 'sum' } as const,
    { kind: 'table', schema: 'public', name: 'beside' } as const,
  ]
  expect(await told(rig, dropped)).toEqual([
    { what: 'in the table beside', rows: 1 },
    {
      what: expect.stringMatching(
        /^how many rows there are with a value in claim.sum cannot be told, because .*row-level security/,
      ),
      rows: null,
      unknown: true,
    },
  ])
})
