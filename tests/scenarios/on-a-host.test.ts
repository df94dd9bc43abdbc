import { existsSync, readFileSync } from 'node:fs'
import { copyFile, mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { groupLives } from '../../runbook/doors/process-identity.ts'
import { removeWorlds } from '../examples/raise-world.ts'
import { eventsIn, until } from '../rig/command-line.ts'
import { sshd } from '../rig/sshd.ts'
import { type EndState, endState } from './end-state.ts'
import { killAndResume, transcriptOf } from './killed-run.ts'
import { dropKept, type ScenarioWorld, scenarioWorld } from './scenario-world.ts'

// The first guide's production on another host, as far as this tool can tell: nothing of it is reached but by ssh.

vi.setConfig({ testTimeout: 600_000 })

let world: ScenarioWorld
let server: Awaited<ReturnType<typeof sshd>>
let book: string[]
beforeAll(async () => {
  world = await scenarioWorld('on-a-host')
  // The files of a world belong to who raised it.
  server = await sshd({ as: 'self' })
  await copyFile(server.client, join(world.dir, 'bin/ssh'))
  book = await world.bookWith('on-a-host.config.ts', (text) =>
    text
      .replace('updateEnv: false', 'soak: 500, updateEnv: false')
      .replace('protected: true,', `protected: true,\n      host: '${server.host}',`)
      .replace(`dir: './production'`, `dir: '${world.production}'`)
      .replace('\n      database,', `\n      database: { ...database, via: 'host' },`)
      .replace(
        `NODE_ENV: 'production'`,
        `NODE_ENV: 'production', PATH: process.env.PATH!, PM2_HOME: process.env.PM2_HOME!`,
      ),
  )
})
afterAll(async () => {
  await removeWorlds()
  await server?.dispose()
})
beforeEach(async () => {
  await dropKept(world)
  await world.reset()
})
const run = (command: string, ...more: string[]) => runOf(book, command, ...more)
const runOf = (config: string[], command: string, ...more: string[]) => [
  ...[command, 'production', ...config, '--confirm', 'production', '--yes'],
  ...more,
]
const noneLeft = () => until(() => server.connections().length === 0, 'no connection is left')

/** Waits until the build has been announced; the name of its job there. Much else may run on this machine. */
const beginsToBuild = async (printed: { out: string }): Promise<string> => {
  const begun = () =>
    printed.out
      .split('\n')
      .find((line) => /"action-started","step":"build-app","action":"build".*\}$/.test(line))
  for (let left = 1200; left > 0 && !begun(); left -= 1) await sleep(100)
  return JSON.parse(begun()!).kept.job
}

