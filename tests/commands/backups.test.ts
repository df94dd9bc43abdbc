import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, inject, onTestFinished, test } from 'vitest'
import { connected } from '../../examples/world/databases.ts'
import { bookFolder, bookOf } from '../rig/command-line.ts'
import { largestFileOf } from '../rig/dumps.ts'
import { freshDatabase } from '../rig/postgres.ts'

let book: Awaited<ReturnType<typeof bookFolder>>
let db: Awaited<ReturnType<typeof freshDatabase>>
let variables: Record<string, string>

beforeEach(async () => {
  db = await freshDatabase()
  await db.query(`CREATE TABLE notes (id int, "createdAt" timestamptz DEFAULT now());
    INSERT INTO notes SELECT generate_series(1, 40)`)
  book = await bookFolder(
    bookOf(`env.protected || env.name === 'staging' ? backupDatabase() : false, does('one')`, {
      before: `import { backupDatabase } from 'runbook/steps'`,
      environment: `database: { url: secret('DATABASE_URL') }`,
    }).replace('protected: true, app', "protected: true, database: { url: secret('DATABASE_URL') }, app"),
  )
  variables = { DATABASE_URL: db.url }
  onTestFinished(async () => {
    await book.dispose()
    for (const name of await beside()) await admin(`DROP DATABASE "${name}" WITH (FORCE)`)
    await db.drop()
  })
})

const admin = (sql: string) =>
  connected(inject('adminUrl'), async (client) => (await client.query(sql)).rows as { name: string }[])
const beside = async (): Promise<string[]> =>
  (await admin('SELECT datname AS name FROM pg_database'))
    .map(({ name }) => name)
    .filter((name) => name.startsWith(`${db.database}_`))
const runbook = (...args: string[]) => book.runbook(args, { variables })
const dumps = () => readdirSync(join(book.stateDir, 'backups')).filter((name) => name.endsWith('.dump'))
const count = async () => (await db.query<{ n: number }>('SELECT count(*)::int AS n FROM notes'))[0]!.n

test('a backup is made, listed with its proof, and restored; what it replaced can be returned to, and goes', async () => {
  expect(await runbook('backups')).toMatchObject({ exit: 0, out: 'No backups here.\n' })
  const made = await runbook('backup', 'staging')
  expect(made.exit, made.out + made.err).toBe(0)
  const [dump] = dumps()
  const listed = await runbook('backups')
  expect(listed.exit).toBe(0)
  expect(listed.out).toContain(dump)
  expect(listed.out).toMatch(/ 1 +40 +stands, sha256 [0-9a-f]{8}…/)

  await db.query('INSERT INTO notes SELECT generate_series(41, 50); DELETE FROM notes WHERE id = 1')
  const planned = await runbook('restore', 'staging', dump!, '--plan')
  expect([planned.exit, planned.out]).toEqual([
    0,
    expect.stringContaining('loses       9 rows more in notes than in what comes back'),
  ])
  expect(await beside()).toEqual([])
  // A part of its name is enough.
  const restored = await runbook('restore', 'staging', dump!.slice(8, 24), '--yes', '--reason', 'a test')
  expect(restored.exit, restored.out + restored.err).toBe(0)
  expect(await count()).toBe(40)
  const [kept] = await beside()
  expect(restored.out).toContain(`to return: runbook restore staging ${kept}`)
  expect((await runbook('backups', 'staging')).out).toContain(`Kept when a restore replaced them:\n  ${kept}`)

  const back = await runbook('restore', 'staging', kept!, '--yes')
  expect(back.exit, back.out + back.err).toBe(0)
  expect(await count()).toBe(49)
  const gone = await runbook('prune', 'staging', '--keep', '0', '--yes')
  expect(gone.exit, gone.out + gone.err).toBe(0)
  expect(await beside()).toEqual([])
  // The last backup that stands stays, however old.
  expect(dumps()).toEqual([dump])
})

test('a backup that does not stand any more says so, and is not the last good one', async () => {
  expect((await runbook('backup', 'staging')).exit).toBe(0)
  const [first] = dumps()
  const path = join(book.stateDir, 'backups', first!)
  const later = path.replace(/\d{8}T/, '20990101T')
  cpSync(path, later, { recursive: true })
  cpSync(`${path}.json`, `${later}.json`)
  const file = largestFileOf(later)
  const altered = readFileSync(file)
  altered[altered.length >> 1]! ^= 1
  writeFileSync(file, altered)
  const listed = await runbook('backups', '--json')
  expect(listed.exit).toBe(0)
  const lines = listed.out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(lines.map(({ stands }) => stands)).toEqual([true, false])
  expect((await runbook('backups')).out).toContain('DOES NOT STAND: it was altered')
  const plan = await runbook('prune', 'staging', '--keep', '0', '--plan')
  expect(plan.out).toContain('Remove 1 backup\n')
  expect(dumps()).toHaveLength(2)
  expect((await runbook('prune', 'staging', '--keep', '0', '--yes')).exit).toBe(0)
  expect(dumps()).toEqual([first])
  const refused = await runbook('restore', 'staging', 'nothing-like-it', '--yes')
  expect([refused.exit, refused.err]).toEqual([2, expect.stringContaining('runbook backups staging')])
})

