import { type ChildProcess, execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Event } from '../../runbook/model/event.ts'
import { bookFolder, bookOf, eventsIn, until } from '../rig/command-line.ts'
import { startPooler } from '../rig/pgbouncer.ts'
import { freshDatabase } from '../rig/postgres.ts'

let db: Awaited<ReturnType<typeof freshDatabase>>
const ends: (() => unknown)[] = []
beforeEach(async () => {
  db = await freshDatabase()
  ends.push(db.drop)
})
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

const environment = `database: { url: secret('DATABASE_URL') }`
/** Writes that it began, and waits until it may go on; an effect comes behind it. */
const waits = (id: string, go: string) =>
  `sh('${id}', 'echo begun >> begun-${id}; until [ -e ${go} ]; do sleep 0.02; done; touch done-${id}')`
const steps = `${waits('wait', 'go')}, does('two')`
const withBook = async (each = steps) => {
  const book = await bookFolder(bookOf(each, { environment }))
  ends.push(book.dispose)
  return book
}
const variables = () => ({ DATABASE_URL: db.url })
/** The sessions that keep the lock of a run, by their process. */
const keepers = (run: string) =>
  db.asAdmin<{ pid: number }>(
    `SELECT DISTINCT pid FROM pg_locks JOIN pg_stat_activity USING (pid)
     WHERE locktype = 'advisory' AND application_name = left('runbook ${run}', 63) ORDER BY pid`,
  )
const kill = async (run: string, most: number) => {
  const pids = (await keepers(run)).slice(0, most).map(({ pid }) => pid)
  for (const pid of pids) await db.asAdmin(`SELECT pg_terminate_backend(${pid})`)
  await until(async () => (await keepers(run)).every(({ pid }) => !pids.includes(pid)))
  return pids
}
/** Its process stands still, as with a machine that sleeps, while its sessions are ended and others do their work. */
const whileAsleep = async <T>(
  { child, printed }: { child: ChildProcess; printed: { out: string } },
  work: () => Promise<T>,
): Promise<T> => {
  child.kill('SIGSTOP')
  try {
    await kill(runOf(printed), 2)
    return await work()
  } finally {
    child.kill('SIGCONT')
  }
}
const runOf = (printed: { out: string }) => (eventsIn(printed.out)[0] as { run: string }).run
const begins = (book: Awaited<ReturnType<typeof withBook>>, what = 'begun-wait') =>
  until(() => existsSync(book.in(what)))
const announced = (events: Event[]) =>
  events.flatMap((event) => (event.type === 'action-started' ? [event.step] : []))

test('an administrator ends a session of the lock: nobody gets in, and the run goes on and says so', async () => {
  const book = await withBook()
  const first = book.start(['deploy', 'staging', '--yes', '--json'], { variables: variables() })
  await begins(book)
  const [pid] = await kill(runOf(first.printed), 1)
  const elsewhere = ['deploy', 'staging', '--yes', '--state-dir', 'elsewhere']
  expect((await book.runbook(elsewhere, { variables: variables() })).exit).toBe(5)
  writeFileSync(book.in('go'), '')
  const { exit, out } = await first.ended
  expect(exit).toBe(0)
  expect(eventsIn(out)).toContainEqual(
    expect.objectContaining({
      ...{ type: 'looked', step: 'two', side: 'before', fact: 'no other run holds staging', holds: true },
      seen: expect.stringContaining(`a session of it on the database (pid ${pid}) ended`),
    }),
  )
  // Free again, for everybody.
  expect((await book.runbook(elsewhere, { variables: variables() })).exit).toBe(0)
})

