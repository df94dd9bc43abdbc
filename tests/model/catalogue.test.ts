import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  type Catalogue,
  definitionDigests,
  differencesBetween,
  objectDigests,
  objectLines,
} from '../../runbook/model/catalogue.ts'
import { freshDatabase } from '../rig/postgres.ts'

let db: Awaited<ReturnType<typeof freshDatabase>>
beforeAll(async () => {
  db = await freshDatabase()
  await db.query(`
    CREATE TYPE mood AS ENUM ('good', 'bad'); CREATE DOMAIN positive AS int CONSTRAINT more CHECK (VALUE > 0);
    CREATE TYPE pair AS (a int, b int); CREATE SEQUENCE tickets;
    CREATE TABLE person (id int PRIMARY KEY, name text, mood mood); CREATE INDEX person_name ON person (name);
    CREATE TABLE pet (id int, owner int CONSTRAINT pet_owner REFERENCES person);
    CREATE TABLE ordered (a int, b int); CREATE TABLE part (at date) PARTITION BY RANGE (at);
    CREATE VIEW people AS SELECT name FROM person;
    CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1';
    CREATE FUNCTION same() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
    CREATE TRIGGER same BEFORE INSERT ON person FOR EACH ROW EXECUTE FUNCTION same();
    CREATE POLICY own ON person USING (id > 0); CREATE STATISTICS counted ON id, name FROM person`)
})
afterAll(() => db.drop())

/** What the three readings say of a change: its lines for people, the objects of an undo, those of the ledger. */
const seen = async (sql: string, perform: (sql: string) => Promise<unknown> = db.query) => {
  const now = async () => {
    const [lines, objects, definitions] = await Promise.all([
      db.query<{ object: string; lines: string[]; letters: string; among: string }>(objectLines.sql),
      db.query<{ object: string; digest: string }>(objectDigests.sql),
      db.query<{ object: string; digest: string }>(definitionDigests.sql),
    ])
    const digests = (rows: typeof objects): Catalogue =>
      Object.fromEntries(rows.map((one) => [one.object, one.digest]))
    return {
      // Of the server, other tests have roles come and go.
      lines: Object.fromEntries(
        lines
          .filter(({ among }) => among !== 'server')
          .map((one) => [one.object, [...one.lines, `#${one.letters}`]]),
      ),
      objects: digests(objects),
      definitions: digests(definitions),
    }
  }
  const was = await now()
  await perform(sql)
  const is = await now()
  return {
    lines: differencesBetween(was.lines, is.lines),
    objects: differencesBetween(was.objects, is.objects),
    definitions: differencesBetween(was.definitions, is.definitions),
  }
}

test.each([
  [
    'ALTER TABLE person ADD COLUMN vip boolean NOT NULL DEFAULT false',
    'table public.person changed: + column vip boolean not null default false',
    'table public.person',
  ],
  [
    'ALTER TABLE person ALTER COLUMN vip DROP NOT NULL',
    'table public.person changed: - column vip boolean not null default false, + column vip boolean default false',
    'table public.person',
  ],
  [
    'ALTER TABLE pet ADD CONSTRAINT pet_id CHECK (id > 0) NOT VALID',
    /pet changed: \+ constraint pet_id CHECK \(\(id > 0\)\) NOT VALID/,
    'table public.pet',
  ],
  ['ALTER TABLE person ENABLE ROW LEVEL SECURITY', /\+ kind r row-level security/, 'table public.person'],
  ['ALTER TABLE person REPLICA IDENTITY FULL', /\+ kind r .*replica identity f/, 'table public.person'],
  [
    "ALTER TYPE mood ADD VALUE 'so-so' AFTER 'good'",
    'type public.mood changed: - e good, bad, + e good, so-so, bad',
    'type public.mood',
  ],
  ['ALTER DOMAIN positive DROP CONSTRAINT more', /type public.positive changed/, 'type public.positive'],
  ['ALTER TYPE pair ADD ATTRIBUTE c int', 'type public.pair changed: + column c integer', 'type public.pair'],
  ['ALTER SEQUENCE tickets INCREMENT 2', /sequence public.tickets changed/, 'sequence public.tickets'],
  [
    "CREATE OR REPLACE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 2'",
    /function public.one\(\) changed/,
    'function public.one()',
  ],
  [
    'CREATE OR REPLACE VIEW people AS SELECT name FROM person WHERE id > 1',
    /view public.people changed: - AS SELECT/,
    'view public.people',
  ],
  ['ALTER TABLE person DISABLE TRIGGER same', /enabled D/, 'table public.person'],
  ['ALTER POLICY own ON person USING (id > 1)', /policy own/, 'table public.person'],
  ['DROP STATISTICS counted', 'statistics public.counted is gone', 'statistics public.counted'],
  ['CREATE RULE kept AS ON DELETE TO pet DO INSTEAD NOTHING', /\+ CREATE RULE kept/, 'table public.pet'],
  ['CREATE TABLE bare ()', 'table public.bare is new', 'table public.bare'],
  ['CREATE SCHEMA extra', 'schema extra is new', 'schema extra'],
  [
    'CREATE OPERATOR @@@ (leftarg = int, rightarg = int, function = int4pl)',
    'operator @@@(integer,integer) is new',
    'operator @@@(integer,integer)',
  ],
])('%s is seen by every reading, by name', async (sql, line, object) => {
  const { lines, objects, definitions } = await seen(sql)
  expect(lines).toEqual([typeof line === 'string' ? line : expect.stringMatching(line)])
  expect(objects).toEqual([expect.stringContaining(`${object} `)])
  expect(definitions).toEqual(objects)
})

