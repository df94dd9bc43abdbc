import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { type Cluster, startCluster } from '../../examples/world/cluster.ts'
import { connected, createDatabase, createRole, type Role, urlOf } from '../../examples/world/databases.ts'
import {
  type Actions,
  changes,
  defineCheck,
  defineStep,
  executes,
  fails,
  holds,
  reverse,
  type Step,
  secret,
  selects,
  sends,
} from '../../runbook/index.ts'
import { backupDatabase } from '../../steps/backup-database.ts'
import { rehearse } from '../../steps/rehearse.ts'
import { shell } from '../../steps/shell.ts'
import { until } from '../rig/command-line.ts'
import { git } from '../rig/git-remote.ts'
import { programFolder } from '../rig/program-folder.ts'
import { type StepRun, stepRig } from '../rig/step-rig.ts'

// Programs that find the live database each in its own way. In a rehearsal all of them find the copy, or nothing: the live
// one is afterwards, word for word, what pg_dump said of it before.

const ROOT = createRequire(import.meta.url).resolve('pg')
const SOCKETS = '/tmp'
const NAME = 'Lumiku Live'
const role: Role = { name: 'app', password: 'p@ss:w/rd 100%' }
const migrator: Role = { name: 'migrator', password: 'another' }
const MIGRATION =
  "ALTER TABLE avatars ADD COLUMN bio text; INSERT INTO schema_migrations VALUES ('20260101_bio')"

let cluster: Cluster
let other: Cluster
let home: string
let dir: string
let url: string
/** An address of this machine that is not loopback, where it has one. */
const [elsewhere] = Object.values(networkInterfaces()).flatMap((each) =>
  (each ?? []).filter(({ family, internal }) => family === 'IPv4' && !internal).map(({ address }) => address),
)

// Other files of the tests, which run beside this one, leave folders in the place that all share.
const own = mkdtempSync(join(tmpdir(), 'own-'))
vi.stubEnv('TMPDIR', own)

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'closed-'))
  const settings = { listen_addresses: '*', unix_socket_directories: SOCKETS }
  cluster = await startCluster({ dir: join(home, 'live'), settings })
  other = await startCluster({ dir: join(home, 'other') })
  appendFileSync(join(cluster.home, 'data/pg_hba.conf'), 'host all all all scram-sha-256\n')
  url = urlOf(role, cluster.port, NAME)
  await connected(cluster.adminUrl, async (admin) => {
    await admin.query('SELECT pg_reload_conf()')
    await createRole(admin, role)
    await createRole(admin, migrator)
    await admin.query('GRANT app TO migrator')
    await createDatabase(admin, NAME, role)
  })
  dir = join(home, 'the app')
  const files = {
    'by-variables.cjs': connects(
      '{ host: process.env.DB_HOST, port: process.env.DB_PORT, database: process.env.DB_NAME, user: process.env.DB_USER, password: process.env.DB_PASSWORD }',
    ),
    'by-file.cjs': connects(`JSON.parse(require('fs').readFileSync('config.json', 'utf8'))`),
    'config.json': JSON.stringify({ connectionString: url }),
    'back.cjs': connects(
      JSON.stringify({ connectionString: url }),
      "DELETE FROM schema_migrations WHERE version = '20260101_bio'; ALTER TABLE avatars DROP COLUMN bio",
    ),
    'by-source.cjs': connects(JSON.stringify({ connectionString: url })),
    'by-socket.cjs': connects(
      JSON.stringify({
        host: SOCKETS,
        port: cluster.port,
        database: NAME,
        user: role.name,
        password: role.password,
      }),
    ),
    'as-another-role.cjs': connects(
      JSON.stringify({ connectionString: urlOf(migrator, cluster.port, NAME) }),
    ),
    'by-address.cjs': connects(
      `{ connectionString: ${JSON.stringify(url)}.replace('127.0.0.1', process.argv[2]) }`,
    ),
    'other-database.cjs': connects(
      JSON.stringify({ connectionString: urlOf(role, cluster.port, 'postgres') }),
    ),
    'insists.cjs': connects(JSON.stringify({ connectionString: url, ssl: { rejectUnauthorized: false } })),
    'ends-badly.cjs': `${connects(JSON.stringify({ connectionString: url }))}.then(() => process.exit(3))`,
    'leaves-a-daemon.cjs': `${connects(JSON.stringify({ connectionString: url }))}.then(() => require('child_process').spawn('sleep', ['1234567'], { detached: true, stdio: 'ignore' }).unref())`,
    'stays.cjs': `${connects(JSON.stringify({ connectionString: url }))}.then(() => { console.log('migrated'); require('child_process').spawn('sleep', ['7654321'], { detached: true }) })`,
  }
  execFileSync('mkdir', [dir])
  git(dir, 'init', '--quiet', '--initial-branch=main')
  for (const [name, content] of Object.entries(files)) writeFileSync(join(dir, name), content)
  git(dir, 'add', '--all')
  mkdirSync(join(dir, 'node_modules/a-package'), { recursive: true })
  git(dir, 'commit', '--quiet', '--message', 'The app')
})
afterAll(async () => {
  await cluster?.stop()
  await other?.stop()
  vi.unstubAllEnvs()
  rmSync(own, { recursive: true, force: true })
})

