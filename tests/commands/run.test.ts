import { existsSync } from 'node:fs'
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { bookFolder, eventsIn, prelude } from '../rig/command-line.ts'
import { endsAfterEach } from '../rig/ends.ts'

const ends = endsAfterEach()

/** A book with `deploy` and the procedures given; a state step leaves a file, and its way back removes it. */
const bookWith = (procedures: string, deploy = 'does("one")') => `${prelude}
const app = { dir: 'app', url: 'http://127.0.0.1:9' }
const makes = (id, script = ':') => does(id, script, {
  sort: 'state',
  undo: () => r.reverse('code', { remove: changes('rm', '-f', 'done-' + id) }),
})
export default defineRunbook({
  name: 'tested',
  environments: { staging: { app }, production: { protected: true, app } },
  deploy: (env) => [${deploy}],
  procedures: ${procedures},
})
`
const withBook = async (book: string) => {
  const made = await bookFolder(book)
  ends.push(made.dispose)
  return made
}
const runsIn = (stateDir: string) => readdir(join(stateDir, 'runs'))

describe('runbook run', () => {
  test('performs the procedure that is named, and nothing of deploy; its runs bear its name', async () => {
    const {
      runbook,
      in: inApp,
      stateDir,
    } = await withBook(bookWith('{ prepare: () => [phase("Fix", [makes("fix")])] }'))
    const { exit, out } = await runbook(['run', 'prepare', 'staging', '--yes'])
    expect(exit).toBe(0)
    expect(out).toContain('Run prepare of tested in staging')
    expect([existsSync(inApp('done-fix')), existsSync(inApp('done-one'))]).toEqual([true, false])
    expect(await runsIn(stateDir)).toEqual([
      expect.stringMatching(/^\d{8}T\d{6}Z-staging-prepare-[0-9a-f]{4}$/),
    ])
    const again = await runbook(['run', 'prepare', 'staging', '--yes', '--json'])
    const [started, ...events] = eventsIn(again.out)
    expect(started).toMatchObject({ type: 'run-started', command: 'run', told: { procedure: 'prepare' } })
    expect(events).toContainEqual(expect.objectContaining({ type: 'step-skipped', step: 'fix' }))
  })

  test('--plan says what it would do, and leaves nothing', async () => {
    const { runbook, in: inApp, stateDir } = await withBook(bookWith('{ prepare: () => [makes("fix")] }'))
    const { exit, out } = await runbook(['run', 'prepare', 'staging', '--plan'])
    expect(exit).toBe(0)
    expect(out).toContain('Plan: prepare of tested in staging')
    expect(out).toContain('Do fix')
    expect([existsSync(inApp('done-fix')), existsSync(stateDir)]).toEqual([false, false])
  })

  test('an unknown name is answered with those that there are, and the nearest', async () => {
    const { runbook } = await withBook(
      bookWith('{ prepare: () => [makes("fix")], reset: () => [makes("reset")] }'),
    )
    const { exit, err } = await runbook(['run', 'prepaer', 'staging'])
    expect(exit).toBe(2)
    expect(err).toContain("the book has no procedure 'prepaer'; it has prepare, reset")
    expect(err).toContain('did you mean prepare?')
    const unnamed = await runbook(['run'])
    expect(unnamed.exit).toBe(2)
    expect(unnamed.err).toContain('it does not say which procedure; the book has prepare, reset')
    const deploy = await runbook(['run', 'deploy', 'staging'])
    expect([deploy.exit, deploy.err]).toEqual([2, expect.stringContaining('runbook deploy <env>')])
  })

  test('a book without any says how one is written', async () => {
    const { runbook } = await withBook(bookWith('undefined'))
    const { exit, err } = await runbook(['run', 'prepare', 'staging'])
    expect(exit).toBe(2)
    expect(err).toContain('procedures: { prepare: (env) => [steps] }')
  })

  test('a procedure that has no step for an environment says so', async () => {
    const { runbook } = await withBook(
      bookWith('{ reset: (env) => [env.name === "staging" && makes("reset")] }'),
    )
    const { exit, err } = await runbook(['run', 'reset', 'production', '--confirm', 'production', '--yes'])
    expect([exit, err]).toEqual([2, expect.stringContaining('reset has no step for production')])
  })

  test('a protected environment is confirmed by its name, as for a deployment', async () => {
    const { runbook, in: inApp } = await withBook(bookWith('{ prepare: () => [makes("fix")] }'))
    expect((await runbook(['run', 'prepare', 'production', '--yes'])).exit).toBe(4)
    expect(existsSync(inApp('done-fix'))).toBe(false)
    expect((await runbook(['run', 'prepare', 'production', '--yes', '--confirm', 'production'])).exit).toBe(0)
  })

  test('a failure says how it is run again, and how it is taken back', async () => {
    const { runbook } = await withBook(
      bookWith('{ prepare: () => [makes("fix"), makes("worse", "exit 3")] }'),
    )
    const { exit, out } = await runbook(['run', 'prepare', 'staging', '--yes'])
    expect(exit).toBe(1)
    expect(out).toContain('runbook resume')
    expect(out).toContain('runbook rollback staging')
  })

  test('resume goes on with it', async () => {
    const { runbook, in: inApp } = await withBook(
      bookWith('{ prepare: () => [makes("fix"), makes("worse", "test -e mended || exit 3")] }'),
    )
    expect((await runbook(['run', 'prepare', 'staging', '--yes'])).exit).toBe(1)
    await writeFile(inApp('mended'), '')
    const { exit, out } = await runbook(['resume', '--yes'])
    expect(exit).toBe(0)
    expect(out).toContain('Go on with the prepare of tested in staging')
    expect(existsSync(inApp('done-worse'))).toBe(true)
  })
})

