import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { eventsIn, until } from '../rig/command-line.ts'
import { booksEndedBy, endsAfterEach } from '../rig/ends.ts'
import { freshDatabase } from '../rig/postgres.ts'

const ends = endsAfterEach()
const withBook = booksEndedBy(ends)
const ofDatabase = { environment: `database: { url: secret('DATABASE_URL') }` }
const withDatabase = async (steps: string) => {
  const db = await freshDatabase()
  ends.push(db.drop)
  const book = await withBook(steps, ofDatabase)
  const variables = { DATABASE_URL: db.url }
  const comment = async () =>
    (
      await db.query<{ comment: string | null }>(
        `SELECT shobj_description(oid, 'pg_database') AS comment FROM pg_database WHERE datname = current_database()`,
      )
    )[0]!.comment
  return {
    ...book,
    db,
    comment,
    call: (...args: string[]) => book.runbook(args, { variables }),
    /** With a state folder of its own, as on a machine of its own. */
    elsewhere: (...args: string[]) => book.runbook([...args, '--state-dir', 'elsewhere'], { variables }),
    begin: (...args: string[]) => book.start(args, { variables }),
  }
}
const waits = `sh('wait', 'echo begun >> begun; until [ -e go ]; do sleep 0.02; done; echo >> done-wait')`

test('an environment locked on purpose lets nobody in, says who and why, and waits for nobody', async () => {
  const { runbook, stateDir, in: inApp } = await withBook("does('one')")
  const locked = await runbook(['lock', 'staging', '--reason', 'the audit, until six'])
  expect(locked).toMatchObject({ exit: 0, err: '' })
  expect(locked.out).toMatch(/^staging is locked for every run, by \S.*: the audit, until six\n/)
  expect(locked.out).toContain('on this machine only, in this state folder: the environment has no database')
  for (const args of [['deploy'], ['deploy', '--wait', '10m'], ['rollback'], ['prune', '--keep', '0']]) {
    const { exit, out, err } = await runbook([args[0]!, 'staging', '--yes', ...args.slice(1)])
    expect(exit).toBe(5)
    expect(out + err).toMatch(
      /staging is locked on purpose by \S.* on \S+, since \d{4}-\S+: the audit, until six\n/,
    )
    expect(out + err).toContain('runbook unlock staging')
  }
  expect(existsSync(inApp('done-one'))).toBe(false)
  expect(readdirSync(join(stateDir, 'runs'))).toEqual([expect.stringMatching(/-staging-lock-[0-9a-f]{4}$/)])
  // What only looks is not kept out, and neither is another environment.
  expect((await runbook(['plan', 'staging'])).exit).toBe(0)
  expect((await runbook(['deploy', 'production', '--confirm', 'production'])).exit).toBe(0)
  expect(statSync(join(stateDir, 'locks/staging.json')).mode & 0o777).toBe(0o600)

  const again = await runbook(['lock', 'staging', '--reason', 'another'])
  expect([again.exit, again.out]).toEqual([5, expect.stringContaining('the audit, until six')])
  const unlocked = await runbook(['unlock', 'staging'])
  expect(unlocked).toMatchObject({ exit: 0, out: expect.stringContaining('staging is unlocked. It was: ') })
  expect((await runbook(['unlock', 'staging'])).out).toContain('staging is not locked on purpose')
  expect((await runbook(['deploy', 'staging', '--yes'])).exit).toBe(0)
})

test.each([
  ['lock', 'staging'],
  ['lock', 'staging', '--reason', ' '],
  ['lock', 'nowhere', '--reason', 'x'],
])('%s %s %s%s is refused', async (...args) => {
  const { runbook, stateDir } = await withBook("does('one')")
  expect((await runbook(args)).exit).toBe(2)
  expect(existsSync(stateDir)).toBe(false)
})

test('a lock of another operator is taken away by whoever says so, never by accident', async () => {
  const { runbook, startOnTerminal, stateDir } = await withBook("does('one')")
  expect((await runbook(['lock', 'staging', '--reason', 'x'])).exit).toBe(0)
  const file = join(stateDir, 'locks/staging.json')
  writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), operator: 'grace' }))
  const alone = await runbook(['unlock', 'staging'])
  expect([alone.exit, alone.out]).toEqual([4, expect.stringContaining('give --yes')])
  const { shows, type, ended } = startOnTerminal(['unlock', 'staging'])
  await shows(/locked on purpose by grace on \S+, since \S+: x\. Unlock it\?/)
  type('n\r')
  expect((await ended).exit).toBe(4)
  expect((await runbook(['deploy', 'staging', '--yes'])).exit).toBe(5)
  expect((await runbook(['unlock', 'staging', '--yes'])).exit).toBe(0)
  expect((await runbook(['deploy', 'staging', '--yes'])).exit).toBe(0)
})