const connects = (
  config: string,
  sql = MIGRATION,
): string => `const { Client } = require(${JSON.stringify(ROOT)})
const client = new Client(${config})
client.connect().then(() => client.query(${JSON.stringify(sql)})).then(() => client.end(), (error) => { console.error(error); process.exit(1) })`

const live = async (sql: string) => connected(url, async (client) => (await client.query(sql)).rows)
const dumped = (): string =>
  execFileSync(join(cluster.bin, 'pg_dump'), [url], { encoding: 'utf8' }).replace(
    /^\\(un)?restrict .*$/gm,
    '',
  )

let before = ''
beforeEach(async () => {
  await live(`DROP SCHEMA IF EXISTS public CASCADE; CREATE SCHEMA public;
    CREATE TABLE avatars (id int PRIMARY KEY, name text); INSERT INTO avatars SELECT n, 'n' || n FROM generate_series(1, 50) n;
    CREATE TABLE schema_migrations (version text PRIMARY KEY); INSERT INTO schema_migrations VALUES ('20250101_first')`)
  before = dumped()
})
/** Nothing is left: no copy, no folder, no process. */
afterEach(async () => {
  expect(await live(`SELECT datname FROM pg_database WHERE datname LIKE '%rehearsal%'`)).toEqual([])
  expect(readdirSync(tmpdir()).filter((name) => name.startsWith('runbook-closed-'))).toEqual([])
  expect(sleeping()).toEqual([])
})
const sleeping = (): string[] =>
  readdirSync('/proc').filter((pid) => {
    try {
      return /sleep.(1234567|7654321)/.test(readFileSync(`/proc/${pid}/cmdline`, 'utf8'))
    } catch {
      return false
    }
  })

const isMigrated = defineCheck({
  fact: 'the column is there',
  remedy: '',
  look: async ({ see }) => {
    const [one] = await see(
      selects<{ n: number }>(
        `SELECT (SELECT count(*) FROM information_schema.columns WHERE column_name = 'bio')::int + (SELECT count(*) FROM schema_migrations)::int AS n`,
      ),
    )
    return one?.n === 3 ? holds('it is, and the ledger says so') : fails('it is not')
  },
})
const migrates = (actions: Actions, more: Partial<Step> = {}): Step => ({
  ...defineStep({
    id: 'migrate',
    title: 'Migrate',
    about: '',
    role: 'migration',
    sort: 'state',
    actions: () => actions,
    after: () => [isMigrated],
    undo: () =>
      reverse('schema', {
        back: executes("DELETE FROM schema_migrations WHERE version = '20260101_bio'"),
        drop: executes('ALTER TABLE avatars DROP COLUMN bio'),
      }),
  }),
  ...more,
})
const node = (file: string, ...args: string[]) => ({ migrate: changes(process.execPath, file, ...args) })

