import { afterAll, beforeAll, expect, test } from 'vitest'
import { columnCount } from '../../checks/column-count.ts'
import { tableExists } from '../../checks/table-exists.ts'
import { type ColumnShape, tableHasColumns } from '../../checks/table-has-columns.ts'
import { freshDatabase } from '../rig/postgres.ts'
import { stepRig } from '../rig/step-rig.ts'

let db: Awaited<ReturnType<typeof freshDatabase>>
let rig: Awaited<ReturnType<typeof stepRig>>
beforeAll(async () => {
  db = await freshDatabase({ name: 'Lumiku-Production' })
  rig = await stepRig({ dir: '/', databaseUrl: db.url })
  await db.query(`
    CREATE SCHEMA backup; CREATE SCHEMA "App Data";
    CREATE TYPE "MyEnum" AS ENUM ('a');
    CREATE TABLE avatars (
      id text PRIMARY KEY, "personaName" text, "usageCount" integer NOT NULL DEFAULT 0, dropped int,
      "lastUsedAt" timestamptz, seen timestamp(3), price numeric(10,2), whole numeric(5), code char, flags bit,
      short varchar(20), tags text[], shorts varchar(5)[], state "MyEnum" DEFAULT 'a', draft text DEFAULT 'dra''ft',
      at timestamptz DEFAULT now(), today date DEFAULT CURRENT_DATE, num float8, flag bool DEFAULT true, span interval(3));
    ALTER TABLE avatars DROP COLUMN dropped;
    CREATE TABLE backup.avatars (id text, one int);
    CREATE TABLE backup.elsewhere (id text);
    CREATE TABLE "App Data"."Mixed Case" ("The Name" text, "a""b" uuid);
    CREATE VIEW looks AS SELECT 1 AS id`)
})
afterAll(async () => {
  rig.dispose()
  await db.drop()
})
const seen = async (columns: Record<string, ColumnShape>, table = 'avatars', schema?: string) => {
  const { holds, seen: evidence } = await rig.look(tableHasColumns(table, columns, schema ? { schema } : {}))
  return `${holds ? 'holds' : 'fails'}: ${evidence}`
}

test.each([
  ['personaName', 'text'],
  ['personaName', 'TEXT'],
  ['usageCount', 'int'],
  ['usageCount', 'int4'],
  ['usageCount', ' Integer '],
  ['usageCount', 'pg_catalog.int4'],
  ['lastUsedAt', 'timestamptz'],
  ['lastUsedAt', 'TIMESTAMP WITH TIME ZONE'],
  ['seen', 'timestamp(3)'],
  ['seen', 'timestamp ( 3 ) without time zone'],
  ['price', 'numeric(10, 2)'],
  ['price', 'decimal(10,2)'],
  ['whole', 'numeric(5)'],
  ['whole', 'pg_catalog.numeric(5)'],
  ['code', 'char'],
  ['code', 'char(1)'],
  ['code', 'pg_catalog.bpchar(1)'],
  ['flags', 'bit'],
  ['short', 'varchar(20)'],
  ['short', 'character varying(20)'],
  ['tags', 'text[]'],
  ['shorts', 'varchar(5)[]'],
  ['state', '"MyEnum"'],
  ['state', 'MyEnum'],
  ['num', 'double precision'],
  ['flag', 'boolean'],
  ['span', 'interval(3)'],
])('%s is %s', async (name, type) => {
  expect(await seen({ [name]: type })).toBe('holds: 1 column as expected')
})

test.each([
  [{ personaName: 'varchar' }, 'personaName is text (expected varchar)'],
  [{ lastUsedAt: 'timestamp' }, 'lastUsedAt is timestamp with time zone (expected timestamp)'],
  [{ lastUsedAt: 'timestamptz(3)' }, 'lastUsedAt is timestamp with time zone (expected timestamptz(3))'],
  [{ seen: 'timestamp' }, 'seen is timestamp(3) without time zone (expected timestamp)'],
  [{ short: 'varchar(40)' }, 'short is character varying(20) (expected varchar(40))'],
  [{ price: 'numeric(10)' }, 'price is numeric(10,2) (expected numeric(10))'],
  [{ tags: 'text' }, 'tags is text[] (expected text)'],
  [{ personaName: 'txet' }, 'personaName: PostgreSQL knows no type txet'],
  [{ personaname: 'text' }, 'personaname is missing'],
  [{ dropped: 'int' }, 'dropped is missing'],
  [{ one: 'int' }, 'one is missing'],
  [{ usageCount: { nullable: true } }, 'usageCount is not null (expected nullable)'],
  [
    { usageCount: { type: 'text', nullable: true, default: 1 } },
    'usageCount is integer, not null, default 0 (expected text, nullable, default 1)',
  ],
  [{ usageCount: { default: null } }, 'usageCount is default 0 (expected without default)'],
  [{ id: { default: 'cuid()' } }, 'id is without default (expected default cuid())'],
])('wrong: %j', async (columns, evidence) => {
  expect(await seen(columns as Record<string, ColumnShape>)).toBe(`fails: ${evidence}`)
})

test('every wrong column is named at once, the right ones are not', async () => {
  expect(
    await seen({ id: 'text', personaName: 'int', nothing: 'text', usageCount: { nullable: true } }),
  ).toBe(
    'fails: personaName is text (expected int); nothing is missing; usageCount is not null (expected nullable)',
  )
})

test('defaults as people write them', async () => {
  const columns = {
    usageCount: { default: 0 },
    draft: { default: "'dra''ft'" },
    state: { default: "'a'" },
    at: { default: 'NOW()' },
    today: { default: 'current_date' },
    flag: { default: true },
    personaName: { default: null },
  }
  expect(await seen(columns)).toBe('holds: 7 columns as expected')
})

test('names with capitals, spaces and quotes, in a schema of such a name', async () => {
  expect(await seen({ 'The Name': 'text', 'a"b': 'uuid' }, 'Mixed Case', 'App Data')).toBe(
    'holds: 2 columns as expected',
  )
  const inSchema = await stepRig({ dir: '/', databaseUrl: db.url, schema: 'App Data' })
  try {
    expect(await inSchema.look(tableHasColumns('Mixed Case', { 'The Name': 'text' }))).toMatchObject({
      holds: true,
    })
    expect(await inSchema.look(tableExists('Mixed Case'))).toEqual({
      holds: true,
      seen: 'App Data.Mixed Case',
    })
  } finally {
    inSchema.dispose()
  }
})

test("another schema's table of the same name is not mistaken for it", async () => {
  expect(await seen({ one: 'int' }, 'avatars', 'backup')).toBe('holds: 1 column as expected')
  expect(await seen({ id: 'text' }, 'elsewhere')).toBe(
    'fails: no table elsewhere in schema public; there is one in backup',
  )
  expect(await rig.look(tableExists('elsewhere'))).toMatchObject({ holds: false })
  expect(await rig.look(tableExists('elsewhere', { schema: 'backup' }))).toMatchObject({ holds: true })
  expect(await rig.look(tableExists('looks'))).toEqual({
    holds: false,
    seen: 'no table looks in schema public',
  })
  expect(await rig.look(columnCount('avatars', 19))).toEqual({ holds: true, seen: '19 columns' })
  expect(await rig.look(columnCount('avatars', 26))).toEqual({
    holds: false,
    seen: '19 columns, expected 26',
  })
  expect(await rig.look(columnCount('avatars', 2, { schema: 'backup' }))).toMatchObject({ holds: true })
  expect(await rig.look(columnCount('nothing', 2))).toMatchObject({
    holds: false,
    seen: 'no table nothing in schema public',
  })
})
