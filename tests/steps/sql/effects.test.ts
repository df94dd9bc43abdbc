import { expect, test } from 'vitest'
import { effectsOf } from '../../../steps/sql/effects.ts'
import type { SqlEffects } from '../../../steps/sql/ledger.ts'
import { dropsOf } from '../../../steps/sql/reverse.ts'
import { parseSqlScript } from '../../../steps/sql/script.ts'
import { wayBack } from '../../../steps/sql/way-back.ts'

const effects = async (sql: string): Promise<SqlEffects> =>
  effectsOf((await parseSqlScript(sql)).statements, 'app')
const added = ({ adds }: SqlEffects) =>
  adds.map(({ kind, schema, of, name }) => [kind, schema, of, name].filter(Boolean).join(' '))
const lines = (places: readonly { line: number }[]) => places.map(({ line }) => line)
/** The way back where nothing of it was there before. */
const back = async (sql: string, had: number[] = []) => {
  const { added: fresh, lost } = wayBack(await effects(sql), had)
  return { drops: dropsOf(fresh).map((statement) => statement.sql), lost: lines(lost) }
}

test('columns with their types and nullability, in the schema that is meant', async () => {
  const { columns, alters, unproven } = await effects(`
    ALTER TABLE avatars ADD COLUMN a text, ADD b int NOT NULL DEFAULT 0, ADD c timestamp(3) with time zone;
    ALTER TABLE other."Mixed Case" ADD d varchar(20)[], ADD e bigserial, ADD f "MyEnum", ADD g numeric(0),
      ADD h interval day to second(3), ADD i int GENERATED ALWAYS AS IDENTITY, ADD j char, ADD k "char";`)
  expect(columns).toEqual([
    {
      schema: 'app',
      table: 'avatars',
      columns: {
        a: { type: 'text', nullable: true },
        b: { type: 'integer', nullable: false },
        c: { type: 'timestamptz(3)', nullable: true },
      },
    },
    {
      schema: 'other',
      table: 'Mixed Case',
      columns: {
        d: { type: 'varchar(20)[]', nullable: true },
        e: { type: 'bigint', nullable: false },
        f: { type: '"MyEnum"', nullable: true },
        g: { type: 'numeric(0)', nullable: true },
        h: { nullable: true },
        i: { type: 'integer', nullable: false },
        j: { type: 'bpchar(1)', nullable: true },
        k: { type: '"char"', nullable: true },
      },
    },
  ])
  expect(alters).toEqual([
    { schema: 'app', table: 'avatars' },
    { schema: 'other', table: 'Mixed Case' },
  ])
  expect(unproven).toEqual([])
})

test('a new table: its columns, and those of its primary key are not null', async () => {
  const seen = await effects(
    'CREATE TABLE IF NOT EXISTS t (a int, b text, c text NOT NULL, PRIMARY KEY (a, b), UNIQUE (c))',
  )
  expect(added(seen)).toEqual(['table app t'])
  expect(seen.columns[0]!.columns).toMatchObject({
    a: { nullable: false },
    b: { nullable: false },
    c: { nullable: false },
  })
})

test('what is altered again is judged by its end', async () => {
  const seen = await effects(`
    ALTER TABLE t ADD a int; ALTER TABLE t ALTER a SET NOT NULL; ALTER TABLE t ALTER a TYPE bigint;
    ALTER TABLE t ADD b int; ALTER TABLE t DROP b; ALTER TABLE t ADD c int; ALTER TABLE t RENAME c TO d;
    CREATE TABLE gone (id int); DROP TABLE gone`)
  expect(seen.columns).toEqual([
    { schema: 'app', table: 't', columns: { a: { type: 'bigint', nullable: false } } },
  ])
  expect(added(seen)).toEqual(['column app t a'])
  expect(seen.removes.map(({ name }) => name)).toEqual(['b', 'gone'])
  expect(seen.drops).toEqual([])
})

test('indexes, constraints, types, sequences and the like by their names', async () => {
  const seen = await effects(`
    CREATE INDEX i ON s.t (a); ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0); CREATE TYPE s.e AS ENUM ('x');
    ALTER TYPE e ADD VALUE IF NOT EXISTS 'y'; CREATE SEQUENCE q; CREATE EXTENSION citext; CREATE SCHEMA z;
    CREATE TYPE pair AS (a int, b int)`)
  expect(added(seen)).toEqual([
    ...[
      'index s t i',
      'constraint app t k',
      'type s e',
      'value app e y',
      'sequence app q',
      'extension citext',
    ],
    ...['schema z', 'type app pair'],
  ])
})

