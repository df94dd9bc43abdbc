import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parseSqlScript } from '../../../steps/sql/script.ts'

const linesOf = async (sql: string) =>
  (await parseSqlScript(sql)).statements.map(({ line, sql: text }) => [line, text])
const mistakesOf = async (sql: string) =>
  (await parseSqlScript(sql)).mistakes.map(({ line, seen }) => `${line}: ${seen}`)

test("the guide's migration is 18 statements, each with its line, without its BEGIN and COMMIT", async () => {
  const file = readFileSync('examples/lumiku/app/backend/migrations/20251014_avatar_creator.sql', 'utf8')
  const { statements, mistakes } = await parseSqlScript(file)
  expect(mistakes).toEqual([])
  expect(statements).toHaveLength(18)
  const lines = file.split('\n')
  for (const { sql, line } of statements) expect(lines[line - 1]).toBe(`${sql};`)
})

test('lines are right behind comments, strings with semicolons, dollar quotes, CRLF, letters of several bytes, a BOM', async () => {
  const sql = [
    '\uFEFF-- Größe 😀',
    "/* nested /* ; */ */ SELECT 'a;b', 'it''s', E'\\'; --';",
    '',
    'CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $body$',
    "  SELECT ';' -- not the end",
    '$body$;',
    'SELECT "a;""b" FROM t -- behind the last word',
    '/* and this */',
  ].join('\r\n')
  expect(await linesOf(sql)).toEqual([
    [2, "SELECT 'a;b', 'it''s', E'\\'; --'"],
    [4, "CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $body$\r\n  SELECT ';' -- not the end\r\n$body$"],
    [7, 'SELECT "a;""b" FROM t'],
  ])
})

test.each([
  ['SELECT 1; BEGIN; SELECT 2; COMMIT;', ["1: stands outside of the file's transaction"]],
  ['BEGIN;\nSELECT 1;\nCOMMIT;\nSELECT 2;', ["4: stands outside of the file's transaction"]],
  ['BEGIN;\nSELECT 1;\nCOMMIT;\nBEGIN;\nSELECT 2;\nEND;', ['4: begins a second transaction']],
  ['BEGIN;\nSELECT 1;', ['1: BEGIN is never followed by COMMIT: psql would take everything back']],
  ['SELECT 1;\nCOMMIT;', ['2: COMMIT without a BEGIN']],
  [
    'BEGIN;\nSELECT 1;\nROLLBACK;',
    ['3: ROLLBACK in a migration', '1: BEGIN is never followed by COMMIT: psql would take everything back'],
  ],
  ['SAVEPOINT a;\nSELECT 1', ['1: SAVEPOINT in a migration']],
  ['START TRANSACTION ISOLATION LEVEL SERIALIZABLE; SELECT 1; COMMIT', ['1: BEGIN with a mode of its own']],
  ['BEGIN; SELECT 1;\nCOMMIT AND CHAIN', ['2: COMMIT AND CHAIN begins a second transaction']],
  ['BEGIN;\nCOMMIT;', ['1: no statement in it']],
  ['-- nothing\n/* at all */', ['1: no statement in it']],
  ['', ['1: no statement in it']],
])('the transaction of a file: %j', async (sql, mistakes) => {
  expect(await mistakesOf(sql)).toEqual(mistakes)
})

test.each([
  ['CREATE INDEX CONCURRENTLY i ON t (a)', 'CREATE INDEX CONCURRENTLY cannot run in a transaction'],
  ['DROP INDEX CONCURRENTLY i', 'DROP INDEX CONCURRENTLY cannot run in a transaction'],
  ['REINDEX INDEX CONCURRENTLY i', 'REINDEX CONCURRENTLY cannot run in a transaction'],
  ['REINDEX SCHEMA s', 'REINDEX of a schema or database cannot run in a transaction'],
  [
    'ALTER TABLE p DETACH PARTITION q CONCURRENTLY',
    'DETACH PARTITION CONCURRENTLY cannot run in a transaction',
  ],
  ['VACUUM t', 'VACUUM cannot run in a transaction'],
  ['CLUSTER', 'CLUSTER without a table cannot run in a transaction'],
  ['CREATE DATABASE d', 'CREATE DATABASE cannot run in a transaction'],
  ["ALTER SYSTEM SET work_mem = '1GB'", 'ALTER SYSTEM cannot run in a transaction'],
  ['COPY t FROM STDIN', 'COPY FROM STDIN needs psql at the other end'],
  ['COPY t FROM stdin;\n1\ta\n2\tb\n\\.', 'COPY FROM STDIN needs psql at the other end'],
  ['\\i other.sql', '\\i is a command of psql, not SQL'],
  ['\\d avatars', '\\d is a command of psql, not SQL'],
  ["SELECT 'é😀', :name", 'a variable of psql, which is not SQL'],
  ['DISCARD ALL', 'DISCARD ALL cannot run in a transaction'],
  ["SET client_encoding = 'LATIN1'", 'sets client_encoding; the file is sent as UTF-8'],
  ['SELECT \uFFFD', 'not UTF-8'],
  ['SELEC 1', 'syntax error at or near "SELEC"'],
])('refused with its line: %j', async (sql, seen) => {
  expect(await mistakesOf(`SELECT 'é😀'; -- ü\n\n${sql};\n`)).toEqual([`3: ${seen}`])
})

test('several mistakes are named at once', async () => {
  expect(await mistakesOf('VACUUM;\nCREATE DATABASE d;\nROLLBACK;')).toHaveLength(3)
})

test('ANALYZE, CONCURRENTLY as a name, and a copy from a file of the server may stay', async () => {
  expect(
    await mistakesOf(`ANALYZE t; CREATE INDEX "concurrently" ON t (a); COPY t FROM '/srv/t.csv'`),
  ).toEqual([])
})

test('a new value of an enum cannot be used in the transaction that adds it, unless it makes the enum too', async () => {
  const adds = "ALTER TYPE mood ADD VALUE 'so-so';"
  expect(await mistakesOf(`${adds}\nUPDATE t SET mood = 'so-so'`)).toEqual([
    "1: the value 'so-so' can be used only after the transaction that adds it",
  ])
  expect(await mistakesOf(`${adds}\nUPDATE t SET mood = 'sad'`)).toEqual([])
  expect(await mistakesOf(`CREATE TYPE mood AS ENUM ('sad');\n${adds}\nUPDATE t SET mood = 'so-so'`)).toEqual(
    [],
  )
})

test('a file of data is not a migration', async () => {
  expect(await mistakesOf('INSERT INTO t VALUES (1);\n'.repeat(200_000))).toEqual([
    '1: 5.2 million characters, more than a migration has',
  ])
})

test('a large file is split in good time', async () => {
  const sql = "INSERT INTO t VALUES (1, 'a', 'it''s'); -- one\n".repeat(10_000)
  const { statements } = await parseSqlScript(sql)
  expect(statements).toHaveLength(10_000)
  expect(statements.at(-1)!.line).toBe(10_000)
})
