import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { eventsIn, until } from '../rig/command-line.ts'
import { booksEndedBy, endsAfterEach } from '../rig/ends.ts'
import { freshDatabase } from '../rig/postgres.ts'
import { raceForLock } from '../rig/race-for-lock.ts'

const ends = endsAfterEach()
const withBook = booksEndedBy(ends)
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
  expect(second.err).toContain(`staging is locked by run ${run}`)
  expect(second.err).toMatch(
    new RegExp(`\\w+ on \\S+, pid ${first.child.pid}, since \\d{4}-\\S+, now: "Do wait"\n`),
  )
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

test('of deployments that begin at the same moment one runs and the other leaves with 5, every time', async () => {
  expect(await raceForLock(20)).toEqual({ rounds: 20, oneRan: 20, otherToldWho: 20 })
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
  mkdirSync(folder, { recursive: true, mode: 0o700 })
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
  expect(out).toContain('staging is locked by run r1: ada on a-container, pid 7, since yesterday\n')
  expect(out).toContain('when you know that it is gone: runbook unlock staging --run r1')
  const unknown = await runbook(['unlock', 'staging', '--run', 'nobody', '--yes'])
  expect([unknown.exit, unknown.out + unknown.err]).toEqual([
    2,
    expect.stringContaining("there is no run 'nobody'"),
  ])
  const cleared = await runbook(['unlock', 'staging', '--run', 'r1', '--yes'])
  expect([cleared.exit, cleared.out]).toEqual([
    0,
    expect.stringMatching(/lock file .* by ada on a-container, pid 7/),
  ])
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

test('is held until the verification has ended', async () => {
  const {
    start,
    runbook,
    in: inApp,
  } = await withBook(
    `does('one'), sh('verify', '', { sort: 'verifies', actions: () => ({}), after: () => [r.within(defineCheck({ fact: 'go is there', remedy: '', look: async ({ attempt, see }) => {
       await see(reads('touch', 'verifying')); return (await attempt(readsFile('go'))).ok ? holds('it is') : fails('not yet') } }), 60_000, 20)] })`,
  )
  const first = start(['deploy', 'staging', '--yes'])
  await until(() => existsSync(inApp('verifying')))
  const second = await runbook(['deploy', 'staging', '--yes'])
  expect(second.exit).toBe(5)
  expect(second.out).toContain('now: "Do verify"')
  writeFileSync(inApp('go'), '')
  expect((await first.ended).exit).toBe(0)
  expect((await runbook(['deploy', 'staging', '--yes'])).exit).toBe(0)
})

describe('--wait', () => {
  test('begins when the other has ended, and says who it waits for and where that stands', async () => {
    const { start, runbook, in: inApp } = await withBook(`${waits}, does('two', 'sleep 1')`)
    const first = start(['deploy', 'staging', '--yes', '--json'])
    await until(() => began(inApp('begun')))
    const run = (eventsIn(first.printed.out)[0] as { run: string }).run
    const second = start(['deploy', 'staging', '--yes', '--wait', '10m'])
    await until(() => second.printed.out.includes('waiting: '))
    // A third one begins and is refused meanwhile; it was not what the second waits for.
    expect((await runbook(['deploy', 'staging', '--yes', '--wait', '0s'])).exit).toBe(5)
    writeFileSync(inApp('go'), '')
    expect((await first.ended).exit).toBe(0)
    const { exit, out } = await second.ended
    expect(exit).toBe(0)
    const lines = out.split('\n').filter((line) => line.startsWith('waiting: '))
    expect(lines[0]).toContain(`staging is locked by run ${run}: `)
    expect(lines[0]).toContain('now: "Do wait"')
    expect(lines.at(-1)).toContain('now: "Do two"')
    // Each is said once.
    expect(new Set(lines).size).toBe(lines.length)
    expect(out).toContain('already done')
    // A run is named by the time when it began, not by that when it was asked for.
    const { out: runs } = await runbook(['runs', '--json'])
    const [one, two] = runs
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(Date.parse(two.at)).toBeGreaterThanOrEqual(Date.parse(one.ended.at))
  })

  test('of a rollback takes back what the run has changed when it has ended, not what it had when it was read', async () => {
    const goesBack = `undo: () => r.reverse('code', { back: changes('sh', '-c', 'echo >> back; rm done-two') }, [gone('done-two')])`
    const { start, in: inApp } = await withBook(
      `${waits}, does('two', ':', { sort: 'state', ${goesBack} })`,
      {
        before: `const gone = (name) => defineCheck({ fact: name + ' is gone', remedy: '', look: async ({ attempt }) => (await attempt(readsFile(name))).ok ? fails('there') : holds('gone') })`,
      },
    )
    const first = start(['deploy', 'staging', '--yes'])
    await until(() => began(inApp('begun')))
    const second = start(['rollback', 'staging', '--yes', '--wait', '1m'])
    await until(() => second.printed.out.includes('waiting: '))
    writeFileSync(inApp('go'), '')
    expect((await first.ended).exit).toBe(0)
    expect(await second.ended).toMatchObject({ exit: 0, out: expect.stringContaining('Rolled back') })
    expect(existsSync(inApp('back'))).toBe(true)
  })

  test('of a resume waits for the run that it would go on with', async () => {
    const { start, in: inApp } = await withBook(waits)
    const first = start(['deploy', 'staging', '--yes'])
    await until(() => began(inApp('begun')))
    const second = start(['resume', '--yes', '--wait', '1m'])
    await until(() => second.printed.out.includes('waiting: '))
    writeFileSync(inApp('go'), '')
    expect((await first.ended).exit).toBe(0)
    expect(await second.ended).toMatchObject({
      exit: 0,
      out: expect.stringContaining('Nothing to go on with'),
    })
  })

  test('ends with 5 when its time is up, with 130 on Ctrl-C, with 2 where it is no time', async () => {
    const { start, startOnTerminal, runbook, in: inApp } = await withBook(waits)
    const first = start(['deploy', 'staging', '--yes'])
    await until(() => began(inApp('begun')))
    const late = await runbook(['deploy', 'staging', '--yes', '--wait', '1s'])
    expect([late.exit, late.err]).toEqual([5, expect.stringContaining(`pid ${first.child.pid}`)])
    const { shows, type, ended, printed } = startOnTerminal(['deploy', 'staging', '--yes', '--wait', '10m'])
    await shows('waiting: ')
    type('\u0003')
    expect(await ended).toEqual({ exit: 130, signal: 0 })
    expect(printed.all).toContain('interrupted by SIGINT')
    for (const wrong of ['soon', '10', '-1m', '1.5m'])
      expect(await runbook(['deploy', 'staging', '--yes', `--wait=${wrong}`])).toMatchObject({
        exit: 2,
        err: expect.stringContaining('write it as 90s, 10m or 1h'),
      })
    writeFileSync(inApp('go'), '')
    expect((await first.ended).exit).toBe(0)
  })

  test('waits for a run of another machine too', async () => {
    const db = await freshDatabase()
    ends.push(db.drop)
    const book = await withBook(waits, { environment: `database: { url: secret('DATABASE_URL') }` })
    const variables = { DATABASE_URL: db.url }
    const first = book.start(['deploy', 'staging', '--yes'], { variables })
    await until(() => began(book.in('begun')))
    const args = ['deploy', 'staging', '--yes', '--state-dir', 'elsewhere', '--wait', '1m']
    const second = book.start(args, { variables })
    await until(() => second.printed.out.includes('waiting: '))
    expect(second.printed.out).toContain(`pid ${first.child.pid}`)
    writeFileSync(book.in('go'), '')
    expect((await first.ended).exit).toBe(0)
    expect((await second.ended).exit).toBe(0)
  })
})
