import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { backupRestorable } from '../../checks/backup-restorable.ts'
import { tiedIsKnown } from '../../checks/tied-is-known.ts'
import type { Check } from '../../runbook/index.ts'
import { applySql } from '../../steps/apply-sql.ts'
import { freshDatabase, postgresBin } from '../rig/postgres.ts'
import { stepRig } from '../rig/step-rig.ts'

let db: Awaited<ReturnType<typeof freshDatabase>>
let rig: Awaited<ReturnType<typeof stepRig>>
let other: string

beforeEach(async () => {
  db = await freshDatabase({ name: 'restorable' })
  other = `dba_${db.role.name}`
  onTestFinished(async () => {
    await db.asAdmin(`DROP OWNED BY "${other}" CASCADE`)
    await db.asAdmin(`DROP ROLE "${other}"`)
    await db.drop()
  })
  await db.asAdmin(`CREATE ROLE "${other}"`)
  await db.asAdmin(`GRANT pg_read_all_data TO "${db.role.name}"`)
  await db.query(`
    CREATE TABLE t (id serial PRIMARY KEY, at date) ; CREATE VIEW v AS SELECT * FROM t; CREATE TYPE mood AS ENUM ('ok');
    CREATE DOMAIN positive AS int CHECK (VALUE > 0); CREATE SCHEMA own; CREATE FUNCTION own.f() RETURNS int LANGUAGE plpgsql AS 'begin return 1; end';
    CREATE PUBLICATION mine FOR TABLE t; ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC; GRANT SELECT ON t TO "${other}"`)
  rig = await stepRig({ dir: '/', databaseUrl: db.url })
  onTestFinished(rig.dispose)
})

/** As a deployment asks that changes the database. */
const whereItIsChanged = (allowed: readonly string[] = []): Check => {
  const check = backupRestorable(allowed)
  return { ...check, look: (at) => check.look({ ...at, migrations: [applySql({ file: 'm.sql' })] }) }
}
/** Whether the role really restores what it dumps, into a new database of its own; and what PostgreSQL says if not. */
const restored = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'restorable '))
  const { hostname, port, username, password } = new URL(db.url)
  const env = {
    ...process.env,
    ...{ PGHOST: hostname, PGPORT: port, PGUSER: decodeURIComponent(username) },
    PGPASSWORD: decodeURIComponent(password),
  }
  const run = (program: string, ...options: string[]) =>
    execFileSync(join(postgresBin(), program), options, { encoding: 'utf8', env, stdio: 'pipe' })
  const copy = `${db.database}-copy`
  try {
    run('pg_dump', '-Fc', `--file=${folder}/d`, `--dbname=dbname='${db.database}'`)
    run('createdb', '--template=template0', '--maintenance-db=postgres', copy)
    run('pg_restore', '--exit-on-error', `--dbname=dbname='${copy}'`, `${folder}/d`)
    return 'yes'
  } catch (error) {
    return String((error as { stderr: string }).stderr)
  } finally {
    run('dropdb', '--if-exists', '--maintenance-db=postgres', copy)
    rmSync(folder, { recursive: true })
  }
}

test.each([
  ['', 'all is its own'],
  [
    'CREATE EXTENSION citext; ALTER TABLE t ADD c citext',
    'an extension that anybody may make who may create in the database',
  ],
  [
    'GRANT "$other" TO "$role"; CREATE SCHEMA theirs AUTHORIZATION "$other"; CREATE TABLE theirs.x (); ALTER TABLE theirs.x OWNER TO "$other"',
    'a role that it is a member of',
  ],
])('it could: %s', async (sql) => {
  await db.asAdmin(sql.replaceAll('$other', other).replaceAll('$role', db.role.name))
  expect(await rig.look(backupRestorable())).toEqual({ holds: true, seen: 'nothing in it is closed to it' })
  expect(restored()).toBe('yes')
})

