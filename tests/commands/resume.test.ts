import { readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { end as endProcesses, findProcesses, inspect } from '../../examples/world/processes.ts'
import { listRuns } from '../../runbook/journal/runs.ts'
import { alive, bookOf, until } from '../rig/command-line.ts'
import { endsAfterEach } from '../rig/ends.ts'
import { killerAt } from '../rig/killer.ts'
import {
  back,
  eventsOfParallelBook,
  fewAtATime,
  hitAndResume,
  ran,
  resumableBook,
} from '../rig/parallel-book.ts'
import { freshDatabase } from '../rig/postgres.ts'

vi.setConfig({ testTimeout: 240_000 })

const ends = endsAfterEach()
const withBook = async (...given: Parameters<typeof resumableBook>) => {
  const book = await resumableBook(...given)
  ends.push(book.dispose)
  return {
    ...book,
    killed: async (moment: number | string) => expect((await book.hit(moment)).signal).toBe('SIGKILL'),
  }
}

describe('a run that was killed', () => {
  test('between any two of its events is finished, and no step is performed twice', async () => {
    const events = await eventsOfParallelBook()
    expect(events.length).toBeGreaterThan(50)
    // `npm run chaos` tries all of them.
    const some = events.filter((event) => event % 5 === 1)
    await fewAtATime(some, (event) => hitAndResume(event, 'SIGKILL'))
  })

  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('by %s, which it can hear, too', async (signal) => {
    const events = await eventsOfParallelBook()
    const some = events.filter((event) => event % 19 === 9)
    await fewAtATime(some, (event) => hitAndResume(event, signal))
  })

  test('says what it goes on with, in one transcript, and then there is nothing to go on with', async () => {
    const { killed, resume, stateDir, events, runbook } = await withBook(`${ran('one')}, ${ran('two')}`)
    await killed(16)
    expect((await runbook(['runs'])).out).toContain('not ended')
    const { out } = await resume()
    expect(out).toMatch(/goes on with {2}\S+-staging-deploy-\w+: .* on .*, killed/)
    expect(listRuns(stateDir)).toHaveLength(1)
    expect(events().filter(({ type }) => type === 'run-started')).toMatchObject([
      { command: 'deploy' },
      { command: 'deploy', resumed: true },
    ])
    const again = await resume()
    expect(again).toMatchObject({ exit: 0, out: expect.stringContaining('Nothing to go on with') })
  })

  test('at its last event has come to its end', async () => {
    const { killed, resume, events } = await withBook(ran('one'))
    await killed('"type":"run-ended"')
    expect(events().at(-1)).toMatchObject({ type: 'run-ended' })
    expect((await resume()).out).toContain('Nothing to go on with')
  })

  test('in the middle of a line: what was cut is set aside, and stays', async () => {
    const { killed, resume, journal, runbook, read } = await withBook(`${ran('one')}, ${ran('two')}`)
    await killed(16)
    const { size } = statSync(journal())
    truncateSync(journal(), size - 30)
    const cut = readFileSync(journal(), 'utf8')
    expect((await runbook(['show'])).err).toMatch(
      /^line 16 of the transcript was cut short, as by a crash\n$/,
    )
    expect((await resume()).exit).toBe(0)
    expect(readFileSync(journal(), 'utf8').startsWith(cut)).toBe(true)
    expect((await runbook(['show'])).err).toBe('')
    expect(read('ran')).toBe('one\ntwo\n')
  })

  test('with its transcript changed since is not gone on with', async () => {
    const { killed, resume, journal } = await withBook(`${ran('one')}, ${ran('two')}`)
    await killed(16)
    writeFileSync(journal(), readFileSync(journal(), 'utf8').replace('Do one', 'Do two'))
    const { exit, err } = await resume()
    expect(exit).toBe(3)
    expect(err).toMatch(/transcript of \S+ is as it was written; seen: line \d+ does not follow/)
  })
})

/** Goes on until it is told to. */
const slow = `sh('slow', 'echo $$ > child; while ! test -e go; do sleep 0.05; done; echo slow >> ran; touch done-slow')`

describe('a program that outlives its run', () => {
  const outlived = async (first = slow) => {
    const book = await withBook(`${first}, ${ran('later')}`)
    const { child, ended } = book.start(['deploy', 'staging', '--yes'])
    await until(() => book.read('child').trim())
    child.kill('SIGKILL')
    await ended
    return { ...book, pid: Number(book.read('child')) }
  }

  test('is waited for, and what it did counts', async () => {
    const { start, in: inApp, read, pid } = await outlived()
    const { ended } = start(['resume', '--yes'])
    setTimeout(() => writeFileSync(inApp('go'), ''), 500)
    const { exit, out } = await ended
    expect(exit, out).toBe(0)
    expect(out).toContain('already done')
    expect(read('ran')).toBe('slow\nlater\n')
    expect(alive(pid)).toBe(false)
  })

  test.each([
    ['deploy', 'slow\nlater\n'],
    ['rollback', 'slow\nback\nlater\n'],
  ])('is waited for by another run too, before that does anything: a %s', async (command, left) => {
    const {
      start,
      in: inApp,
      read,
      pid,
    } = await outlived(
      slow.replace(
        /\)$/,
        `, { sort: 'state', undo: () => r.reverse('code', { back: changes('sh', '-c', 'echo back >> ran') }) })`,
      ),
    )
    const { ended } = start([command, 'staging', '--yes'])
    await new Promise((over) => setTimeout(over, 2_000))
    expect(read('ran')).toBe('')
    writeFileSync(inApp('go'), '')
    const { exit, out } = await ended
    expect(exit, out).toBe(0)
    expect(read('ran')).toBe(left)
    expect(alive(pid)).toBe(false)
  })

  test('is ended where the operator says so, and its step is done again', async () => {
    const { startOnTerminal, in: inApp, read, pid } = await outlived()
    const { type, shows, ended } = startOnTerminal(['resume'])
    await shows(`process ${pid}, still runs. What now?`)
    type('\u001b[B\r')
    await until(() => !alive(pid))
    writeFileSync(inApp('go'), '')
    await shows('Go on with the deploy of tested in staging?')
    type('y\r')
    expect(await ended).toEqual({ exit: 0, signal: 0 })
    expect(read('ran')).toBe('slow\nlater\n')
  })
})

