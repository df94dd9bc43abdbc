import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { databaseIsLocal } from '../../checks/database-is-local.ts'
import { prismaReadsUrl } from '../../checks/prisma-reads-url.ts'
import { connected } from '../../examples/world/databases.ts'
import { openContext } from '../../runbook/engine/open-context.ts'
import {
  changes,
  databaseOf,
  defineStep,
  explain,
  libpqVariables,
  nothingToUndo,
  secret,
  selects,
} from '../../runbook/index.ts'
import { failureOf } from '../../runbook/model/failure.ts'
import { resolveEnvironment } from '../../runbook/model/resolve-environment.ts'
import { applySql } from '../../steps/apply-sql.ts'
import { backupDatabase } from '../../steps/backup-database.ts'
import { rehearse } from '../../steps/rehearse.ts'
import { shell } from '../../steps/shell.ts'
import { stepRig } from '../rig/step-rig.ts'
import { tlsCluster } from '../rig/tls-cluster.ts'

let world: Awaited<ReturnType<typeof tlsCluster>>
let dir: string
let ca: string

beforeAll(async () => {
  world = await tlsCluster()
  ca = world.files.ca
  dir = mkdtempSync(join(tmpdir(), 'runbook-urls-'))
  execFileSync('git', ['init', '-q', '-b', 'main'], { cwd: dir })
  writeFileSync(join(dir, 'm.sql'), 'ALTER TABLE notes ADD COLUMN words text;\n')
  for (const args of [
    ['add', '.'],
    ['-c', 'user.email=a@example.com', '-c', 'user.name=a', 'commit', '-qm', 'one'],
  ])
    execFileSync('git', args, { cwd: dir })
}, 120_000)
afterAll(async () => {
  await world?.stop()
  rmSync(dir, { recursive: true, force: true })
})

const admin = <Row>(sql: string, database = 'shop') => {
  const url = new URL(world.cluster.adminUrl)
  url.pathname = `/${database}`
  return connected(url.href, async (client) => (await client.query(sql)).rows as Row[])
}
beforeEach(async () => {
  await admin(`DROP TABLE IF EXISTS notes; CREATE TABLE notes (id int PRIMARY KEY); ALTER TABLE notes OWNER TO app;
    INSERT INTO notes SELECT generate_series(1, 20); GRANT ALL ON SCHEMA public TO app`)
})

/** Each of them with the strictest checks, by another way to say the same. */
const ways = (): Record<string, { url: string; variables?: Record<string, string> }> => {
  const { port } = world.cluster
  const services = join(world.folder, 'services')
  writeFileSync(
    services,
    `[shop]\nhost=db.test\nhostaddr=127.0.0.1\nport=${port}\nuser=app\npassword=a word\nsslmode=verify-full\nsslrootcert=${ca}\n`,
  )
  const passwords = join(world.folder, 'passwords')
  writeFileSync(passwords, `*:*:*:app:a word\n`, { mode: 0o600 })
  const strict = `sslmode=verify-full&sslrootcert=${ca}&channel_binding=require`
  return {
    'verify-full': { url: `postgresql://app:a%20word@127.0.0.1:${port}/shop?${strict}` },
    'several hosts': {
      url: `postgresql://app:a%20word@127.0.0.1:1,127.0.0.1:${port}/shop?${strict}&target_session_attrs=read-write&options=-c%20work_mem%3D7MB`,
    },
    'a socket': { url: `postgresql://app:a%20word@${encodeURIComponent(world.sockets)}:${port}/shop` },
    'parameters alone': {
      url: `postgresql:///?dbname=shop&host=${world.sockets}&port=${port}&user=app&password=a%20word`,
    },
    'a service': { url: `postgresql:///shop?service=shop`, variables: { PGSERVICEFILE: services } },
    'a file of passwords': { url: `postgresql://app@127.0.0.1:${port}/shop?${strict}&passfile=${passwords}` },
  }
}
const names = [
  'verify-full',
  'several hosts',
  'a socket',
  'parameters alone',
  'a service',
  'a file of passwords',
]

describe.each(names)('by %s', (name) => {
  test('a backup is made, a migration rehearsed with a program and then applied', async () => {
    const { url, variables } = ways()[name]!
    const rig = await stepRig({ dir, databaseUrl: url })
    // What the operator's shell has of it counts for nothing.
    const lines = Object.entries(variables ?? {}).map(([name, value]) => `${name}=${value}\n`)
    writeFileSync(join(rig.home, `.env.${rig.env.name}`), lines.join(''), { mode: 0o600 })
    try {
      const own = name === 'a service' ? '' : '"$DATABASE_URL"'
      const program = shell({
        id: 'program',
        // psql, as whoever wrote it has it: with the URL, or with libpq's variables.
        block: `psql -X -v ON_ERROR_STOP=1 ${own} -c 'ALTER TABLE notes ADD COLUMN more int'`,
        env:
          name === 'a service'
            ? libpqVariables(databaseOf(rig.env))
            : { DATABASE_URL: secret('DATABASE_URL') },
        role: 'migration',
        undo: { block: `psql -X ${own} -c 'ALTER TABLE notes DROP COLUMN more'` },
      })
      const sql = applySql({ file: 'm.sql' })
      const backup = backupDatabase()
      const rehearsal = rehearse({ from: backup, allow: [] })
      const run = await rig.run([...(rehearsal.ahead ?? []), rehearsal], { migrations: [sql, program] })
      expect(run.failure && explain(run.failure)).toBeUndefined()
      expect(await admin('SELECT * FROM notes LIMIT 1')).toEqual([{ id: 1 }])
      expect((await rig.run([sql, program])).failure).toBeUndefined()
      expect(await admin('SELECT * FROM notes LIMIT 1')).toEqual([{ id: 1, words: null, more: null }])
      expect(await admin(`SELECT datname FROM pg_database WHERE datname LIKE '%rehearsal%'`)).toEqual([])
    } finally {
      rig.dispose()
    }
  }, 60_000)
})