test.each([
  ['owner:$other', 'CREATE TABLE theirs (id int); ALTER TABLE theirs OWNER TO "$other"'],
  ['owner:$other', 'GRANT "$other" TO "$role"; CREATE TABLE theirs (); ALTER TABLE theirs OWNER TO "$other"'],
  ['owner:$other', 'CREATE SCHEMA theirs AUTHORIZATION "$other"'],
  ['owner:$other', 'CREATE SEQUENCE theirs; ALTER SEQUENCE theirs OWNER TO "$other"'],
  ['owner:$other', 'CREATE TYPE theirs AS ENUM (\'a\'); ALTER TYPE theirs OWNER TO "$other"'],
  ['owner:$other', 'CREATE DOMAIN theirs AS int; ALTER DOMAIN theirs OWNER TO "$other"'],
  [
    'owner:$other',
    'CREATE FUNCTION theirs() RETURNS int LANGUAGE sql AS \'SELECT 1\'; ALTER FUNCTION theirs() OWNER TO "$other"',
  ],
  ['owner:$other', 'CREATE VIEW theirs AS SELECT 1 AS one; ALTER VIEW theirs OWNER TO "$other"'],
  ['owner:$other', 'CREATE STATISTICS theirs ON id, at FROM t; ALTER STATISTICS theirs OWNER TO "$other"'],
  ['owner:$other', 'CREATE PUBLICATION theirs; ALTER PUBLICATION theirs OWNER TO "$other"'],
  ['extension:postgres_fdw', 'CREATE EXTENSION postgres_fdw'],
  [
    'default-privileges:$other',
    'ALTER DEFAULT PRIVILEGES FOR ROLE "$other" GRANT SELECT ON TABLES TO PUBLIC',
  ],
  [
    'event-trigger:watcher',
    'CREATE FUNCTION w() RETURNS event_trigger LANGUAGE plpgsql AS \'begin end\'; ALTER FUNCTION w() OWNER TO "$role"; CREATE EVENT TRIGGER watcher ON ddl_command_end EXECUTE FUNCTION w()',
  ],
  ['foreign-data-wrapper:far', 'CREATE FOREIGN DATA WRAPPER far'],
  [
    'function:public.fast',
    'CREATE FUNCTION fast() RETURNS int LANGUAGE sql LEAKPROOF AS \'SELECT 1\'; ALTER FUNCTION fast() OWNER TO "$role"',
  ],
  [
    'function:public.inside',
    'CREATE FUNCTION inside(text) RETURNS int LANGUAGE internal STRICT AS \'textlen\'; ALTER FUNCTION inside(text) OWNER TO "$role"',
  ],
  [
    'operator-class:public.backwards',
    'CREATE OPERATOR CLASS backwards FOR TYPE int4 USING btree AS OPERATOR 1 >, OPERATOR 3 =, FUNCTION 1 btint4cmp(int4, int4); ALTER OPERATOR CLASS backwards USING btree OWNER TO "$role"; ALTER OPERATOR FAMILY backwards USING btree OWNER TO "$role"',
  ],
  ['publication:every', 'CREATE PUBLICATION every FOR ALL TABLES'],
])('it could not: %s, %s', async (name, sql) => {
  const known = (text: string) => text.replaceAll('$other', other).replaceAll('$role', db.role.name)
  await db.asAdmin(known(sql))
  const verdict = await rig.look(whereItIsChanged())
  expect(verdict).toMatchObject({ holds: false })
  expect(verdict.remedy).toMatch(new RegExp(`--allow .*unrestorable:${known(name)}\\b`))
  expect(restored()).toMatch(/ERROR/)
  // Where the book lets it be, or where only a backup is made, it is said and stops nothing.
  const names = /--allow (.*)$/.exec(verdict.remedy!)![1]!.replaceAll('unrestorable:', '').split(' ')
  expect(await rig.look(whereItIsChanged(names))).toMatchObject({
    holds: true,
    seen: expect.stringMatching(/^NO/),
  })
  expect(await rig.look(backupRestorable())).toMatchObject({
    holds: true,
    seen: expect.stringMatching(/^NO/),
  })
})

test('a superuser could all of it', async () => {
  await db.asAdmin(
    `CREATE EXTENSION postgres_fdw; CREATE TABLE theirs (); ALTER TABLE theirs OWNER TO "${other}"`,
  )
  const url = new URL(db.url)
  await db.asAdmin(`ALTER ROLE "${db.role.name}" SUPERUSER`)
  const admin = await stepRig({ dir: '/', databaseUrl: url.href })
  onTestFinished(admin.dispose)
  expect((await admin.look(backupRestorable())).seen).toBe('nothing in it is closed to it')
  expect(restored()).toBe('yes')
})

test('what a restore would leave behind is named', async () => {
  expect((await rig.look(tiedIsKnown())).seen).toBe('no replication slot, no subscription')
  await db.asAdmin(
    `CREATE SUBSCRIPTION feed CONNECTION 'dbname=nowhere' PUBLICATION p WITH (connect = false, slot_name = NONE)`,
  )
  expect((await rig.look(tiedIsKnown())).seen).toContain('the subscription feed')
  await db.asAdmin('DROP SUBSCRIPTION feed')
})
