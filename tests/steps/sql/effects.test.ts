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
    ALTER TABLE t ADD b int; ALTER TABLE t DROP b;
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
  expect(added(await effects('SET search_path TO other; ALTER TABLE t ADD a int'))).toEqual([
    'column other t a',
  ])
})

test.each([
  ['a name may be in either schema', 'SET search_path TO other, public; ALTER TABLE t ADD a int'],
  ['the path is another role’s or the server’s', 'SET search_path TO DEFAULT'],
  ['another role makes it', 'SET ROLE app'],
  ['a column has another name', 'ALTER TABLE t RENAME c TO d'],
  ['a type has another name', 'ALTER TYPE a RENAME TO b'],
  ['a value has another name', "ALTER TYPE a RENAME VALUE 'x' TO 'y'"],
  ['a table is in another schema', 'ALTER TABLE t SET SCHEMA other'],
  ['it belongs to another', 'ALTER TABLE t OWNER TO other'],
  ['an index that was there has another name', 'ALTER TABLE t ADD CONSTRAINT c UNIQUE USING INDEX i'],
  ['an index goes with its column', 'CREATE INDEX i ON t (a); ALTER TABLE t DROP a'],
  [
    'a foreign key goes with its table',
    'ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES u; DROP TABLE u CASCADE',
  ],
  ['a block', 'DO $$ BEGIN ALTER TABLE t ADD b int; END $$'],
  ['a function', "SELECT set_config('search_path', 'other', false)"],
  ['a function in data', 'UPDATE t SET a = surprise(a)'],
  ['a temporary table hides another', 'CREATE TEMP TABLE t (a int)'],
  ['a partition', 'CREATE TABLE p PARTITION OF t FOR VALUES IN (1)'],
  ['a child', 'CREATE TABLE p () INHERITS (t)'],
  ['like another', 'CREATE TABLE p (LIKE t INCLUDING ALL)'],
  ['attached', 'ALTER TABLE t ATTACH PARTITION p DEFAULT'],
  ['of a query', 'CREATE TABLE p AS SELECT 1'],
])('nothing is claimed of a file that is not understood to the last: %s', async (_, sql) => {
  const all = `CREATE TABLE before (id int);\n${sql};\nCREATE TABLE later (id int)`
  const { adds, drops, removes, columns, alters, underived, unproven, oneWay } = await effects(all)
  expect([...adds, ...drops, ...removes, ...columns, ...alters]).toEqual([])
  expect(underived).toMatchObject({ because: expect.stringMatching(/\w/) })
  expect([unproven.length, oneWay.length]).toEqual([1, 1])
  expect((await back(all)).drops).toEqual([])
})

test('an index becomes a constraint, and is no index of its own then', async () => {
  const sql = `CREATE UNIQUE INDEX i ON t (a); ALTER TABLE t ADD CONSTRAINT c UNIQUE USING INDEX i`
  expect(added(await effects(sql))).toEqual(['constraint app t c'])
  expect(await back(sql)).toEqual({
    drops: ['ALTER TABLE IF EXISTS "app"."t" DROP CONSTRAINT IF EXISTS "c"'],
    lost: [],
  })
})

test('a key leaves its columns NOT NULL, so that dropping it does not lead back', async () => {
  expect((await back('ALTER TABLE t ADD CONSTRAINT k PRIMARY KEY (a)')).lost).toEqual([1])
  expect((await back('CREATE TABLE t (a int); ALTER TABLE t ADD CONSTRAINT k PRIMARY KEY (a)')).lost).toEqual(
    [],
  )
})

test('a name that was dropped may be there again by the server’s choice', async () => {
  const { removes } = await effects('ALTER TABLE t DROP CONSTRAINT t_pkey; ALTER TABLE t ADD PRIMARY KEY (b)')
  expect(removes).toEqual([])
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

test('a comment goes with what is new, and stays on what was there', async () => {
  expect((await back("ALTER TABLE t ADD a int;\nCOMMENT ON COLUMN t.a IS 'x'")).lost).toEqual([])
  expect((await back("ALTER TABLE t ADD a int;\nCOMMENT ON TABLE t IS 'x'")).lost).toEqual([2])
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