test('a weaker check than was asked for is never made: nothing is begun', async () => {
  const { port } = world.cluster
  for (const weak of [
    `sslmode=verify-full&sslrootcert=${world.files.foreign}`,
    `sslmode=require&sslrootcert=${world.files.foreign}`,
  ]) {
    const rig = await stepRig({
      dir,
      databaseUrl: `postgresql://app:a%20word@127.0.0.1:${port}/shop?${weak}`,
    })
    const run = await rig.run(backupDatabase())
    expect(explain(run.failure!).sentence).toContain(`sslrootcert=${world.files.foreign}`)
    const dump = defineStep({
      ...{ id: 'dump', title: 'Dump', about: '', sort: 'prepares' },
      actions: ({ env }) => ({
        dump: {
          ...changes('pg_dump', '--schema-only', '--no-password'),
          env: libpqVariables(databaseOf(env)),
        },
      }),
      after: () => [databaseIsLocal()],
      undo: () => nothingToUndo('a test'),
    })
    const child = await rig.run(dump)
    expect(JSON.stringify(child.failure)).toContain('certificate verify failed')
    rig.dispose()
  }
}, 60_000)

test('an address counts over the name beside it, for what may be lost', async () => {
  const at = async (query: string) => {
    const rig = await stepRig({ dir, databaseUrl: `postgresql://app@localhost/shop${query}` })
    const { holds } = await rig.look(databaseIsLocal())
    rig.dispose()
    return holds
  }
  expect(await at('')).toBe(true)
  expect(await at('?hostaddr=127.0.0.1')).toBe(true)
  expect(await at('?hostaddr=10.1.2.3')).toBe(false)
  expect(await at('?host=localhost,db.example.com')).toBe(false)
})

describe('the schema that a URL names, as Prisma has it', () => {
  const homeOf = async (query: string, schema?: string) => {
    const { port } = world.cluster
    const env = resolveEnvironment(
      'x',
      { app: { dir }, database: { url: secret('URL'), ...(schema && { schema }) } },
      dir,
    )
    const { context, close } = openContext({
      ...{ env, bookFolder: dir, stateDir: join(world.folder, 'state'), stamp: 'x', name: 'test' },
      variables: { ...process.env, URL: `postgresql://app:a%20word@127.0.0.1:${port}/shop${query}` },
      ask: async () => '',
      answers: { yes: true, allow: [] },
      signal: new AbortController().signal,
    })
    try {
      const asked = selects<{ at: string }>('SHOW search_path')
      const [row] = await context.doors.database!.query(asked, 'SHOW', context.signal)
      return [context.env.database!.schema, Object.values(row!)[0]]
    } catch (error) {
      return explain(failureOf(error)).sentence
    } finally {
      await close()
    }
  }

  test('counts where the book names none, and must not be another than the book’s', async () => {
    expect(await homeOf('')).toEqual(['public', '"public"'])
    expect(await homeOf('?schema=shop&connection_limit=3')).toEqual(['shop', '"shop"'])
    expect(await homeOf('?schema=shop', 'shop')).toEqual(['shop', '"shop"'])
    expect(await homeOf('', 'shop')).toEqual(['shop', '"shop"'])
    expect(await homeOf('?schema=shop', 'public')).toContain(
      'has the parameter schema=shop, and the book’s database.schema is public',
    )
  })
})

describe('Prisma’s engine, which passes over what it does not know', () => {
  test.each<[string, string]>([
    ['', ''],
    ['?sslmode=require&sslaccept=strict&sslcert=/etc/hostname&connection_limit=2', ''],
    ['?options=-c%20a%3D1&connect_timeout=3', ''],
    ['?sslmode=verify-full', 'sslmode=verify-full'],
    ['?sslmode=require&sslrootcert=/etc/hostname', 'sslrootcert'],
    ['?user=eve', 'user'],
    ['?target_session_attrs=primary', 'target_session_attrs'],
    ['?host=a,b', 'several hosts'],
  ])('%s: %s', async (query, beyond) => {
    const rig = await stepRig({ dir, databaseUrl: `postgresql://app@localhost/shop${query}` })
    const config = join(dir, 'prisma.config.ts')
    try {
      const verdict = await rig.look(prismaReadsUrl())
      expect(verdict).toMatchObject({ holds: beyond === '' })
      if (!beyond) return
      expect(verdict.seen).toContain(`its engine passes over ${beyond}`)
      writeFileSync(config, 'export default { adapter: async () => new PrismaPg({}) }')
      expect(await rig.look(prismaReadsUrl())).toMatchObject({ holds: true })
    } finally {
      rmSync(config, { force: true })
      rig.dispose()
    }
  })
})