interface How {
  variables?: Record<string, string>
  on?: Parameters<typeof rehearse>[0]['on']
  as?: Awaited<ReturnType<typeof stepRig>>
}
const rehearsed = async (step: Step, { variables, on, as }: How = {}): Promise<StepRun> => {
  const rig = as ?? (await stepRig({ dir, databaseUrl: url, ...(variables && { variables }) }))
  const backup = backupDatabase()
  const rehearsal = rehearse({ from: backup, ...(on && { on }) })
  try {
    return await rig.run([...(rehearsal.ahead ?? []), rehearsal], { migrations: [step] })
  } finally {
    rig.dispose()
  }
}
const said = ({ events }: StepRun, step = 'rehearse'): string[] =>
  events.flatMap((event) =>
    event.type === 'looked' && event.step === step && event.side === 'after'
      ? [`${event.fact}: ${event.seen}`]
      : [],
  )
const printed = ({ events }: StepRun): string =>
  events.flatMap((event) => (event.type === 'output' ? [event.text] : [])).join('')
/** The copy was migrated, and taken back; the live database is, to the letter, what it was. */
const onTheCopyAlone = (run: StepRun) => {
  expect(run.ended, `${JSON.stringify(run.failure)}\n${printed(run)}`).toBe('done')
  expect(said(run, 'rehearse-migrate')).toContain('the column is there: it is, and the ledger says so')
  expect(said(run)).toContain('“Migrate” can be taken back: the schema is then as it was before')
  expect(said(run).find((one) => one.startsWith('the database that is in use'))).toMatch(
    /is as it was meanwhile: the same: the schema \(\d+ objects of the catalogue\), schema_migrations \(1 row\)$/,
  )
  expect(dumped()).toBe(before)
}
const databaseVariables = () => ({
  ...{ DB_HOST: 'localhost', DB_PORT: String(cluster.port), DB_NAME: NAME },
  ...{ DB_USER: role.name, DB_PASSWORD: role.password },
})

