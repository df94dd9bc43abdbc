import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { backupStands } from '../../checks/backup-stands.ts'
import { type Cluster, startCluster } from '../../examples/world/cluster.ts'
import { connected, urlOf } from '../../examples/world/databases.ts'
import type { BackupManifest, DumpFormat } from '../../runbook/index.ts'
import { listBackups } from '../../runbook/journal/backups.ts'
import { backupDatabase } from '../../steps/backup-database.ts'
import { restoreDatabase } from '../../steps/restore-database.ts'
import { filesOfDump, sumOfDump } from '../rig/dumps.ts'
import { postgresBin } from '../rig/postgres.ts'
import { programFolder, WITHOUT_ZSTD } from '../rig/program-folder.ts'
import { stepRig } from '../rig/step-rig.ts'

/** Every major version that is installed as Debian's packages have it; at least the one of all other tests. */
const binaries = (): string[] => {
  const root = '/usr/lib/postgresql'
  const found = existsSync(root) ? readdirSync(root).map((major) => join(root, major, 'bin')) : []
  const whole = found.filter((bin) => ['initdb', 'pg_dump'].every((name) => existsSync(join(bin, name))))
  return whole.length ? whole : [postgresBin()]
}

/** What each way needs beside PostgreSQL's own programs, and what the book says; `itself`: pg_dump knows zstd. */
interface Way {
  name: string
  format: DumpFormat
  programs: string[]
  prefer?: 'size' | 'speed'
  itself?: boolean
  cores?: 1
}
const waysOf = (bin: string): Way[] => [
  { name: 'custom', format: 'custom', programs: [], cores: 1 },
  { name: 'custom-zstd', format: 'custom-zstd', programs: ['zstd', 'lz4'], cores: 1 },
  { name: 'custom-lz4', format: 'custom-lz4', programs: ['lz4'], cores: 1 },
  { name: 'directory', format: 'directory', programs: [] },
  { name: 'directory for speed', format: 'directory', programs: [], prefer: 'speed' },
  ...(majorOf(bin) >= 16
    ? [{ name: 'directory through zstd', format: 'directory' as const, programs: [], itself: true }]
    : []),
]
const majorOf = (bin: string): number =>
  Number(/\d+/.exec(execFileSync(join(bin, 'pg_dump'), ['--version'], { encoding: 'utf8' }))![0])

const NEEDED = ['ls', 'df', 'rm', 'mv', 'chmod', 'sync', 'sha256sum', 'sh', 'find', 'stat', 'sort']
const database = 'Every "Thing"'

/** A PATH that has these programs and no others, with a pg_dump that was built with zstd or without. */
const pathOf = (bin: string, { programs, itself = false, cores }: Omit<Way, 'name' | 'format'>): string => {
  const dump = join(bin, 'pg_dump')
  const refusing = `case "$*" in *--compress=zstd*) echo '${WITHOUT_ZSTD}' >&2; exit 1;; esac; exec '${dump}' "$@"`
  return programFolder({
    real: [...NEEDED, ...programs],
    links: { pg_restore: join(bin, 'pg_restore'), ...(itself && { pg_dump: dump }) },
    scripts: { getconf: `echo ${cores ?? 2}`, ...(!itself && { pg_dump: refusing }) },
  })
}