describe('both sessions ended', () => {
  test('and another run has it: nothing more is announced or done, and the other is named', async () => {
    const book = await withBook()
    const first = book.start(['deploy', 'staging', '--yes', '--json'], { variables: variables() })
    await begins(book)
    const other = await bookFolder(bookOf(waits('theirs', 'go'), { environment }))
    ends.push(other.dispose)
    const second = await whileAsleep(first, async () => {
      const second = other.start(['deploy', 'staging', '--yes', '--json'], { variables: variables() })
      await begins(other, 'begun-theirs')
      return second
    })
    writeFileSync(book.in('go'), '')
    const { exit, out, err } = await first.ended
    expect(exit).toBe(1)
    expect(announced(eventsIn(out))).toEqual(['wait'])
    expect(existsSync(book.in('done-two'))).toBe(false)
    expect(eventsIn(out).at(-1)).toMatchObject({
      type: 'run-ended',
      verdict: 'failed',
      failure: { kind: 'lock-lost', env: 'staging' },
    })
    expect(err).toContain('this run does not hold the lock on staging any more')
    expect(err).toContain(`and run ${runOf(second.printed)} (`)
    expect(err).toContain('go on       runbook resume')
    writeFileSync(other.in('go'), '')
    expect((await second.ended).exit).toBe(0)
    // Nobody holds it by now: what was left is done.
    const resumed = await book.runbook(['resume', '--yes'], { variables: variables() })
    expect([resumed.exit, existsSync(book.in('done-two'))]).toEqual([0, true])
  })

  test('and another run has come and gone: it is not gone on beside what that has done', async () => {
    const book = await withBook()
    const first = book.start(['deploy', 'staging', '--yes', '--json', '--on-failure', 'rollback'], {
      variables: variables(),
    })
    await begins(book)
    const other = await bookFolder(bookOf(`does('theirs')`, { environment }))
    ends.push(other.dispose)
    const theirs = await whileAsleep(first, () =>
      other.runbook(['deploy', 'staging', '--yes'], { variables: variables() }),
    )
    expect(theirs.exit, theirs.err).toBe(0)
    writeFileSync(book.in('go'), '')
    const { exit, out } = await first.ended
    expect(exit).toBe(1)
    expect(announced(eventsIn(out))).toEqual(['wait'])
    expect(existsSync(book.in('done-two'))).toBe(false)
  })

  describe('where the application is a clone, which keeps the ledger', () => {
    /** A machine of its own, as far as its name tells. */
    const onAnotherMachine = [
      ...['unshare', '--map-root-user', '--uts', 'sh', '-c'],
      ...['hostname elsewhere && exec "$@"', 'sh'],
    ]
    const begun = async () => {
      const book = await withBook()
      execFileSync('git', ['init', '-q', book.app])
      const first = book.start(['deploy', 'staging', '--yes', '--json'], { variables: variables() })
      await begins(book)
      return { book, first }
    }
    const another = async (app: string) => {
      const theirs = bookOf(`does('theirs')`, { environment }).replace("'app'", JSON.stringify(app))
      const other = await bookFolder(theirs)
      ends.push(other.dispose)
      const options = { variables: variables(), through: onAnotherMachine }
      return () => other.runbook(['deploy', 'staging', '--yes', '--json'], options)
    }

    test('nobody has come in between: it is taken again, and the run goes on', async () => {
      const { book, first } = await begun()
      await kill(runOf(first.printed), 2)
      writeFileSync(book.in('go'), '')
      const { exit, out } = await first.ended
      expect([exit, existsSync(book.in('done-two'))]).toEqual([0, true])
      expect(eventsIn(out)).toContainEqual(
        expect.objectContaining({
          fact: 'no other run holds staging',
          holds: true,
          // By chance the first is replaced before the second has ended.
          seen: expect.stringMatching(
            /the ledger has no other run since|kept everybody out until it was replaced/,
          ),
        }),
      )
    })

    test('another operator has come and gone: it stops, and names that run', async () => {
      const { book, first } = await begun()
      const second = await whileAsleep(first, await another(book.app))
      expect([second.exit, existsSync(book.in('done-theirs'))]).toEqual([0, true])
      writeFileSync(book.in('go'), '')
      const { exit, out, err } = await first.ended
      expect([exit, existsSync(book.in('done-two'))]).toEqual([1, false])
      expect(announced(eventsIn(out))).toEqual(['wait'])
      expect(err).toContain(`meanwhile it was changed by run ${runOf(second)} (`)
      expect(err).toContain(' on elsewhere, since ')
    })

    test('another operator has come and gone in a clone of their own: nothing here shows it, and it stops', async () => {
      const { book, first } = await begun()
      const app = mkdtempSync(join(tmpdir(), 'another clone '))
      ends.push(() => rmSync(app, { recursive: true, force: true }))
      execFileSync('git', ['init', '-q', app])
      const theirs = await another(app)
      const second = await whileAsleep(first, async () => {
        const ended = await theirs()
        await new Promise((resolve) => setTimeout(resolve, 5_000))
        return ended
      })
      expect(second.exit, second.err).toBe(0)
      writeFileSync(book.in('go'), '')
      const { exit, out, err } = await first.ended
      expect([exit, existsSync(book.in('done-two'))]).toEqual([1, false])
      expect(announced(eventsIn(out))).toEqual(['wait'])
      expect(err).toMatch(/for [\d.]+ s nobody held it: a run from another clone/)
    })
  })

  test('of a rollback, which stops with 7', async () => {
    const back = (id: string, script: string) =>
      `does('${id}', ':', { sort: 'state', undo: () => r.reverse('code', { back: changes('sh', '-c', '${script}; rm -f done-${id}') }, [gone('done-${id}')]) })`
    const gone = `const gone = (name) => defineCheck({ fact: name + ' is gone', remedy: '', look: async ({ attempt }) => (await attempt(readsFile(name))).ok ? fails('there') : holds('gone') })`
    const book = await bookFolder(
      bookOf(
        `${back('one', 'touch back-one')}, ${back('two', 'touch begun-back; until [ -e go ]; do sleep 0.02; done')}`,
        { environment, before: gone },
      ),
    )
    ends.push(book.dispose)
    expect((await book.runbook(['deploy', 'staging', '--yes'], { variables: variables() })).exit).toBe(0)
    const rollback = book.start(['rollback', 'staging', '--yes', '--json'], { variables: variables() })
    await begins(book, 'begun-back')
    const other = await bookFolder(bookOf(waits('theirs', 'go'), { environment }))
    ends.push(other.dispose)
    const second = await whileAsleep(rollback, async () => {
      const second = other.start(['deploy', 'staging', '--yes'], { variables: variables() })
      await begins(other, 'begun-theirs')
      return second
    })
    writeFileSync(book.in('go'), '')
    const { exit, out } = await rollback.ended
    expect([exit, existsSync(book.in('back-one'))]).toEqual([7, false])
    expect(eventsIn(out).at(-1)).toMatchObject({
      verdict: 'rollback-failed',
      failure: { kind: 'lock-lost' },
    })
    writeFileSync(other.in('go'), '')
    expect((await second.ended).exit).toBe(0)
  })
})