describe('a statement that the server still works on', () => {
  test('is ended with its session, which holds the lock of the killed run, and done again', async () => {
    const db = await freshDatabase()
    ends.push(db.drop)
    const migrate = `defineStep({
      id: 'migrate', title: 'Migrate', about: '', sort: 'state',
      actions: () => ({ migrate: r.transaction([{ sql: 'CREATE TABLE t (id int)', line: 1 }, { sql: 'SELECT pg_sleep(60) WHERE NOT EXISTS (SELECT 1 FROM go)', line: 2 }]) }),
      after: () => [defineCheck({ fact: 't is there', remedy: '', look: async ({ see }) =>
        (await see(r.selects("SELECT 1 FROM pg_tables WHERE tablename = 't'"))).length ? holds('it is') : fails('it is not') })],
      undo: () => nothingToUndo('it is a test'),
    })`
    await db.query('CREATE TABLE go (id int)')
    const { start, runbook } = await withBook(migrate, {
      environment: `database: { url: secret('DATABASE_URL') }`,
    })
    const variables = { DATABASE_URL: db.url }
    const { child, ended } = start(['deploy', 'staging', '--yes'], { variables })
    const sleeping = `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'`
    await until(async () => (await db.query(sleeping)).length)
    child.kill('SIGKILL')
    await ended
    // Without somebody to notice, it would go on for a minute, and keep the lock.
    expect(await db.query(sleeping)).toHaveLength(1)
    await db.query('INSERT INTO go VALUES (1)')
    const { exit, out } = await runbook(['resume', '--yes'], { variables })
    expect(exit, out).toBe(0)
    expect(await db.query(sleeping)).toHaveLength(0)
  })
})

/** Nothing but its own end tells whether it was done. */
const blind = `shell({ block: 'echo blind >> ran; while ! test -e go; do sleep 0.05; done', undo: { nothing: 'it is a test' } }), ${ran('later')}`
const withShell = { before: "import { shell } from 'runbook/steps'" }

