import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, type TestContext, test, vi } from 'vitest'
import { bookFolder, bookOf, until } from '../rig/command-line.ts'
import { freshDatabase } from '../rig/postgres.ts'
import { silentWay } from '../rig/silent-way.ts'

vi.setConfig({ testTimeout: 150_000 })

const environment = `database: { url: secret('DATABASE_URL') }`
const waits = `sh('one', 'echo begun > begun; until [ -e go ]; do sleep 0.02; done; touch done-one')`

/** A run whose way to the database falls silent while its first step goes on; the application is a clone, with a ledger. */
const silenced = async ({ onTestFinished }: TestContext, steps: string) => {
  const db = await freshDatabase()
  onTestFinished(async () => db.drop())
  const way = await silentWay(db.port)
  onTestFinished(async () => way.close())
  const book = await bookFolder(bookOf(steps, { environment }))
  onTestFinished(book.dispose)
  execFileSync('git', ['init', '-q', book.app])
  const url = new URL(db.url)
  url.port = String(way.port)
  const run = book.start(['deploy', 'staging', '--yes'], { variables: { DATABASE_URL: url.href } })
  await until(() => existsSync(book.in('begun')))
  way.fallSilent()
  const runs = join(book.stateDir, 'runs')
  const last = () => {
    const lines = readFileSync(join(runs, readdirSync(runs)[0]!, 'journal.jsonl'), 'utf8').trimEnd()
    return JSON.parse(lines.split('\n').at(-1)!)
  }
  return {
    ...{ book, run, last },
    goOn: () => writeFileSync(book.in('go'), ''),
    /** How long after its transcript's end the process stays. Milliseconds. */
    stays: async () => {
      await until(() => last().type === 'run-ended', 'the end of the transcript')
      const began = performance.now()
      const said = until(() => run.printed.out.includes('transcript'), 'its last words').then(
        () => performance.now() - began,
      )
      const left = run.ended.then(() => performance.now() - began)
      return { said: await said, left: await left }
    },
    /** The file of the lock is emptied by who frees it. */
    isFree: () => readFileSync(join(book.stateDir, 'locks/staging/1.json'), 'utf8') === '',
  }
}
describe.concurrent('the network to the database goes silent', () => {
  test('the lock cannot be looked at: the run ends with its last words, and is gone soon', async (context) => {
    const { run, goOn, last, stays, isFree } = await silenced(context, `${waits}, does('two')`)
    goOn()
    const { said, left } = await stays()
    expect(said).toBeLessThan(5_000)
    expect(left).toBeLessThan(40_000)
    const { exit, out } = await run.ended
    expect([exit, last().exit]).toEqual([1, 1])
    expect(out).toContain('cannot be reached')
    expect(out).toContain('go on       runbook resume')
    expect(isFree()).toBe(true)
  })

  test('after the last effect: it is done, and gone soon', async (context) => {
    const { run, goOn, last, stays, isFree } = await silenced(context, waits)
    goOn()
    const { said, left } = await stays()
    expect(said).toBeLessThan(5_000)
    expect(left).toBeLessThan(40_000)
    expect([(await run.ended).exit, last().exit]).toEqual([0, 0])
    expect(isFree()).toBe(true)
  })

  test('a Ctrl-C behind its end changes nothing of how it ended', async (context) => {
    const { run, goOn, last, stays } = await silenced(context, waits)
    goOn()
    await until(() => last().type === 'run-ended')
    run.child.kill('SIGINT')
    const { left } = await stays()
    expect(left).toBeLessThan(40_000)
    expect([(await run.ended).exit, last().exit]).toEqual([0, 0])
  })
})
