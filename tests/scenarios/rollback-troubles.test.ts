import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import type { Event, EventOf } from '../../runbook/model/event.ts'
import { query, removeWorlds } from '../examples/raise-world.ts'
import { eventsIn, until } from '../rig/command-line.ts'
import { contentOf } from './database-content.ts'
import { programsIn } from './recorded-programs.ts'
import { type ScenarioWorld, scenarioWorld } from './scenario-world.ts'

// What goes wrong on the way back: either nothing was changed, or what was stopped runs again, on one of two exact states.

// A deployment and up to two rollbacks each, of real parts.
vi.setConfig({ testTimeout: 240_000 })

let world: ScenarioWorld
beforeAll(async () => {
  world = await scenarioWorld('rollback troubles')
})
afterAll(removeWorlds)
beforeEach(async () => {
  for (const { datname } of await admin(
    `SELECT datname FROM pg_database WHERE datname LIKE 'Lumiku-Production\\_%'`,
  ))
    await admin(`DROP DATABASE "${datname}" WITH (FORCE)`)
  await world.reset()
})

const CONFIRMED = ['production', '--confirm', 'production'] as const
const RESTORE = ['rollback', ...CONFIRMED, '--json', '--database', 'restore'] as const
const admin = (sql: string) => query(world.adminUrl, sql)
const content = () => contentOf(world.databaseUrl, world.env.PATH!)
const deploy = async () => {
  const { exit, out, err } = await world.runbook(['deploy', ...CONFIRMED, '--on-failure', 'stop'])
  expect(exit, out + err).toBe(0)
}
const verdictOf = (events: readonly Event[]) => (events.at(-1) as EventOf<'run-ended'>).verdict
const begunIn = (events: readonly Event[]) =>
  events.flatMap((event) => (event.type === 'action-started' ? [`${event.step} ${event.action}`] : []))

/** Refused, with these words, and nothing was changed: what runs goes on. */
const refused = async (seen: RegExp, args: readonly string[], env: Record<string, string> = {}) => {
  const before = await content()
  const { exit, out, err } = await world.runbook(args, { env })
  expect(err).toMatch(seen)
  expect(exit).toBe(3)
  expect(begunIn(eventsIn(out))).toEqual([])
  expect(await content()).toEqual(before)
  expect(await world.running()).toBe(world.revisions.fixed)
}

/** Nobody can rename a database while this goes on: it holds the list of them. */
const holdDatabases = async (): Promise<pg.Client> => {
  const client = new pg.Client({ connectionString: world.adminUrl })
  client.on('error', () => {})
  await client.connect()
  onTestFinished(() => client.end().catch(() => {}))
  await client.query('BEGIN; LOCK TABLE pg_database IN SHARE ROW EXCLUSIVE MODE')
  return client
}

/** Starts a restore, and holds its swap up. */
const restoreHeldUp = async () => {
  const run = world.start(RESTORE)
  const saw = (words: string) => run.printed.out.includes(words) || run.child.exitCode !== null
  await until(() => saw('"type":"step-done","step":"bring-backup"'), 'the backup is beside')
  const held = await holdDatabases()
  await until(() => saw('"type":"action-started","step":"swap-databases","action":"swap"'), 'the swap')
  return { run, held }
}

test('the previous revision is no longer in the repository', async () => {
  await deploy()
  const git = world.git
  git('fetch', '--quiet', '--depth', '1', 'origin', 'main')
  // What else still leads to it.
  for (const ref of ['refs/remotes/origin/development', 'ORIG_HEAD']) git('update-ref', '-d', ref)
  git('reflog', 'expire', '--expire=now', '--all')
  git('gc', '--quiet', '--prune=now')
  onTestFinished(() => void git('fetch', '--quiet', '--unshallow', 'origin', 'main'))
  const from = world.revisions.broken
  const words = `the previous revision ${from.slice(0, 7)} is in the repository.*git fetch origin ${from}`
  await refused(new RegExp(words, 's'), ['rollback', ...CONFIRMED, '--json'])
})

test('there is no room for a second database', async () => {
  await deploy()
  const programs = join(world.dir, '..', 'full disk')
  mkdirSync(programs, { recursive: true })
  // The folder of the backups is on another disk.
  const df = `#!/bin/sh\ncase "$*" in *backups*) exec '${programsIn(world.env.PATH!).get('df')}' "$@" ;; esac\necho 'Filesystem 1024-blocks Used Available Capacity Mounted on'\necho '/dev/sda1 1000000 999900 100 100% /'\n`
  writeFileSync(join(programs, 'df'), df, { mode: 0o755 })
  const PATH = `${programs}${delimiter}${world.env.PATH}`
  // Where its files are, the server tells only whom it may.
  await admin('GRANT pg_read_all_settings TO lumiku')
  onTestFinished(async () => void (await admin('REVOKE pg_read_all_settings FROM lumiku')))
  const words =
    /102 kB free, [\d.]+ MB needed, in .*make room on the disk.*again +runbook rollback production --database=restore\n/s
  await refused(words, RESTORE, { PATH })
})