test('with a run go the pages and archives that were made of it', async () => {
  expect((await runbook('backup', 'staging')).exit).toBe(0)
  expect((await runbook('deploy', 'staging', '--yes')).exit).toBe(0)
  const [old, latest] = readdirSync(join(book.stateDir, 'runs')).filter((name) => /^\d/.test(name))
  for (const run of [old!, latest!])
    for (const verb of ['report', 'bundle']) expect((await runbook(verb, run)).exit).toBe(0)
  expect((await runbook('prune', 'staging', '--keep', '1', '--yes')).exit).toBe(0)
  for (const folder of ['runs', 'reports', 'bundles']) {
    const names = readdirSync(join(book.stateDir, folder))
    expect(names.filter((name) => name.startsWith(old!))).toEqual([])
    expect(names.filter((name) => name.startsWith(latest!))).toHaveLength(1)
  }
})

test('prune by age: nothing is old yet', async () => {
  expect((await runbook('backup', 'staging')).exit).toBe(0)
  expect(await runbook('prune', 'staging', '--older-than', '30d', '--yes')).toMatchObject({
    exit: 0,
    out: 'Nothing to remove.\n',
  })
})

describe('refused', () => {
  test.each([
    [['restore', 'staging'], 2, 'it does not say which backup'],
    [['prune', 'staging'], 2, '--older-than 30d'],
    [['prune', 'staging', '--older-than', 'soon'], 2, "'soon' is no span of time"],
    [['prune', 'staging', '--keep', 'x'], 2, "'x' is no number"],
    [['backup', 'nowhere'], 2, "no environment 'nowhere'"],
  ])('%j', async (args, exit, says) => {
    const ended = await runbook(...args)
    expect([ended.exit, ended.err]).toEqual([exit, expect.stringContaining(says)])
  })

  test('without a terminal, a protected environment is not restored by --yes', async () => {
    const made = await runbook('backup', 'production')
    expect(made.exit, made.out + made.err).toBe(0)
    const ended = await runbook('restore', 'production', dumps()[0]!, '--yes')
    expect([ended.exit, ended.err]).toEqual([4, expect.stringContaining('--confirm production')])
    expect(await beside()).toEqual([])
  })

  test('no database answers: the files are listed all the same', async () => {
    expect((await runbook('backup', 'staging')).exit).toBe(0)
    const url = new URL(db.url)
    url.port = '1'
    const listed = await book.runbook(['backups', 'staging'], {
      variables: { ...variables, DATABASE_URL: url.href },
    })
    expect(listed.exit).toBe(0)
    expect(listed.out).toContain(dumps()[0])
    expect(listed.out).toContain('is not known: the database does not answer')
  })
})

test('a restore after which something no longer holds fails, and names it in its last lines', async () => {
  const own = await bookFolder(
    bookOf(
      `backupDatabase(), verifySchema({ tables: { notes: { columns: { id: 'int', title: 'text' } } } }), verifySchema({ id: 'created', title: 'Verify when', tables: { notes: { columns: { createdAt: 'timestamptz' } } } })`,
      {
        before: `import { backupDatabase, verifySchema } from 'runbook/steps'`,
        environment: `database: { url: secret('DATABASE_URL') }`,
      },
    ),
  )
  onTestFinished(own.dispose)
  const run = (...args: string[]) => own.runbook(args, { variables })
  expect((await run('backup', 'staging')).exit).toBe(0)
  await db.query('ALTER TABLE notes ADD COLUMN title text')
  const [dump] = readdirSync(join(own.stateDir, 'backups')).filter((name) => name.endsWith('.dump'))
  const { exit, out } = await run('restore', 'staging', dump!, '--yes')
  expect(exit).toBe(1)
  expect(await count()).toBe(40)
  expect(out).toMatch(/before {2}✔ Verify the schema/)
  expect(out).toMatch(/✖ Restored, but only \d of \d verifications hold/)
  const last = out.slice(out.lastIndexOf('  transcript'))
  expect(last).toMatch(/✖ Verify the schema held before, and does not hold any more: .*title/)
  expect(last).not.toContain('Verify when held')
  // It is gone on with when that is mended, and then it is done.
  await db.query('ALTER TABLE notes ADD COLUMN title text')
  const resumed = await run('resume', '--yes')
  expect(resumed.exit, resumed.out).toBe(0)
  expect(resumed.out).toContain('✔ Done in')
})