describe('rollback', () => {
  test('takes the last run of the book that changed something back, whatever its name', async () => {
    const { runbook, in: inApp } = await withBook(
      bookWith('{ prepare: () => [makes("fix")] }', 'makes("one")'),
    )
    expect((await runbook(['deploy', 'staging', '--yes'])).exit).toBe(0)
    expect((await runbook(['run', 'prepare', 'staging', '--yes'])).exit).toBe(0)
    const { exit, out } = await runbook(['rollback', 'staging', '--yes'])
    expect(exit).toBe(0)
    expect(out).toContain('Take back: Do fix')
    expect([existsSync(inApp('done-fix')), existsSync(inApp('done-one'))]).toEqual([false, true])
  })

  test('works by the transcript where the book no longer has the procedure', async () => {
    const { runbook, in: inApp, folder } = await withBook(bookWith('{ prepare: () => [makes("fix")] }'))
    expect((await runbook(['run', 'prepare', 'staging', '--yes'])).exit).toBe(0)
    await writeFile(join(folder, 'runbook.config.ts'), bookWith('{}'))
    expect((await runbook(['rollback', 'staging', '--yes'])).exit).toBe(0)
    expect(existsSync(inApp('done-fix'))).toBe(false)
  })

  test('--on-failure=rollback takes back what the procedure itself has changed', async () => {
    const { runbook, in: inApp } = await withBook(
      bookWith('{ prepare: () => [makes("fix"), makes("worse", "exit 3")] }'),
    )
    const { exit } = await runbook(['run', 'prepare', 'staging', '--yes', '--on-failure', 'rollback'])
    expect(exit).toBe(6)
    expect(existsSync(inApp('done-fix'))).toBe(false)
  })
})

describe('verify', () => {
  test('does not take a procedure for the last deployment', async () => {
    const { runbook } = await withBook(bookWith('{ prepare: () => [makes("fix")] }', 'makes("one")'))
    expect((await runbook(['run', 'prepare', 'staging', '--yes'])).exit).toBe(0)
    const { exit, out } = await runbook(['verify', 'staging'])
    expect(exit).toBe(1)
    expect(out).toContain('done-one')
    expect(out).not.toContain('done-fix')
  })
})

test('mistakes in procedures are named with their place', async () => {
  const { runbook } = await withBook(
    bookWith(
      `{ deploy: () => [], 'Not A Name': () => [], good: 7, twice: () => [does('a'), does('a')], text: () => 'no' }`,
    ),
  )
  const { exit, err } = await runbook(['plan', 'staging'])
  expect(exit).toBe(2)
  for (const words of [
    'procedures.deploy: is named with other than small letters, digits and dashes, like a command',
    'procedures.Not A Name: is named with other',
    'procedures.good: must be a function',
    'steps.a: stands twice',
    'procedures.text: must give a list of steps',
  ])
    expect(err).toContain(words)
})