test('the room ends in the middle of the restore: the application was never stopped', async () => {
  await deploy()
  const after = await content()
  const programs = join(world.dir, '..', 'no room')
  mkdirSync(programs, { recursive: true })
  const real = programsIn(world.env.PATH!).get('pg_restore')
  const full = 'could not extend file "base/16401/16410": No space left on device'
  const script = `#!/bin/sh\ncase "$*" in *--exit-on-error*) ;; *) exec '${real}' "$@" ;; esac\necho 'pg_restore: error: ${full}' >&2\nexit 1\n`
  writeFileSync(join(programs, 'pg_restore'), script, { mode: 0o755 })
  const { exit, out, err } = await world.runbook(RESTORE, {
    env: { PATH: `${programs}${delimiter}${world.env.PATH}` },
  })
  expect(exit, err).toBe(7)
  expect(err).toContain(full)
  const begun = begunIn(eventsIn(out))
  expect(begun.filter((one) => /stop|swap|restart/.test(one))).toEqual([])
  expect(begun.filter((one) => one.startsWith('bring-backup')).at(-1)).toBe('bring-backup discard')
  expect(await world.running()).toBe(world.revisions.fixed)
  expect(await content()).toEqual(after)
})

test('without the right to create databases: in place, when that is chosen, exactly, and back again', async () => {
  const before = await content()
  await deploy()
  await world.sql(`UPDATE avatars SET gender = 'x' WHERE id IN (SELECT id FROM avatars ORDER BY id LIMIT 9)`)
  const after = await content()
  await admin('ALTER ROLE lumiku NOCREATEDB')
  onTestFinished(async () => void (await admin('ALTER ROLE lumiku CREATEDB')))
  await refused(/may not create databases.*or restore in place, .*--in-place/s, RESTORE)

  const { exit, out, err } = await world.runbook([...RESTORE, '--in-place'])
  expect(exit, err).toBe(0)
  expect(verdictOf(eventsIn(out))).toBe('rolled-back')
  expect(await content()).toEqual(before)
  expect(await world.running()).toBe(world.revisions.broken)
  const kept = /what was there is in (\S+\.dump)/.exec(err)![1]!
  const back = await world.runbook([
    'restore',
    ...CONFIRMED.slice(0, 1),
    kept,
    ...CONFIRMED.slice(1),
    '--in-place',
  ])
  expect(back.exit, back.out + back.err).toBe(0)
  expect(await content()).toEqual(after)
})

test('a rollback while a deployment runs is told of it, and changes nothing', async () => {
  const deploying = world.start(['deploy', ...CONFIRMED, '--json'])
  await until(() => deploying.printed.out.includes('"step-started","step":"build-app"'), 'it builds')
  const { exit, err } = await world.runbook(['rollback', ...CONFIRMED])
  const run = (eventsIn(deploying.printed.out)[0] as EventOf<'run-started'>).run
  expect([exit, err]).toEqual([5, expect.stringContaining(`locked by run ${run}`)])
  expect((await deploying.ended).exit).toBe(0)
  expect(await world.running()).toBe(world.revisions.fixed)
})

test('a swap that cannot be made: what was stopped is started again, on the database that was', async () => {
  await deploy()
  const after = await content()
  const { run, held } = await restoreHeldUp()
  const { exit, out, err } = await run.ended
  await held.end()
  expect(exit, err).toBe(7)
  expect(verdictOf(eventsIn(out))).toBe('rollback-failed')
  expect(begunIn(eventsIn(out))).toContain('pm2-restart restart')
  // The old code, which is built by now, runs on either state.
  expect(await world.running()).toBe(world.revisions.broken)
  expect(await content()).toEqual(after)
  expect(err).toMatch(/changed .*Stop lumiku-backend.*Restart lumiku-backend/s)
})

test('the server goes in the middle of the swap, and comes back: the database is one of the two, and again brings it to its end', async () => {
  const before = await content()
  await deploy()
  const after = await content()
  const { run } = await restoreHeldUp()
  await bounceServer()
  const { exit, out, err } = await run.ended
  expect(exit, err).toBe(7)
  expect(begunIn(eventsIn(out))).toContain('pm2-restart restart')
  await until(async () => (await world.running()) === world.revisions.broken, 'the application answers')
  const found = await content()
  expect([after.schema, before.schema]).toContain(found.schema)
  const again = await world.runbook(RESTORE)
  expect(again.exit, again.err).toBe(0)
  expect(verdictOf(eventsIn(again.out))).toBe('rolled-back')
  expect(await content()).toEqual(before)
})

/** PostgreSQL ends at once, as by a power cut, and is started again on the same port. */
const bounceServer = async (): Promise<void> => {
  const { postgres } = JSON.parse(readFileSync(join(world.dir, 'world.json'), 'utf8'))
  const data = join(postgres.home, 'data')
  const { uid, gid } = statSync(data)
  const control = (...args: string[]) =>
    execFileSync(programsIn(world.env.PATH!).get('pg_ctl')!, ['-D', data, ...args], {
      stdio: 'ignore',
      env: { LC_ALL: 'C' },
      ...(process.getuid?.() === 0 && { uid, gid }),
    })
  control('stop', '-m', 'immediate')
  control('start', '-w', '-l', join(postgres.home, 'log'), '-o', `-p ${postgres.port}`)
}