test('a migration that goes back with the database is named, and is no success', async () => {
  const own = await bookFolder(
    bookOf(
      `backupDatabase(), applySql({ file: 'title.sql', after: [tableHasColumns('notes', { title: 'text' })] })`,
      {
        before: `import { applySql, backupDatabase } from 'runbook/steps'\nimport { tableHasColumns } from 'runbook/checks'`,
        environment: `database: { url: secret('DATABASE_URL') }`,
      },
    ),
  )
  onTestFinished(own.dispose)
  writeFileSync(join(own.folder, 'app', 'title.sql'), 'ALTER TABLE notes ADD COLUMN title text;')
  const run = (...args: string[]) => own.runbook(args, { variables })
  const deployed = await run('deploy', 'staging', '--yes')
  expect(deployed.exit, deployed.out + deployed.err).toBe(0)
  const [dump] = readdirSync(join(own.stateDir, 'backups')).filter((name) => name.endsWith('.dump'))
  const { exit, out } = await run('restore', 'staging', dump!, '--yes')
  expect(exit, out).toBe(0)
  expect(out).toMatch(/! Done in .*; only 1 of 2 verifications holds/)
  expect(out).toMatch(/! What “.*title.sql.*” has brought about went back with the database, .*title/)
  // A second restore of the same has nothing of it to take back.
  const again = await run('restore', 'staging', dump!, '--yes')
  expect(again.exit, again.out).toBe(0)
  expect(again.out).not.toContain('went back')
})

test('a migration of which only its own run could tell is not said to hold, nor one of a deployment that failed behind it forgotten', async () => {
  const column = (name: string) =>
    `applySql({ file: 'title.sql', after: [tableHasColumns('notes', { ${name}: 'text' })] })`
  const book = (name: string, then: string) =>
    bookOf(
      `backupDatabase(), ${column(name)}, shell({ block: 'true', role: 'migration', undo: gone }), ${then}`,
      {
        before: `import { applySql, backupDatabase, shell } from 'runbook/steps'\nimport { tableHasColumns } from 'runbook/checks'\nconst gone = { forwardOnly: 'it is a test', instead: 'nothing' }`,
        environment: `database: { url: secret('DATABASE_URL') }`,
      },
    )
  const own = await bookFolder(book('title', `does('one')`))
  onTestFinished(own.dispose)
  const run = (...args: string[]) => own.runbook(args, { variables })
  const migration = join(own.folder, 'app', 'title.sql')
  writeFileSync(migration, 'ALTER TABLE notes ADD COLUMN title text;')
  const first = await run('deploy', 'staging', '--yes')
  expect(first.exit, first.out + first.err).toBe(0)
  writeFileSync(migration, 'ALTER TABLE notes ADD COLUMN subtitle text;')
  writeFileSync(
    join(own.folder, 'runbook.config.ts'),
    book('subtitle', `shell({ id: 'no', block: 'false', undo: gone })`),
  )
  const failed = await run('deploy', 'staging', '--yes', '--on-failure', 'stop')
  expect(failed.exit, failed.out + failed.err).toBe(1)
  const dump = readdirSync(join(own.stateDir, 'backups'))
    .filter((name) => name.endsWith('.dump'))
    .at(-1)!
  const { exit, out } = await run('restore', 'staging', dump, '--yes')
  expect(exit, out).toBe(0)
  expect(out).toMatch(/! What “.*title.sql.*” has brought about went back with the database, .*subtitle/)
  expect(out).toMatch(/\? What “.*” has brought about: whether it holds nobody knows: only the transcript/)
})

test('what cannot be told of a restore in place is no tick, and not called well', async () => {
  await db.asAdmin(`ALTER ROLE "${db.role.name}" NOCREATEDB; ALTER TABLE notes ADD serial bigserial`)
  const made = await runbook('backup', 'staging')
  expect(made.exit, made.out + made.err).toBe(0)
  await db.query('UPDATE notes SET "createdAt" = NULL WHERE id > 7')
  const { exit, out, err } = await runbook('restore', 'staging', dumps()[0]!, '--in-place', '--yes')
  expect(exit, out + err).toBe(0)
  expect(out).toMatch(/\? what was lost is known, as far as it can be told: which rows of 1 table were/)
  expect(out).toContain(
    'and which numbers of 1 sequence come a second time, cannot be told because the backup is',
  )
  expect(out).toMatch(/Count what was lost: whether it holds nobody knows: which rows of 1 table/)
  expect(out).not.toMatch(/verified +(2 of 2|1 of 1)/)
  expect(out).not.toContain('stands nowhere')
})