test('steps beside each other: none of them goes on', async () => {
  const branch = (id: string) => `sequence([${waits(id, `go-${id}`)}, does('after-${id}')])`
  const book = await withBook(`parallel([${branch('a')}, ${branch('b')}])`)
  const first = book.start(['deploy', 'staging', '--yes', '--json'], { variables: variables() })
  await begins(book, 'begun-a')
  await begins(book, 'begun-b')
  const other = await bookFolder(bookOf(`does('theirs')`, { environment }))
  ends.push(other.dispose)
  const theirs = await whileAsleep(first, () =>
    other.runbook(['deploy', 'staging', '--yes'], { variables: variables() }),
  )
  expect(theirs.exit, theirs.err).toBe(0)
  for (const id of ['a', 'b']) writeFileSync(book.in(`go-${id}`), '')
  const { exit, out } = await first.ended
  expect([exit, announced(eventsIn(out)).sort()]).toEqual([1, ['a', 'b']])
})

describe('a pooler between', () => {
  test('that gives each transaction another session: no command begins, each says which pooler and what to type', async () => {
    const { url, stop } = await startPooler(db, {
      pool_mode: 'transaction',
      ignore_startup_parameters: 'options',
    })
    ends.push(stop)
    const query = `needs: () => [defineCheck({ fact: 'the database has tables', remedy: '', look: async ({ see }) => { await see(r.selects('SELECT 1')); return holds('it has') } })]`
    const book = await withBook(`does('one', ':', { ${query} })`)
    for (const command of ['doctor', 'plan', 'deploy']) {
      const { exit, out, err } = await book.runbook(
        [command, 'staging', ...(command === 'deploy' ? ['--yes'] : [])],
        {
          variables: { DATABASE_URL: url },
        },
      )
      expect([command, exit]).toEqual([command, 3])
      const failure = (out + err).slice((out + err).lastIndexOf('✖'))
      expect(failure.match(/DATABASE_URL leads to PgBouncer in transaction mode/g)).toHaveLength(1)
      expect(failure).toContain(`the pooler reaches it at 127.0.0.1:${db.port}`)
    }
    expect(existsSync(book.in('done-one'))).toBe(false)
    // What locks on purpose is kept here then, and says why.
    const frozen = await book.runbook(['lock', 'staging', '--reason', 'an audit'], {
      variables: { DATABASE_URL: url },
    })
    expect([frozen.exit, frozen.out]).toEqual([0, expect.stringContaining('PgBouncer in transaction mode')])
  })

  test('that keeps a session for each client: two operators exclude each other', async () => {
    const { url, stop } = await startPooler(db, { pool_mode: 'session' })
    ends.push(stop)
    const book = await withBook()
    const doctor = await book.runbook(['doctor', 'staging'], { variables: { DATABASE_URL: url } })
    expect([doctor.exit, doctor.out]).toEqual([0, expect.stringContaining('✔ a run can lock the database')])
    const first = book.start(['deploy', 'staging', '--yes'], { variables: { DATABASE_URL: url } })
    await begins(book)
    const elsewhere = ['deploy', 'staging', '--yes', '--state-dir', 'elsewhere']
    expect((await book.runbook(elsewhere, { variables: { DATABASE_URL: url } })).exit).toBe(5)
    expect((await book.runbook(elsewhere, { variables: variables() })).exit).toBe(5)
    writeFileSync(book.in('go'), '')
    expect((await first.ended).exit).toBe(0)
    expect((await book.runbook(elsewhere, { variables: variables() })).exit).toBe(0)
    expect(readFileSync(book.in('begun-wait'), 'utf8')).toBe('begun\n')
  })
})