test('with a database it holds on every machine, and is one line of the comment on the database', async () => {
  const { db, call, elsewhere, comment, stateDir } = await withDatabase("does('one')")
  await db.query(`COMMENT ON DATABASE "${db.database}" IS 'the shop''s own\nsecond line'`)
  const locked = await call('lock', 'staging', '--reason', 'it’s "grace"’s \\ turn; */ -- $$')
  expect([locked.exit, locked.out]).toEqual([0, expect.not.stringContaining('on this machine only')])
  expect(existsSync(join(stateDir, 'locks/staging.json'))).toBe(false)
  expect(await comment()).toMatch(/^the shop's own\nsecond line\nrunbook: tested:staging is locked \{.*\}$/)
  for (const refused of [
    await elsewhere('deploy', 'staging', '--yes'),
    await call('deploy', 'staging', '--yes'),
  ]) {
    expect(refused.exit).toBe(5)
    expect(refused.out).toContain('it’s "grace"’s \\ turn; */ -- $$')
  }
  expect((await elsewhere('lock', 'staging', '--reason', 'mine')).exit).toBe(5)
  expect((await elsewhere('unlock', 'staging')).exit).toBe(0)
  expect(await comment()).toBe("the shop's own\nsecond line")
  expect((await call('deploy', 'staging', '--yes')).exit).toBe(0)
})

test('two who lock at the same moment: one does, and the other is told', async () => {
  const { call, comment } = await withDatabase("does('one')")
  const both = await Promise.all(['a', 'b'].map((reason) => call('lock', 'staging', '--reason', reason)))
  expect(both.map(({ exit }) => exit).sort()).toEqual([0, 5])
  expect((await comment())!.split('\n')).toHaveLength(1)
  expect((await call('unlock', 'staging')).exit).toBe(0)
  expect(await comment()).toBeNull()
})

test('where the role does not own the database, or that is down, it is kept on this machine, and that is said', async () => {
  const { db, call, elsewhere, stateDir, runbook } = await withDatabase("does('one')")
  await db.asAdmin(`ALTER DATABASE "${db.database}" OWNER TO CURRENT_USER`)
  const locked = await call('lock', 'staging', '--reason', 'x')
  expect([locked.exit, locked.out]).toEqual([
    0,
    expect.stringMatching(/on this machine only, in this state folder: .*it does not own it/),
  ])
  expect((await call('deploy', 'staging', '--yes')).exit).toBe(5)
  expect((await elsewhere('deploy', 'staging', '--yes')).exit).toBe(0)
  expect((await call('unlock', 'staging')).exit).toBe(0)
  expect(readdirSync(join(stateDir, 'locks')).filter((name) => name.endsWith('.json'))).toEqual([])
  const down = { variables: { DATABASE_URL: 'postgresql://ada:s3cret-pass@127.0.0.1:1/shop' } }
  const offline = await runbook(['lock', 'staging', '--reason', 'it is down'], down)
  expect([offline.exit, offline.out]).toEqual([0, expect.stringContaining('shop at 127.0.0.1:1 cannot be')])
  expect((await runbook(['deploy', 'staging', '--yes'], down)).exit).toBe(5)
})

test('a run that began before goes on, and is named', async () => {
  const { begin, call, elsewhere, in: inApp } = await withDatabase(waits)
  const first = begin('deploy', 'staging', '--yes', '--json')
  await until(() => existsSync(inApp('begun')))
  const { run } = eventsIn(first.printed.out)[0] as { run: string }
  const locked = await elsewhere('lock', 'staging', '--reason', 'enough')
  expect(locked.exit).toBe(0)
  expect(locked.out).toContain(`a run that began before goes on: staging is locked by run ${run}`)
  expect(locked.out).toContain(`pid ${first.child.pid}`)
  const waiting = begin('deploy', 'staging', '--yes', '--wait', '1m')
  await until(() => waiting.printed.out.includes('waiting: '))
  writeFileSync(inApp('go'), '')
  expect((await first.ended).exit).toBe(0)
  // The run it waited for has ended; for the other lock it does not wait.
  expect(await waiting.ended).toMatchObject({ exit: 5, out: expect.stringContaining('on purpose') })
  expect((await call('unlock', 'staging')).exit).toBe(0)
})

test('a file that cannot be read as one, as after a power cut, still locks', async () => {
  const { runbook, stateDir } = await withBook("does('one')")
  await runbook(['lock', 'staging', '--reason', 'x'])
  const file = join(stateDir, 'locks/staging.json')
  writeFileSync(file, readFileSync(file).subarray(0, 20))
  const { exit, out } = await runbook(['deploy', 'staging', '--yes'])
  expect([exit, out]).toEqual([5, expect.stringContaining('locked on purpose by unknown')])
  expect((await runbook(['unlock', 'staging', '--yes'])).exit).toBe(0)
  expect((await runbook(['deploy', 'staging', '--yes'])).exit).toBe(0)
})
