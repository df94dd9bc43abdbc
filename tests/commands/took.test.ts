import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { journalOf, listRuns } from '../../runbook/journal/runs.ts'
import { bookFolder, bookOf, until } from '../rig/command-line.ts'

const says = (id: string) =>
  `sh('${id}', 'sleep 0.8; echo later; until [ -e go ]; do sleep 0.02; done; touch done-${id}')`
const withBook = async (steps: string) => {
  const book = await bookFolder(bookOf(steps))
  onTestFinished(book.dispose)
  execFileSync('git', ['init', '-q', book.app])
  return {
    ...book,
    transcript: () => readFileSync(journalOf(book.stateDir, listRuns(book.stateDir)[0]!), 'utf8'),
  }
}
const tookIn = (runs: string) => /(?:done|failed) +((?:at least )?[\d.]+ m?s)/.exec(runs)?.[1]

test('of a run that was killed the least is told, of its phase and in each list', async () => {
  const book = await withBook(
    `phase('Effects', [${says('one')}, does('two')]), phase('After', [does('three')])`,
  )
  const { child, ended } = book.start(['deploy', 'staging', '--yes'])
  await until(() => listRuns(book.stateDir).length && book.transcript().includes('later'))
  child.kill('SIGKILL')
  await ended
  writeFileSync(book.in('go'), '')
  await setTimeout(300)
  const { exit, out } = await book.runbook(['resume', '--yes'])
  expect(exit, out).toBe(0)
  const [, whole] = /Done in (at least [\d.]+ s)/.exec(out)!
  // Of the 800 ms until it said something, and of what the second part had left to do.
  const [, effects, unit] = /^ {2}Effects .*at least ([\d.]+) (ms|s)$/m.exec(out)!
  expect(Number(effects) * (unit === 's' ? 1000 : 1)).toBeGreaterThanOrEqual(800)
  expect(out).toMatch(/^ {2}After +[\d.]+ m?s$/m)
  expect(tookIn((await book.runbook(['runs', 'staging'])).out)).toBe(whole)
  // Whoever only has the ledger sees the same figure.
  const elsewhere = await book.runbook(['runs', 'staging', '--state-dir', 'elsewhere'])
  expect(elsewhere.out).toContain('elsewhere:')
  expect(tookIn(elsewhere.out)).toBe(whole)
})

test('one figure for one run, wherever it is seen from', async () => {
  const book = await withBook(
    `sh('look', 'true', { sort: 'verifies', actions: () => ({ act: r.reads('sh', '-c', 'sleep 0.7; touch done-look') }) }), does('one')`,
  )
  const { exit, out } = await book.runbook(['deploy', 'staging', '--yes'])
  expect(exit, out).toBe(0)
  const [, whole] = /Done in ([\d.]+ m?s)/.exec(out)!
  for (const from of [[], ['--state-dir', 'elsewhere']])
    expect(tookIn((await book.runbook(['runs', 'staging', ...from])).out)).toBe(whole)
})