describe.each(binaries())('%s', (bin) => {
  let cluster: Cluster
  let home: string
  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), 'runbook-formats-'))
    const before = process.env.PG_BIN
    process.env.PG_BIN = bin
    cluster = await startCluster({ dir: join(home, 'cluster') }).finally(() => {
      if (before === undefined) delete process.env.PG_BIN
      else process.env.PG_BIN = before
    })
    await connected(cluster.adminUrl, async (admin) => {
      await admin.query('CREATE ROLE reader; CREATE ROLE "An Owner"')
      await admin.query(`CREATE DATABASE ${admin.escapeIdentifier(database)} OWNER "An Owner"`)
      await admin.query('CREATE DATABASE other')
    })
    await connected(urlTo(database), (client) => client.query(EVERYTHING))
  })
  afterAll(async () => {
    await cluster.stop()
    // It stands elsewhere where its own user cannot get there.
    rmSync(cluster.home, { recursive: true, force: true })
    rmSync(home, { recursive: true, force: true })
  })

  const urlTo = (name: string) =>
    urlOf({ name: 'postgres', password: cluster.superuserPassword }, cluster.port, name)
  const rigFor = async (way: Omit<Way, 'name' | 'format'>, name = database) => {
    const rig = await stepRig({
      ...{ dir: '/', name: 'production', databaseUrl: urlTo(name) },
      variables: { PATH: pathOf(bin, way) },
    })
    onTestFinished(rig.dispose)
    return rig
  }
  const backUp = async (way: Way) => {
    const rig = await rigFor(way)
    const run = await rig.run(backupDatabase({ prefer: way.prefer ?? 'size' }))
    expect(run.failure).toBeUndefined()
    return { rig, dump: (run.output as { dump: string }).dump, run }
  }
  /** By PostgreSQL's own programs. */
  const contents = async () => {
    const { hostname, port, password } = new URL(urlTo(database))
    const schema = execFileSync(join(bin, 'pg_dump'), ['--schema-only', `--dbname=dbname='${database}'`], {
      encoding: 'utf8',
      env: { PGHOST: hostname, PGPORT: port, PGUSER: 'postgres', PGPASSWORD: decodeURIComponent(password) },
    }).replace(/^\\(un)?restrict .*$/gm, '')
    const rows = await connected(urlTo(database), async (client) => {
      const sums: Record<string, unknown> = {}
      const found = await client.query<{ name: string; columns: string }>(
        `SELECT format('%I.%I', nspname, relname) AS name, CASE relkind WHEN 'S' THEN 'last_value, is_called' ELSE '*' END AS columns FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
         WHERE relkind IN ('r', 'p', 'm', 'S') AND nspname NOT IN ('pg_catalog', 'information_schema') AND nspname NOT LIKE 'pg\\_%'`,
      )
      for (const { name, columns } of found.rows) {
        const asked = await client.query(
          `SELECT count(*), md5(string_agg(t::text, '|' ORDER BY t::text)) FROM (SELECT ${columns} FROM ${name}) t`,
        )
        sums[name] = asked.rows[0]
      }
      sums.large = (
        await client.query(
          `SELECT oid, pg_get_userbyid(lomowner) AS owner, lomacl::text AS grants, md5(lo_get(oid)) FROM pg_largeobject_metadata ORDER BY oid`,
        )
      ).rows
      return sums
    })
    return { schema, rows }
  }

  test.each(waysOf(bin))('$name: everything that a database can hold comes back', async (way) => {
    const { format } = way
    const before = await contents()
    expect(before.schema).toContain('GENERATED ALWAYS AS')
    const { rig, dump, run } = await backUp(way)
    const manifest: BackupManifest = JSON.parse(readFileSync(`${dump}.json`, 'utf8'))
    expect(manifest.format).toBe(format)
    expect(statSync(dump).mode & 0o777).toBe(format === 'directory' ? 0o700 : 0o600)
    if (way.itself) expect(readdirSync(dump).filter((file) => file.endsWith('.dat.zst'))).not.toHaveLength(0)
    for (const file of filesOfDump(dump)) expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(sumOfDump(dump)).toBe(manifest.sha256)
    expect(readdirSync(rig.backups)).toHaveLength(2)
    expect(JSON.stringify(run.events)).not.toContain(cluster.superuserPassword)
    expect(await listBackups(rig.backups)[0]!.prove()).toMatchObject({ stands: true })
    await connected(urlTo(database), (client) =>
      client.query(`DROP SCHEMA "Other Schema" CASCADE; UPDATE two SET one = NULL; DELETE FROM one; CREATE TABLE later ();
        SELECT lo_unlink(oid) FROM pg_largeobject_metadata; SELECT setval('apart', 1); DROP EXTENSION citext CASCADE`),
    )
    const { bring, swap, account } = restoreDatabase({ dump })
    const restored = await rig.run([bring, swap, account])
    expect(restored.failure).toBeUndefined()
    expect(await contents()).toEqual(before)
    // Nothing that was unpacked stays, and nothing of the database that was replaced is needed any more.
    expect(readdirSync(rig.backups)).toHaveLength(2)
    await connected(cluster.adminUrl, async (admin) => {
      const { rows } = await admin.query(
        `SELECT datname FROM pg_database WHERE datname LIKE '%\\_replaced\\_%'`,
      )
      for (const { datname } of rows) await admin.query(`DROP DATABASE ${admin.escapeIdentifier(datname)}`)
    })
  })

  test.each(waysOf(bin))(
    '$name: cut by a byte, altered in one, or of another database: refused',
    async (way) => {
      const { rig, dump } = await backUp(way)
      const refused = async () => {
        expect(await rig.look(backupStands(dump))).toMatchObject({ holds: false })
        expect(await listBackups(rig.backups)[0]!.prove()).toMatchObject({ stands: false })
      }
      for (const [i, file] of filesOfDump(dump).entries()) {
        const whole = readFileSync(file)
        writeFileSync(file, whole.subarray(0, -1))
        await refused()
        const altered = Buffer.from(whole)
        altered[whole.length >> 1]! ^= 1
        writeFileSync(file, altered)
        await refused()
        if (i === 0) {
          const run = await rig.run(restoreDatabase({ dump }).bring)
          expect([run.ended, run.performed]).toEqual(['failed', []])
          expect(JSON.stringify(run.failure)).toContain('sha256')
        }
        writeFileSync(file, whole)
      }
      expect(await rig.look(backupStands(dump))).toMatchObject({ holds: true })
      const other = await (await rigFor(way, 'other')).run(restoreDatabase({ dump }).bring)
      expect([other.ended, other.performed]).toEqual(['failed', []])
      expect(JSON.stringify(other.failure)).toContain('not of other')
      // Where the program that the format needs is gone, that is said first.
      if (way.format.startsWith('custom-')) {
        const without = await (await rigFor({ programs: [] })).run(restoreDatabase({ dump }).bring)
        expect([without.ended, without.performed]).toEqual(['failed', []])
        expect(JSON.stringify(without.failure)).toContain(`the program \`${way.programs[0]}\` was not found`)
      }
    },
  )
})