describe('a step of which nothing shows whether it was done', () => {
  const inDoubt = async () => {
    const book = await withBook(blind, withShell)
    const { child, ended } = book.start(['deploy', 'staging', '--yes'])
    await until(() => book.read('ran'))
    child.kill('SIGKILL')
    await ended
    writeFileSync(book.in('go'), '')
    await endProcesses(findProcesses((pid) => inspect.cwd(pid) === book.app))
    return book
  }

  test('is not guessed: without a terminal the run stops, and says what to look at', async () => {
    const { resume, read } = await inDoubt()
    const { exit, out } = await resume()
    expect(exit).toBe(3)
    expect(out).toContain('was under way when the run was killed')
    // What was done before is not told as if it were of now, nor the text of a script first.
    expect(out).toMatch(/^ {2}changed {5}nothing now: no effect was begun$/m)
    expect(out).toMatch(/^ {2}earlier {5}/m)
    expect(/^✖.*\n.*$/m.exec(out)![0]).not.toContain('echo blind')
    expect(out).toContain('look at what the block changes')
    expect(read('ran')).toBe('blind\n')
  })

  test('is done where the operator says so', async () => {
    const { startOnTerminal, read } = await inDoubt()
    const { type, shows, ended } = startOnTerminal(['resume', '--yes'])
    await shows('nothing shows whether it was done')
    type('\r')
    expect(await ended).toEqual({ exit: 0, signal: 0 })
    expect(read('ran')).toBe('blind\nlater\n')
  })

  test('is done again where the operator says so', async () => {
    const { startOnTerminal, read } = await inDoubt()
    const { type, shows, ended } = startOnTerminal(['resume', '--yes'])
    await shows('nothing shows whether it was done')
    type('\u001b[B\r')
    expect(await ended).toEqual({ exit: 0, signal: 0 })
    expect(read('ran')).toBe('blind\nblind\nlater\n')
  })
})