test('the plan says where each command runs', async () => {
  const changed = await world.watch()
  const { exit, out, err } = await world.runbook(['plan', 'production', ...book])
  expect([exit, err]).toEqual([0, ''])
  expect(out).toContain(`where     ${server.host}, ${world.production}, branch main`)
  expect(out).toMatch(new RegExp(`\\$ ${server.host}: git -c core.hooksPath=/dev/null merge --ff-only`))
  expect(out).toMatch(new RegExp(`\\$ ${server.host}: cd backend && npm run build`))
  expect(out).toMatch(/\$ PG\*=‹secret DATABASE_URL› pg_dump/)
  // A person logs in there, and types what follows; but not the dump, nor what is done with it.
  const guide = await world.runbook(['guide', 'production', ...book])
  expect(guide.out).toContain(`- Where: ${server.host}, in`)
  expect(guide.out).toMatch(/^git -c core.hooksPath=\/dev\/null merge --ff-only/m)
  const here = guide.out
    .split(/^### /m)
    .filter((page) => page.includes('typed on the machine on which the page was written'))
  expect(here.map((page) => page.split('\n', 1)[0])).toEqual([
    expect.stringContaining('Back up the database'),
    expect.stringContaining('Rehearse on a copy'),
  ])
  expect(await changed()).toEqual([])
  await noneLeft()
})

test('it is deployed, although the connection breaks in the middle of the build, and taken back; backups stay there', async () => {
  const folder = join(server.there, 'backups')
  const there = await world.bookWith('backups-there.config.ts', (_) =>
    readFileSync(book[1]!, 'utf8')
      .replace(`via: 'host' }`, `via: 'host', backupsOnHost: '${folder}' }`)
      .replace('  backupDatabase,', '  backupDatabase,\n  fetchBackup,')
      .replace('env.protected && backupDatabase(),', 'backup, fetchBackup({ from: backup }),')
      .replace('const restart = restartOf(env)', 'const restart = restartOf(env), backup = backupDatabase()'),
  )
  const refused = await world.runbook(runOf(there, 'deploy'))
  expect([refused.exit, refused.out]).toEqual([3, expect.stringContaining(`install -d -m 700`)])
  await mkdir(folder, { mode: 0o700 })

  const { child, printed, ended } = world.start(runOf(there, 'deploy', '--json'))
  await beginsToBuild(printed)
  server.cut()
  const { exit, err } = await ended
  expect([exit, child.signalCode], err).toEqual([0, null])
  expect([await world.running(), await world.columns()]).toEqual([world.revisions.fixed, 26])
  const begun = eventsIn(printed.out).filter((event) => event.type === 'action-started')
  expect(begun.filter(({ action }) => action === 'build')).toHaveLength(1)
  await noneLeft()

  const [dump] = await readdir(folder)
  const listed = await world.runbook(['backups', 'production', ...there])
  expect(listed.exit).toBe(0)
  const line = `${dump}[^\\n]+stands, sha256 [0-9a-f]{8}…\\n`
  expect(listed.out).toMatch(new RegExp(`${line}[^]*\\nKept on ${server.host}:\\n[^]*${line}`))

  // By its name the one there is meant, by its path the copy.
  const copy = join(world.dir, '.runbook/backups', dump!)
  for (const [meant, where] of [
    [dump!, `${server.host}: `],
    [copy, ''],
  ] as const) {
    const planned = await world.runbook(['restore', 'production', meant, '--plan', ...there])
    expect([planned.exit, planned.out]).toEqual([
      0,
      expect.stringContaining(`$ ${where}PG*=‹secret DATABASE_URL› pg_restore`),
    ])
  }

  const back = await world.runbook(runOf(there, 'rollback', '--database', 'restore'))
  expect(back.exit, back.out + back.err).toBe(0)
  expect([await world.running(), await world.columns()]).toEqual([world.revisions.broken, 8])
  const restores = transcriptOf(world).flatMap((event) =>
    event.type === 'action-started' && event.action === 'restore' ? [event.printed] : [],
  )
  expect(restores).toEqual([expect.stringContaining(`${server.host}: PG`)])
  // What is old goes there too; the one that a restore would need stays, at both places.
  for (const name of ['production-20200101T000000Z.dump', 'production-20200101T000000Z.dump.json'])
    await writeFile(join(folder, name), 'old')
  const pruned = await world.runbook(runOf(there, 'prune', '--keep', '0'))
  expect(pruned.exit, pruned.out + pruned.err).toBe(0)
  expect(pruned.out).toContain(`Remove 1 backup on ${server.host}`)
  expect(await readdir(folder)).toEqual([dump, `${dump}.json`])
  expect(await readdir(join(world.dir, '.runbook/backups'))).toContain(dump)
  await noneLeft()

  // What is here can be listed although the host is gone.
  server.distrust()
  const alone = await world.runbook(['backups', 'production', ...there])
  server.trust()
  expect(alone.exit).toBe(0)
  expect(alone.out).toMatch(new RegExp(`${line}[^]*\\nWhat is kept on ${server.host} is not known: `))
})

test('a run that is killed inside of a command there goes on, and begins it only once at a time', async () => {
  expect((await world.runbook(run('deploy'))).exit).toBe(0)
  const expected: EndState = await endState(world)
  await world.reset()
  const { killed } = await killAndResume(world, {
    args: run('deploy'),
    moment: '"type":"action-started","step":"build-app","action":"build"',
    hit: { delay: 300 },
    expected,
  })
  expect(killed).toBe(true)
  const seen = transcriptOf(world).flatMap((event) =>
    event.type === 'looked' && event.fact.startsWith('nothing of the killed run') ? [event.seen] : [],
  )
  expect(seen).toEqual([expect.stringMatching(/has ended there with exit 0$/)])
  // What it had built was put back, and so it is begun anew, once its end was seen.
  const builds = transcriptOf(world).flatMap((event) =>
    event.type === 'action-started' && event.action === 'build' ? [event.kept?.job] : [],
  )
  expect(new Set(builds).size).toBe(2)
  expect(await readdir(server.kept).catch(() => [])).toEqual([])
  await noneLeft()
})

test('Ctrl-C ends what runs there', async () => {
  const { child, printed, ended } = world.start(run('deploy', '--json'))
  const kept = await beginsToBuild(printed)
  const leader = () => Number(readFileSync(join(server.kept, kept, 'pid'), 'utf8').split(' ')[0])
  await until(() => existsSync(join(server.kept, kept, 'pid')) && leader() > 0, 'it runs there')
  const group = leader()
  expect(groupLives(group)).toBe(true)
  child.kill('SIGINT')
  expect((await ended).exit).toBe(130)
  expect(transcriptOf(world).at(-1)).toMatchObject({ type: 'run-ended', verdict: 'interrupted' })
  expect(groupLives(group)).toBe(false)
  await noneLeft()
})

test('a host that is not known is refused before anything is asked of it', async () => {
  server.distrust()
  const changed = await world.watch()
  const { exit, out } = await world.runbook(run('deploy'))
  server.trust()
  expect(exit).toBe(3)
  expect(out).toContain(`${server.host} is not known here`)
  expect(out).toContain(`ssh ${server.host}`)
  expect(await changed()).toEqual([])
})