describe('the copy is migrated, and the live database is not, by a program', () => {
  test('that reads DB_HOST … DB_NAME', async () =>
    onTheCopyAlone(
      await rehearsed(
        migrates({ migrate: { ...node('by-variables.cjs').migrate, env: databaseVariables() } }),
      ),
    ))

  test('that reads a file of the tree', async () =>
    onTheCopyAlone(await rehearsed(migrates(node('by-file.cjs')))))

  test('that has the live URL in its source', async () =>
    onTheCopyAlone(await rehearsed(migrates(node('by-source.cjs')))))

  test('that reads ~/.pgpass', async () => {
    const HOME = mkdtempSync(join(home, 'user '))
    const password = role.password.replaceAll(':', '\\:')
    writeFileSync(join(HOME, '.pgpass'), `localhost:${cluster.port}:${NAME}:app:${password}\n`, {
      mode: 0o600,
    })
    const psql = changes(
      ...(['psql', '--no-psqlrc', '--no-password', '--host=localhost', `--port=${cluster.port}`] as const),
      ...['--username=app', `--dbname=${NAME}`, `--command=${MIGRATION}`],
    )
    onTheCopyAlone(await rehearsed(migrates({ migrate: { ...psql, env: { HOME } } })))
  })

  test('that uses the unix socket', async () => {
    expect(existsSync(join(SOCKETS, `.s.PGSQL.${cluster.port}`))).toBe(true)
    onTheCopyAlone(await rehearsed(migrates(node('by-socket.cjs'))))
  })

  test.each(['localhost', '::1', '[::1]', elsewhere].filter((one) => one !== undefined && one !== '::1'))(
    'by another address of the server: %s',
    async (address) => onTheCopyAlone(await rehearsed(migrates(node('by-address.cjs', address!)))),
  )

  test('that a block of shell starts, with its undo', async () => {
    onTheCopyAlone(
      await rehearsed(
        shell({
          ...{ id: 'migrate', title: 'Migrate', role: 'migration', after: [isMigrated] },
          block: 'node by-source.cjs',
          undo: { block: 'node back.cjs' },
        }),
      ),
    )
  })

  test('that comes as another role, with that role’s rights', async () =>
    onTheCopyAlone(await rehearsed(migrates(node('as-another-role.cjs')))))

  test('and the copy is on another server, where its role is not known', async () => {
    const variables = { REHEARSAL_URL: other.adminUrl }
    onTheCopyAlone(
      await rehearsed(migrates(node('by-source.cjs')), { variables, on: secret('REHEARSAL_URL') }),
    )
  })

  test('and the copy is on a server that is started for it', async () =>
    onTheCopyAlone(await rehearsed(migrates(node('by-file.cjs')), { on: 'throwaway' })))

  test('that writes into the folder of the application that is live: that is as it was', async () => {
    const script = `for (const folder of [${JSON.stringify(dir)}, 'node_modules']) require('fs').writeFileSync(folder + '/written.txt', 'x')
      require('./by-source.cjs')`
    onTheCopyAlone(await rehearsed(migrates({ migrate: changes(process.execPath, '-e', script) })))
    expect(existsSync(join(dir, 'written.txt'))).toBe(false)
    expect(readdirSync(join(dir, 'node_modules'))).toEqual(['a-package'])
  })

  test('that leaves a daemon behind, which is gone with the rehearsal', async () =>
    onTheCopyAlone(await rehearsed(migrates(node('leaves-a-daemon.cjs')))))

  test('and namespaces are had by a user namespace only, as by whoever is not root', async () => {
    const unshare = execFileSync('which', ['unshare'], { encoding: 'utf8' }).trim()
    const scripts = {
      unshare: `[ "$1" = --user ] || { echo 'Operation not permitted' >&2; exit 1; }\nexec ${unshare} "$@"`,
    }
    const PATH = `${programFolder({ scripts })}:${process.env.PATH}`
    onTheCopyAlone(await rehearsed(migrates(node('by-socket.cjs')), { variables: { PATH } }))
  })
})

describe('what cannot reach the copy reaches nothing', () => {
  const stopped = async (step: Step, how?: How) => {
    const run = await rehearsed(step, how)
    expect(run.ended).toBe('failed')
    expect(dumped()).toBe(before)
    expect(said(run).at(-1)).toMatch(/is as it was meanwhile: the same: the schema/)
    return run
  }

  test('another database of the same server', async () =>
    expect(printed(await stopped(migrates(node('other-database.cjs'))))).toContain(
      `in a rehearsal: only the copy of "${NAME}" can be reached, not the database "postgres"`,
    ))

  test('another server, by its port', async () =>
    expect(
      printed(await stopped(migrates(changed(`psql --dbname='${other.adminUrl}' --command='SELECT 1'`)))),
    ).toContain('Connection refused'))

  test('a host of another name', async () =>
    expect(printed(await stopped(migrates(node('by-address.cjs', 'db.invalid'))))).toContain(
      '(rehearsal) db.invalid is not the host of the database: nothing but the copy can be reached',
    ))

  test('a daemon that listens on a socket in the file system', async () => {
    const socket = join(home, 'daemon.sock')
    const { createServer } = await import('node:net')
    const heard: string[] = []
    const daemon = createServer((client) => client.on('data', (data) => heard.push(String(data)))).listen(
      socket,
    )
    const script = `require('net').connect(${JSON.stringify(socket)}).end('migrate').on('error', (e) => { console.log(e.code); process.exit(1) })`
    const run = await stopped(migrates({ ask: changes(process.execPath, '-e', script) }))
    daemon.close()
    expect(printed(run)).toContain('ECONNREFUSED')
    expect(heard).toEqual([])
  })

  test('a program that insists on TLS is told that there is none, and says so', async () =>
    expect(printed(await stopped(migrates(node('insists.cjs'))))).toContain(
      '(rehearsal) a program insists on TLS, which the way to the copy does not speak',
    ))

  test('one whose URL in a variable insists is led past that', async () => {
    const env = { URL: `${url}?sslmode=require` }
    const step = migrates({
      migrate: { ...changed('psql "$URL" --command "$SQL"').run, env: { ...env, SQL: MIGRATION } },
    })
    onTheCopyAlone(await rehearsed(step))
  })

  test('a request to the application that is live', async () => {
    const run = await stopped(migrates({ ask: sends('POST', 'http://127.0.0.1:1/migrate') }))
    expect(JSON.stringify(run.failure)).toContain('which the application that is live would answer')
  })

  test('a program that ends badly after it has migrated', async () => {
    const run = await stopped(migrates(node('ends-badly.cjs')))
    expect(run.failure).toMatchObject({ kind: 'command-failed', exit: 3 })
  })
})
const changed = (line: string) => ({ run: changes('sh', '-c', line) })