test('an index is one of its own for an undo, and its table’s for the ledger', async () =>
  expect(await seen('CREATE INDEX person_mood ON person (mood)')).toEqual({
    lines: ['index public.person_mood is new'],
    objects: ['index public.person_mood is new'],
    definitions: ['table public.person changed'],
  }))

test('a constraint that is switched off is seen, by name', async () => {
  const { lines, definitions } = await seen('ALTER TABLE pet DISABLE TRIGGER ALL', db.asAdmin)
  expect(lines).toEqual([
    expect.stringMatching(/^table public.pet changed: \+ trigger of constraint pet_owner .* enabled D/),
  ])
  expect(definitions).toEqual(['table public.pet changed'])
})

test('what was made again is the same for an undo, and another to the letter', async () =>
  expect(await seen('DROP INDEX person_name; CREATE INDEX person_name ON person (name)')).toEqual({
    lines: ['index public.person_name changed'],
    objects: [],
    definitions: [],
  }))

test('a column that was made again is in another place: for the ledger', async () =>
  expect(await seen('ALTER TABLE ordered DROP COLUMN a; ALTER TABLE ordered ADD COLUMN a int')).toEqual({
    lines: ['table public.ordered changed'],
    objects: [],
    definitions: ['table public.ordered changed'],
  }))

test('a partition comes and goes: not for the ledger', async () => {
  const { objects, definitions } = await seen(
    "CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM ('2026-01-01') TO ('2027-01-01'); CREATE INDEX ON part_1 (at)",
  )
  expect(objects).toEqual(['index public.part_1_at_idx is new', 'table public.part_1 is new'])
  expect(definitions).toEqual([])
})

test('what a database in use writes by itself is no change', async () => {
  await db.query('INSERT INTO person VALUES (1)')
  for (const sql of ["SELECT nextval('tickets')", 'VACUUM FULL person', 'ANALYZE'])
    expect((await seen(sql)).lines).toEqual([])
})

test.each([
  ['GRANT SELECT ON person TO PUBLIC', 'table public.person changed'],
  ['GRANT SELECT (owner) ON pet TO PUBLIC', 'table public.pet changed'],
  ["COMMENT ON COLUMN person.name IS 'as in the passport'", 'table public.person changed'],
  ["COMMENT ON CONSTRAINT pet_owner ON pet IS 'whose it is'", 'table public.pet changed'],
  ["COMMENT ON FUNCTION one() IS 'not two'", 'function public.one() changed'],
])('%s is no other definition, but an undo may not lose it', async (sql, object) => {
  const { objects, definitions } = await seen(sql)
  expect(objects).toEqual([object])
  expect(definitions).toEqual([])
})
