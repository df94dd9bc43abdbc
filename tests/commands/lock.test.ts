import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { bookFolder, bookOf, eventsIn, until } from '../rig/command-line.ts'
import { freshDatabase } from '../rig/postgres.ts'

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})
const withBook = async (...args: Parameters<typeof bookOf>) => {
  const book = await bookFolder(bookOf(...args))
  ends.push(book.dispose)
  return book
}
/** Writes that it began, and waits until it may go on. */
const waits = `sh('wait', 'echo begun >> begun; until [ -e go ]; do sleep 0.02; done; echo >> done-wait')`
const began = (path: string) => (existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n').length : 0)

test('the second of two deployments is told who holds the environment, and changes nothing', async () => {
  const { start, runbook, in: inApp } = await withBook(waits)
  const first = start(['deploy', 'staging', '--yes', '--json'])
  await until(() => began(inApp('begun')))
  const run = (eventsIn(first.printed.out)[0] as { run: string }).run
  const second = await runbook(['deploy', 'staging', '--yes', '--json'])
  expect([second.exit, second.out]).toEqual([5, ''])
  expect(second.err).toContain(`locked by run ${run}`)
  expect(second.err).toMatch(new RegExp(`\\w+ on \\S+, pid ${first.child.pid}, since \\d{4}-`))
  expect(second.err).toContain(`runbook show ${run}`)
  // What only looks is not kept out, and neither is another environment.
  expect((await runbook(['plan', 'staging'])).exit).toBe(0)
  const other = start(['deploy', 'production', '--confirm', 'production'])
  await until(() => began(inApp('begun')) === 2)
  writeFileSync(inApp('go'), '')
  expect((await first.ended).exit).toBe(0)
  expect((await other.ended).exit).toBe(0)
  expect((await runbook(['runs'])).out.trim().split('\n')).toHaveLength(3)
})

test('of deployments that begin at the same moment one runs and the others leave with 5, every time', async () => {
  const { start, in: inApp } = await withBook(waits)
  for (let round = 0; round < 20; round++) {
    const racers = Array.from({ length: 2 }, () => start(['deploy', 'staging', '--yes']))
    const exits: (number | null)[] = []
    for (const { ended } of racers) void ended.then(({ exit }) => exits.push(exit))
    await until(() => exits.length === 1 || began(inApp('begun')) > 1)
    expect([exits, began(inApp('begun'))]).toEqual([[5], expect.any(Number)])
    await until(() => began(inApp('begun')) === 1)
    writeFileSync(inApp('go'), '')
    await Promise.all(racers.map(({ ended }) => ended))
    expect(exits).toEqual([5, 0])
    for (const file of ['go', 'begun', 'done-wait']) rmSync(inApp(file))
  }
}, 120_000)

test('operators on two machines exclude each other by the database', async () => {
  const db = await freshDatabase()
  ends.push(db.drop)
  // Each has a state folder of its own, as on a machine of its own.
  const book = await withBook(waits, { environment: `database: { url: secret('DATABASE_URL') }` })
  const variables = { DATABASE_URL: db.url }
  const first = book.start(['deploy', 'staging', '--yes', '--json'], { variables })
  await until(() => began(book.in('begun')))
  const elsewhere = ['--state-dir', 'elsewhere']
  const second = await book.runbook(['deploy', 'staging', '--yes', ...elsewhere], { variables })
  expect(second.exit).toBe(5)
  const run = (eventsIn(first.printed.out)[0] as { run: string }).run
  expect(second.out).toContain(`locked by run ${run}`)
  expect(second.out).toContain(`pid ${first.child.pid}`)
  // The lock goes with the process that held it.
  first.child.kill('SIGKILL')
  await first.ended
  writeFileSync(book.in('go'), '')
  await until(async () => {
    const { exit } = await book.runbook(['deploy', 'staging', '--yes', ...elsewhere], { variables })
    return exit === 0
  })
})

test('a lock of another machine, which cannot be looked for, is held until a person says that it is gone', async () => {
  const { runbook, stateDir } = await withBook('does("one")')
  const folder = join(stateDir, 'locks/staging')
  mkdirSync(folder, { recursive: true })
  const holder = {
    run: 'r1',
    operator: 'ada',
    machine: 'a-container',
    pid: 7,
    started: 'x',
    since: 'yesterday',
  }
  writeFileSync(join(folder, '1.json'), JSON.stringify(holder))
  const { exit, out } = await runbook(['deploy', 'staging', '--yes'])
  expect(exit).toBe(5)
  expect(out).toContain('locked by run r1: ada on a-container, pid 7, since yesterday')
  expect(out).toContain(`when that machine is gone for good: rm -r '${folder}'`)
  rmSync(folder, { recursive: true })
  expect((await runbook(['deploy', 'staging', '--yes'])).exit).toBe(0)
})

test('a database that cannot be reached ends the run before it begins, and the lock is free', async () => {
  const { runbook } = await withBook('does("one")', {
    environment: `database: { url: secret('DATABASE_URL') }`,
  })
  const variables = { DATABASE_URL: 'postgresql://ada:s3cret-pass@127.0.0.1:1/shop' }
  const { exit, out } = await runbook(['deploy', 'staging', '--yes'], { variables })
  expect(exit).toBe(3)
  expect(out).toContain('shop at 127.0.0.1:1 cannot be reached')
  const shown = await runbook(['show', '--json'])
  expect(eventsIn(shown.out)).toMatchObject([
    { type: 'run-started', command: 'deploy' },
    { type: 'run-ended', verdict: 'failed', exit: 3, failure: { kind: 'database-unreachable' } },
  ])
  const again = await runbook(['deploy', 'staging', '--yes'])
  expect(again.exit).toBe(3)
  expect(again.out).toContain('the secret DATABASE_URL is not set')
})
