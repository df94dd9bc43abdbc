import { execFileSync } from 'node:child_process'
import { readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { beforeEach, describe, expect, inject, onTestFinished, test } from 'vitest'
import { connected } from '../../examples/world/databases.ts'
import { type BackupManifest, besideOf } from '../../runbook/index.ts'
import { backupDatabase } from '../../steps/backup-database.ts'
import { restoreDatabase } from '../../steps/restore-database.ts'
import { until } from '../rig/command-line.ts'
import { largestFileOf } from '../rig/dumps.ts'
import { freshDatabase, postgresBin } from '../rig/postgres.ts'
import { type StepRun, stepRig } from '../rig/step-rig.ts'

type Database = Awaited<ReturnType<typeof freshDatabase>>

let db: Database
let rig: Awaited<ReturnType<typeof stepRig>>
let dump: string

beforeEach(async () => {
  db = await freshDatabase({ name: 'Lumiku "Production"' })
  onTestFinished(async () => {
    for (const name of await beside()) await asAdmin(`DROP DATABASE IF EXISTS ${ident(name)} WITH (FORCE)`)
    await db.drop()
  })
  await db.query(`
    CREATE TABLE avatars (id int PRIMARY KEY, "personaName" text, "createdAt" timestamptz NOT NULL DEFAULT now());
    INSERT INTO avatars SELECT n, 'name ' || n, '2025-01-01' FROM generate_series(1, 500) n;
    CREATE TABLE "Mixed Case; DROP" (id serial PRIMARY KEY, note text);
    INSERT INTO "Mixed Case; DROP" (note) SELECT 'note ' || n FROM generate_series(1, 100) n;
    CREATE SCHEMA "Other Schema"; CREATE TABLE "Other Schema".avatars (id int);
    INSERT INTO "Other Schema".avatars VALUES (1), (2)`)
  rig = await stepRig({ dir: '/', name: 'production', databaseUrl: db.url })
  onTestFinished(rig.dispose)
  const backup = await rig.run(backupDatabase())
  expect(backup.failure).toBeUndefined()
  dump = (backup.output as { dump: string }).dump
})

const ident = (name: string) => `"${name.replaceAll('"', '""')}"`
const asAdmin = (sql: string) =>
  connected(inject('adminUrl'), async (client) => (await client.query(sql)).rows as Record<string, unknown>[])
/** The databases beside the live one. */
const beside = async (what?: string): Promise<string[]> =>
  (await asAdmin('SELECT datname AS name, left(md5($$x$$), 8) FROM pg_database'))
    .map(({ name }) => name as string)
    .filter((name) => {
      const found = besideOf(db.database, '', name)
      return found && (what === undefined || found.what === what)
    })
const urlOf = (database: string): string => {
  const url = new URL(db.url)
  url.pathname = `/${encodeURIComponent(database)}`
  return url.href
}
const manifestAs = (change: Partial<BackupManifest>) => {
  const manifest = JSON.parse(readFileSync(`${dump}.json`, 'utf8'))
  writeFileSync(`${dump}.json`, JSON.stringify({ ...manifest, ...change }))
}
const restore = ({ from = dump }: { from?: string } = {}): Promise<StepRun> => {
  const { bring, swap, account } = restoreDatabase({ dump: from })
  return rig.run([bring, swap, account])
}
/** Everything in a database, by PostgreSQL's own programs: the schema as SQL, and a checksum of each table's rows. */
const contentOf = async (database: string) => {
  const { hostname, port, username, password } = new URL(db.url)
  const schema = execFileSync(
    join(postgresBin(), 'pg_dump'),
    ['--schema-only', `--dbname=dbname='${database}'`],
    {
      encoding: 'utf8',
      env: {
        ...process.env,
        ...{ PGHOST: hostname, PGPORT: port, PGUSER: decodeURIComponent(username) },
        PGPASSWORD: decodeURIComponent(password),
      },
    },
  ).replace(/^\\(un)?restrict .*$/gm, '')
  const rows = await connected(urlOf(database), async (client) => {
    const tables = await client.query<{ name: string }>(
      `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
       WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1`,
    )
    const sums: Record<string, string> = {}
    for (const { name } of tables.rows) {
      const sum = await client.query(
        `SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) AS sum FROM ${name} t`,
      )
      sums[name] = sum.rows[0].sum
    }
    return sums
  })
  return { schema, rows }
}
const refusedBy = async (seen: RegExp, { from = dump } = {}) => {
  const { bring } = restoreDatabase({ dump: from })
  const { failures } = await rig.plan(bring)
  expect(JSON.stringify(failures)).toMatch(seen)
  const run = await restore({ from })
  expect(run.ended).toBe('failed')
  expect(JSON.stringify(run.failure)).toMatch(seen)
  expect(run.performed).toEqual([])
  expect(await beside()).toEqual([])
}
const seenIn = (run: StepRun, fact: RegExp): string[] =>
  run.events.flatMap((event) => (event.type === 'looked' && fact.test(event.fact) ? [event.seen] : []))

describe('a restore', () => {
  test('gives back exactly what was, and keeps what it replaced', async () => {
    const before = await contentOf(db.database)
    await db.query(`
      INSERT INTO avatars SELECT n, 'later' FROM generate_series(501, 540) n;
      UPDATE avatars SET "personaName" = 'changed' WHERE id <= 7; DELETE FROM avatars WHERE id BETWEEN 11 AND 13;
      UPDATE "Mixed Case; DROP" SET note = 'changed' WHERE id = 1; INSERT INTO "Mixed Case; DROP" (note) VALUES ('new');
      CREATE TABLE added (id int); INSERT INTO added VALUES (1), (2), (3);
      ALTER TABLE "Other Schema".avatars ADD COLUMN more text;
      ALTER TABLE avatars ADD COLUMN "seedUsed" int, ADD COLUMN "usageCount" int NOT NULL DEFAULT 0;
      UPDATE avatars SET "usageCount" = 1 WHERE id = 1; UPDATE avatars SET "seedUsed" = 4 WHERE id IN (1, 2)`)
    const after = await contentOf(db.database)
    const run = await restore()
    expect(run.failure).toBeUndefined()
    expect(run.ended).toBe('done')
    expect(await contentOf(db.database)).toEqual(before)
    const kept = await beside()
    expect(kept).toEqual([expect.stringMatching(/_replaced_\d{8}T\d{6}Z$/)])
    expect(await contentOf(kept[0]!)).toEqual(after)
    expect(seenIn(run, /what was lost/)).toEqual([
      '1 row inserted into "Mixed Case; DROP"; 1 row changed in "Mixed Case; DROP": they become again what they were; ' +
        '3 rows in the table added: the backup has no table of that name; ' +
        '2 rows with a value in avatars.seedUsed and 1 more column: the backup has no columns of these names; ' +
        '40 rows inserted into avatars; 7 rows changed in avatars: they become again what they were; ' +
        '3 rows deleted from avatars: they come back; ' +
        'a sequence goes back, and numbers that were handed out since come a second time: "Mixed Case; DROP_id_seq" from 101 to 100',
    ])
  })
})

describe('a restore beside others', () => {
  test('their sessions are ended and named, and come back to what was restored', async () => {
    const held = new pg.Client({ connectionString: db.url, application_name: 'a report' })
    held.on('error', () => {})
    await held.connect()
    await held.query('BEGIN; SELECT * FROM avatars')
    // Ten programs that connect again at once, whatever happens.
    let over = false
    const answers = { good: 0, bad: new Set<string>() }
    const busy = Array.from({ length: 10 }, async () => {
      while (!over) {
        const client = new pg.Client({ connectionString: db.url })
        client.on('error', () => {})
        try {
          await client.connect()
          while (!over) {
            await client.query('SELECT count(*) FROM avatars')
            answers.good += 1
          }
        } catch (error) {
          answers.bad.add((error as { code?: string }).code ?? (error as Error).message)
        } finally {
          await client.end().catch(() => {})
        }
      }
    })
    await until(() => answers.good > 100)
    const run = await restore()
    const then = answers.good
    await until(() => answers.good > then + 100)
    over = true
    await Promise.all(busy)
    await held.end().catch(() => {})
    expect(run.failure).toBeUndefined()
    const [ended] = seenIn(run, /were ended/)
    expect(ended).toMatch(/pid \d+ \(app_\w+, a report, from 127\.0\.0\.1\)/)
    expect(ended!.split('; ').length).toBeGreaterThanOrEqual(11)
    // Nobody ever found another database, or one that takes no connections.
    for (const code of answers.bad) expect(code).toMatch(/57P01|3D000|queryable|terminated/)
  })

  test('settings, grants, comment and limit of the database are carried over; a setting is not printed', async () => {
    const other = await freshDatabase()
    onTestFinished(async () => {
      // Rights on what all databases share.
      await asAdmin(`DROP OWNED BY ${ident(db.role.name)}, ${ident(other.role.name)}`)
      await other.drop()
    })
    const it = ident(db.database)
    for (const statement of [
      `ALTER DATABASE ${it} SET search_path TO "$user", public, "Other Schema"`,
      `ALTER DATABASE ${it} SET app.jwt_secret TO 'do not print ''this'' \\ value'`,
      `ALTER ROLE ${ident(db.role.name)} IN DATABASE ${it} SET statement_timeout TO '90s'`,
      `REVOKE CONNECT ON DATABASE ${it} FROM PUBLIC`,
      `GRANT CONNECT, TEMPORARY ON DATABASE ${it} TO ${ident(other.role.name)} WITH GRANT OPTION`,
      `COMMENT ON DATABASE ${it} IS 'the shop''s own'`,
      `ALTER DATABASE ${it} CONNECTION LIMIT 17`,
    ])
      await asAdmin(statement)
    // What a superuser has set, only who was given the right may set for another database.
    await refusedBy(/may not set app\.jwt_secret/)
    await asAdmin(`GRANT SET ON PARAMETER app.jwt_secret TO ${ident(db.role.name)}`)
    const facts = async () => [
      await asAdmin(`SELECT datacl::text, datconnlimit, datdba, shobj_description(oid, 'pg_database') AS comment
        FROM pg_database WHERE datname = ${pg.escapeLiteral(db.database)}`),
      await asAdmin(`SELECT setrole, setconfig FROM pg_db_role_setting JOIN pg_database d ON d.oid = setdatabase
        WHERE datname = ${pg.escapeLiteral(db.database)} ORDER BY setrole`),
    ]
    const before = await facts()
    const run = await restore()
    expect(run.failure).toBeUndefined()
    expect(await facts()).toEqual(before)
    expect(JSON.stringify(run.events)).not.toContain('do not print')
  })

  test('a database like the live one, whatever its encoding and locale are', async () => {
    const odd = `${db.database} odd`
    await asAdmin(`CREATE DATABASE ${ident(odd)} TEMPLATE template0 OWNER ${ident(db.role.name)}
      ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'`)
    onTestFinished(async () => {
      const names = await asAdmin('SELECT datname AS name FROM pg_database')
      for (const { name } of names as { name: string }[])
        if (name.startsWith(odd)) await asAdmin(`DROP DATABASE ${ident(name)} WITH (FORCE)`)
    })
    const place = await stepRig({ dir: '/', databaseUrl: urlOf(odd) })
    onTestFinished(place.dispose)
    await connected(urlOf(odd), (client) =>
      client.query('CREATE TABLE t (a text); INSERT INTO t VALUES (chr(233))'),
    )
    const backup = await place.run(backupDatabase())
    const { bring, swap, account } = restoreDatabase({ dump: (backup.output as { dump: string }).dump })
    expect((await place.run([bring, swap, account])).failure).toBeUndefined()
    const [is] = await asAdmin(`SELECT pg_encoding_to_char(encoding) AS encoding, datcollate, datctype
      FROM pg_database WHERE datname = ${pg.escapeLiteral(odd)}`)
    expect(is).toEqual({ encoding: 'LATIN1', datcollate: 'C', datctype: 'C' })
  })

  test('one can return to the database that was replaced', async () => {
    await db.query(`INSERT INTO avatars SELECT n, 'later' FROM generate_series(501, 540) n`)
    const after = await contentOf(db.database)
    expect((await restore()).failure).toBeUndefined()
    const [kept] = await beside('replaced')
    const { bring, swap, account } = restoreDatabase({ kept: kept! })
    const run = await rig.run([bring, swap, account])
    expect(run.failure).toBeUndefined()
    expect(await contentOf(db.database)).toEqual(after)
  })

  test('what an earlier try has left is removed', async () => {
    const left = `${db.database}_restoring_20250101T000000Z`
    await asAdmin(`CREATE DATABASE ${ident(left)} OWNER ${ident(db.role.name)}`)
    // Somebody else's, whose name begins alike.
    const foreign = `${db.database}_restored_by_hand`
    await asAdmin(`CREATE DATABASE ${ident(foreign)} OWNER ${ident(db.role.name)}`)
    onTestFinished(async () => void (await asAdmin(`DROP DATABASE ${ident(foreign)}`)))
    const run = await restore()
    expect(run.failure).toBeUndefined()
    expect(
      run.events.filter((event) => event.type === 'action-started').map(({ action }) => action),
    ).toContain('discard-1')
    const names = (await asAdmin('SELECT datname FROM pg_database')).map(({ datname }) => datname)
    expect(names).not.toContain(left)
    expect(names).toContain(foreign)
  })
})

describe('refused, and nothing done', () => {
  test('a backup that is gone', async () => {
    rmSync(dump, { recursive: true })
    await refusedBy(/the dump is gone/)
  })
  test('a backup without its manifest, or with half of it', async () => {
    truncateSync(`${dump}.json`, 40)
    await refusedBy(/no manifest .* or it is damaged/)
    rmSync(`${dump}.json`)
    await refusedBy(/no manifest/)
  })
  test('a backup cut by one byte', async () => {
    const file = largestFileOf(dump)
    truncateSync(file, readFileSync(file).length - 1)
    await refusedBy(/bytes, the manifest says/)
  })
  test('a backup with one bit altered', async () => {
    const file = largestFileOf(dump)
    const bytes = readFileSync(file)
    bytes[bytes.length >> 1]! ^= 1
    writeFileSync(file, bytes)
    await refusedBy(/sha256 .* the manifest says/)
  })
  test('a backup of another database', async () => {
    manifestAs({ database: 'another' })
    await refusedBy(/it is of another, not of/)
  })
  test('a backup of a database of the same name elsewhere', async () => {
    manifestAs({ system: '7' })
    await refusedBy(/in another cluster/)
  })
  test('a backup of a newer server', async () => {
    manifestAs({ serverVersion: '99.1' })
    await refusedBy(/it is of PostgreSQL 99\.1, this server is/)
  })
  test('a role that may not create databases', async () => {
    await asAdmin(`ALTER ROLE ${ident(db.role.name)} NOCREATEDB`)
    await refusedBy(/may not create databases/)
  })
  test('a role that does not own the database', async () => {
    await asAdmin(`ALTER DATABASE ${ident(db.database)} OWNER TO postgres`)
    await refusedBy(/belongs to postgres/)
  })
  test('sessions that the role may not end', async () => {
    const url = new URL(inject('adminUrl'))
    url.pathname = `/${encodeURIComponent(db.database)}`
    await connected(url.href, () => refusedBy(/may not end pid \d+ \(postgres/))
  })
})

describe('fails before the live database is touched', () => {
  test('a dump whose rows are not those of the manifest', async () => {
    const { tables } = JSON.parse(readFileSync(`${dump}.json`, 'utf8')) as BackupManifest
    manifestAs({ tables: tables.map((one) => ({ ...one, rows: one.rows + 1 })) })
    const before = await contentOf(db.database)
    const run = await restore()
    expect(JSON.stringify(run.failure)).toMatch(/avatars has 500 rows instead of 501/)
    expect(await beside()).toEqual([])
    expect(await contentOf(db.database)).toEqual(before)
  })
  test('objects that belong to a role which this one is not', async () => {
    const other = await freshDatabase()
    onTestFinished(async () => {
      await db.asAdmin(`DROP OWNED BY ${ident(other.role.name)}`)
      await other.drop()
    })
    await db.asAdmin(`CREATE TABLE foreign_owned (id int); GRANT SELECT ON foreign_owned TO PUBLIC;
      ALTER TABLE foreign_owned OWNER TO ${ident(other.role.name)}`)
    const backup = await rig.run(backupDatabase())
    expect(backup.failure).toBeUndefined()
    const run = await restore({ from: (backup.output as { dump: string }).dump })
    expect(JSON.stringify(run.failure)).toMatch(/command-failed.*must be (able to SET ROLE|member of role)/)
    expect(await beside()).toEqual([])
  })
})