const EVERYTHING = `
  CREATE EXTENSION pgcrypto; CREATE EXTENSION citext; CREATE EXTENSION "uuid-ossp"; CREATE EXTENSION hstore;
  CREATE SCHEMA "Other Schema" AUTHORIZATION "An Owner"; GRANT USAGE ON SCHEMA "Other Schema" TO reader;
  CREATE TYPE mood AS ENUM ('glad', 'Not So "Glad"'); CREATE DOMAIN age AS int CHECK (VALUE >= 0);
  CREATE TABLE "Other Schema"."Mixed Case" (
    "Id" int GENERATED BY DEFAULT AS IDENTITY (START 40) PRIMARY KEY, email citext UNIQUE, feels mood, years age,
    attributes hstore, uuid uuid DEFAULT uuid_generate_v4(), twice int GENERATED ALWAYS AS (years * 2) STORED);
  INSERT INTO "Other Schema"."Mixed Case" (email, feels, years, attributes)
    SELECT n || '@Example.com', 'Not So "Glad"', n, 'a=>1' FROM generate_series(1, 300) n;
  ALTER TABLE "Other Schema"."Mixed Case" OWNER TO "An Owner";
  GRANT SELECT ("Id", email) ON "Other Schema"."Mixed Case" TO reader; GRANT INSERT ON "Other Schema"."Mixed Case" TO reader WITH GRANT OPTION;
  COMMENT ON COLUMN "Other Schema"."Mixed Case".email IS 'It''s "theirs"';
  CREATE TABLE one (id int PRIMARY KEY, two int); CREATE TABLE two (id int PRIMARY KEY, one int REFERENCES one);
  INSERT INTO one SELECT n, n FROM generate_series(1, 50) n; INSERT INTO two SELECT n, n FROM generate_series(1, 50) n;
  ALTER TABLE one ADD FOREIGN KEY (two) REFERENCES two DEFERRABLE INITIALLY DEFERRED;
  CREATE TABLE itself (id int PRIMARY KEY, parent int REFERENCES itself); INSERT INTO itself VALUES (1, 2), (2, 1);
  CREATE TABLE no_key (said text); INSERT INTO no_key VALUES (NULL), ('tab \t, line \n, \\\\.'), ('tab \t, line \n, \\\\.');
  CREATE TABLE no_rows (id serial PRIMARY KEY); CREATE TABLE no_columns ();
  CREATE SEQUENCE apart START 7 INCREMENT 3; SELECT nextval('apart'), nextval('apart');
  CREATE TABLE parts (at date NOT NULL, n int) PARTITION BY RANGE (at);
  CREATE TABLE parts_2024 PARTITION OF parts FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
  CREATE TABLE parts_more PARTITION OF parts DEFAULT; CREATE INDEX ON parts (n);
  INSERT INTO parts SELECT '2024-06-01'::date + n * 10, n FROM generate_series(1, 60) n;
  CREATE TABLE parent (id int); CREATE TABLE child (more int) INHERITS (parent); INSERT INTO child VALUES (1, 2);
  CREATE VIEW seen AS SELECT email, twice FROM "Other Schema"."Mixed Case"; CREATE MATERIALIZED VIEW kept AS SELECT * FROM seen;
  CREATE FUNCTION bump() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.two := NEW.id; RETURN NEW; END $$;
  CREATE TRIGGER bump BEFORE UPDATE ON one FOR EACH ROW EXECUTE FUNCTION bump();
  ALTER TABLE two ENABLE ROW LEVEL SECURITY; CREATE POLICY own ON two TO reader USING (id = 1);
  ALTER DEFAULT PRIVILEGES FOR ROLE "An Owner" IN SCHEMA "Other Schema" GRANT SELECT ON TABLES TO reader;
  SELECT lo_from_bytea(4711, 'a large object'), lo_from_bytea(4712, decode(repeat('00ff', 30000), 'hex'));
  GRANT SELECT ON LARGE OBJECT 4711 TO reader; ALTER LARGE OBJECT 4712 OWNER TO "An Owner"`