test('an interrupt ends everything in there, and the live database is still looked at', async () => {
  const rig = await stepRig({ dir, databaseUrl: url })
  const running = rehearsed(migrates(node('stays.cjs')), { as: rig })
  await until(() => sleeping().length === 1, 'it works')
  rig.abort.abort(new Error('interrupted'))
  const run = await running
  expect(run.ended).toBe('failed')
  expect(said(run).at(-1)).toMatch(/is as it was meanwhile: the same: the schema/)
  expect(dumped()).toBe(before)
})

describe('where no network of its own can be had', () => {
  /** All programs of this machine but that one. */
  const without = (): string => {
    const folder = mkdtempSync(join(home, 'programs '))
    const path = `${cluster.bin}:${process.env.PATH}`.split(':').filter((one) => existsSync(one))
    for (const place of path)
      for (const name of readdirSync(place))
        if (name !== 'unshare' && !existsSync(join(folder, name)))
          symlinkSync(join(place, name), join(folder, name))
    return folder
  }

  test('a command is not rehearsed: the step says how it gets its database, or the run stops', async () => {
    const run = await rehearsed(migrates(node('by-source.cjs')), { variables: { PATH: without() } })
    expect(run.ended).toBe('failed')
    expect(run.failure).toMatchObject({
      unmet: [
        {
          fact: '“Migrate” can be rehearsed',
          seen: expect.stringContaining('could find the live database, because there is no unshare here'),
          remedy: expect.stringMatching(/util-linux.*database: 'by-variables'.*--allow unrehearsed$/),
        },
      ],
    })
    expect(dumped()).toBe(before)
  })

  test('one that knows it by its variables alone is rehearsed, and the live database compared', async () => {
    const URL = secret('DATABASE_URL')
    const psql = changes('psql', '--no-psqlrc', '--command', MIGRATION)
    const env = Object.fromEntries(
      Object.entries({
        PGHOST: 'host',
        PGPORT: 'port',
        PGUSER: 'user',
        PGPASSWORD: 'password',
        PGDATABASE: 'database',
      }).map(([name, part]) => [name, { ...URL, part: part as 'host' }]),
    )
    const PATH = without()
    const run = await rehearsed(migrates({ migrate: { ...psql, env } }, { database: 'by-variables' }), {
      variables: { PATH },
    })
    onTheCopyAlone(run)
  })

  test('what it does to the live database all the same is seen, whatever becomes of it', async () => {
    const step = migrates(node('ends-badly.cjs'), { database: 'by-variables' })
    const run = await rehearsed(step, { variables: { PATH: without() } })
    expect(run.failure).toMatchObject({
      kind: 'after-unmet',
      unmet: [
        {
          fact: 'the database that is in use is as it was meanwhile',
          seen: expect.stringMatching(
            /table public\.avatars changed: \+ column bio text.*public\.schema_migrations had 1 row, and has 2.*the rehearsal itself failed/,
          ),
        },
      ],
    })
    expect(run.ended).toBe('failed')
  })
})