describe('a run that failed', () => {
  /** Its second step moves a state, and then fails until it is mended. */
  const moves = `defineStep({
    id: 'move', title: 'Move it', about: '', sort: 'state',
    observe: async ({ see }) => ({ was: await see(readsFile('state')) }),
    actions: () => ({ move: changes('sh', '-c', 'echo moved > state; echo move >> ran; test -e mended && touch done-move') }),
    after: () => [left('done-move')],
    undo: ({ observed }) => r.reverse('code', { back: r.writesFile('state', observed.was) }, [
      defineCheck({ fact: 'it is as it was', remedy: '', look: async ({ see }) =>
        ((await see(readsFile('state'))) === observed.was ? holds(observed.was) : fails('it is not')) }),
    ]),
  })`

  test('goes on with what it observed at first, from which its way back was made', async () => {
    const { runbook, in: inApp, resume, read, events } = await withBook(`${ran('a')}, ${moves}`)
    writeFileSync(inApp('state'), 'first')
    expect((await runbook(['deploy', 'staging', '--yes'])).exit).toBe(1)
    writeFileSync(inApp('mended'), '')
    const { exit, out } = await resume()
    expect(exit, out).toBe(0)
    expect(read('ran')).toBe('a\nmove\nmove\n')
    expect(events().filter(({ type }) => type === 'undo-frozen' && 'step')).toHaveLength(2)
    expect((await runbook(['rollback', 'staging', '--yes'])).exit).toBe(0)
    expect(read('state')).toBe('first')
  })

  test('tries a step again without forgetting what it observed at first', async () => {
    const { startOnTerminal, in: inApp, read, runbook } = await withBook(moves)
    writeFileSync(inApp('state'), 'first')
    const { type, shows, ended } = startOnTerminal(['deploy', 'staging', '--yes'])
    await shows('What now?')
    writeFileSync(inApp('mended'), '')
    type('\r')
    expect(await ended).toEqual({ exit: 0, signal: 0 })
    expect((await runbook(['rollback', 'staging', '--yes'])).exit).toBe(0)
    expect(read('state')).toBe('first')
  })

  test('is not gone on with where what it did no longer stands', async () => {
    const { runbook, in: inApp, resume, read } = await withBook(`${ran('b', back)}, sh('never', 'false')`)
    expect((await runbook(['deploy', 'staging', '--yes'])).exit).toBe(1)
    rmSync(inApp('done-b'))
    const { exit, out } = await resume()
    expect(exit).toBe(3)
    expect(out).toContain('what “Do b” did still stands: done-b is there; seen: it is not')
    expect(read('ran')).toBe('b\n')
  })

  test('is not gone on with after a later one', async () => {
    const {
      runbook,
      in: inApp,
      stateDir,
    } = await withBook(`${ran('a')}, sh('never', 'test -e mended && touch done-never')`)
    expect((await runbook(['deploy', 'staging', '--yes'])).exit).toBe(1)
    writeFileSync(inApp('mended'), '')
    expect((await runbook(['deploy', 'staging', '--yes'])).exit).toBe(0)
    const [first, second] = listRuns(stateDir)
    const { exit, err } = await runbook(['resume', first!, '--yes'])
    expect(exit).toBe(3)
    expect(err).toMatch(new RegExp(`${second} by .* came after it`))
  })

  test('is not the last any more where a later one only did again what follows', async () => {
    const {
      runbook,
      resume,
      in: inApp,
      stateDir,
    } = await withBook(
      `sh('a', 'touch done-a', { sort: 'state' }), sh('restart', 'test -e mended && touch done-restart')`,
    )
    expect((await runbook(['deploy', 'staging', '--yes'])).exit).toBe(1)
    writeFileSync(inApp('mended'), '')
    expect((await runbook(['deploy', 'staging', '--yes'])).exit).toBe(0)
    const [, second] = listRuns(stateDir)
    expect((await runbook(['plan', 'staging'])).out).toMatch(new RegExp(`last run +${second} by .*, done`))
    expect((await resume('staging')).out + (await resume()).out).toMatch(
      new RegExp(`the last run of staging is ${second} by .*, done`),
    )
  })

  test('of a book that has changed since says so', async () => {
    const { runbook, in: inApp, folder, resume } = await withBook(`${ran('a')}, sh('never', 'false')`)
    expect((await runbook(['deploy', 'staging', '--yes'])).exit).toBe(1)
    writeFileSync(join(folder, 'runbook.config.ts'), bookOf(`${ran('a')}, ${ran('other')}`))
    const { exit, out } = await resume()
    expect(exit, out).toBe(0)
    expect(out).toContain('the book      has changed since')
    expect(readFileSync(inApp('ran'), 'utf8')).toBe('a\nother\n')
  })
})

describe('what is no run to go on with', () => {
  test('is said', async () => {
    const { resume, runbook, killed, stateDir } = await withBook(ran('a'))
    expect(await resume()).toMatchObject({ exit: 0, out: expect.stringContaining('Nothing to go on with') })
    await runbook(['verify', 'staging'])
    const verified = await resume(listRuns(stateDir)[0]!)
    expect(verified.exit).toBe(2)
    expect(verified.err).toContain('start it again: runbook verify staging')
    expect(await resume('nonsense')).toMatchObject({
      exit: 2,
      err: expect.stringContaining("no run 'nonsense'"),
    })
    await killed(5)
    await runbook(['deploy', 'production', '--confirm', 'production'], { variables: killerAt(5) })
    const two = await resume()
    expect(two.exit).toBe(2)
    expect(two.err).toMatch(
      /there are 2 runs to go on with: \S+-(production|staging)-\S+, \S+-(production|staging)-/,
    )
  })

  test('is one that still runs', async () => {
    const { start, resume, read, in: inApp } = await withBook(slow)
    const { ended } = start(['deploy', 'staging', '--yes'])
    await until(() => read('child').trim())
    const { exit, out } = await resume()
    expect(exit, out).toBe(5)
    writeFileSync(inApp('go'), '')
    expect((await ended).exit).toBe(0)
  })

  test('needs the name of a protected environment, like any run', async () => {
    const { runbook, resume } = await withBook(`${ran('a')}, ${ran('b')}`)
    await runbook(['deploy', 'production', '--confirm', 'production'], { variables: killerAt(14) })
    const refused = await resume()
    expect(refused).toMatchObject({ exit: 4, err: expect.stringContaining('--confirm production') })
    expect((await resume('--confirm', 'production')).exit).toBe(0)
  })
})