test('a search_path of the file itself counts', async () => {
  expect(added(await effects('SET search_path TO other, public; ALTER TABLE t ADD a int'))).toEqual([
    'column other t a',
  ])
  expect(lines((await effects('SET search_path TO DEFAULT')).unproven)).toEqual([1])
})

test.each([
  'UPDATE t SET a = 1',
  'INSERT INTO t VALUES (1)',
  'DO $$ BEGIN END $$',
  'CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$',
  'GRANT SELECT ON t TO PUBLIC',
  'CREATE INDEX ON t (a)',
  'ALTER TABLE t ADD CHECK (a > 0)',
  'ALTER TABLE t ALTER a SET DEFAULT 1',
  'ALTER TABLE t RENAME TO u',
  'TRUNCATE t',
  "SELECT setval('q', 7)",
  'WITH gone AS (DELETE FROM t RETURNING *) SELECT count(*) FROM gone',
  'SELECT * INTO u FROM t',
  'EXPLAIN ANALYZE DELETE FROM t',
  'CREATE TEMP TABLE t (a int)',
  'CREATE VIEW v AS SELECT 1',
])('leaves no fact: %s', async (sql) => {
  expect(lines((await effects(sql)).unproven)).toEqual([1])
})

test.each([
  'SELECT column_name, count(*) FROM information_schema.columns GROUP BY 1',
  "COMMENT ON TABLE t IS 'x'",
  "SET LOCAL statement_timeout = '1min'",
  'ANALYZE t',
  'LOCK TABLE t IN SHARE MODE',
])('changes nothing that would be missed: %s', async (sql) => {
  const { unproven, oneWay } = await effects(sql)
  expect([unproven, oneWay]).toEqual([[], []])
})

test('the way back drops what was added, the last first, and nothing that was there', async () => {
  const sql = `CREATE TABLE "T" (id int); ALTER TABLE "T" ADD a int; ALTER TABLE old ADD b int, ADD c int;
    CREATE INDEX i ON old (b); ALTER TABLE old ADD CONSTRAINT k UNIQUE (b)`
  expect(await back(sql)).toEqual({
    drops: [
      'ALTER TABLE IF EXISTS "app"."old" DROP CONSTRAINT IF EXISTS "k"',
      'DROP INDEX IF EXISTS "app"."i"',
      'ALTER TABLE IF EXISTS "app"."old" DROP COLUMN IF EXISTS "c"',
      'ALTER TABLE IF EXISTS "app"."old" DROP COLUMN IF EXISTS "b"',
      'DROP TABLE IF EXISTS "app"."T"',
    ],
    lost: [],
  })
  // The table and column b were there: only the rest goes, and the column added to the table.
  expect((await back(sql, [0, 2])).drops).toEqual([
    'ALTER TABLE IF EXISTS "app"."old" DROP CONSTRAINT IF EXISTS "k"',
    'DROP INDEX IF EXISTS "app"."i"',
    'ALTER TABLE IF EXISTS "app"."old" DROP COLUMN IF EXISTS "c"',
    'ALTER TABLE IF EXISTS "app"."T" DROP COLUMN IF EXISTS "a"',
  ])
})

test('data goes back with the new column or table that it fills, and only with that', async () => {
  expect(
    (await back('ALTER TABLE t ADD a int;\nUPDATE t SET a = 1;\nALTER TABLE t ALTER a SET NOT NULL')).lost,
  ).toEqual([])
  expect((await back('ALTER TABLE t ADD a int;\nUPDATE t SET a = 1, b = 2')).lost).toEqual([2])
  expect(
    (await back('CREATE TABLE IF NOT EXISTS t (a int);\nINSERT INTO t VALUES (1);\nCREATE INDEX ON t (a)'))
      .lost,
  ).toEqual([])
  expect((await back('CREATE TABLE IF NOT EXISTS t (a int);\nINSERT INTO t VALUES (1)', [0])).lost).toEqual([
    2,
  ])
  expect((await back('ALTER TABLE t ALTER a SET NOT NULL')).lost).toEqual([1])
})

test('what is dropped is lost only where it was there', async () => {
  const sql = 'DROP TABLE IF EXISTS t;\nCREATE TABLE t (a int)'
  expect(await back(sql)).toEqual({ drops: ['DROP TABLE IF EXISTS "app"."t"'], lost: [] })
  expect((await back(sql, [0, 1])).lost).toEqual([1])
})

test('a value of an enum cannot be dropped, unless its type is new', async () => {
  expect((await back("ALTER TYPE e ADD VALUE 'x'")).lost).toEqual([1])
  expect(await back("CREATE TYPE e AS ENUM ();\nALTER TYPE e ADD VALUE 'x'")).toEqual({
    drops: ['DROP TYPE IF EXISTS "app"."e"'],
    lost: [],
  })
})
