import { appendFileSync, writeFileSync } from 'node:fs'
import { expect, test, vi } from 'vitest'
import { bookFolder, bookOf, eventsIn } from '../rig/command-line.ts'
import { endsAfterEach } from '../rig/ends.ts'

vi.setConfig({ testTimeout: 120_000 })

const ends = endsAfterEach()

/** A run that has failed on a line of its log, which stays there. */
const failed = async () => {
  const before = "import { watchLogs } from 'runbook/steps'"
  const log = "watchLogs({ file: 'api.log', since: 'beginning', lacks: [/error/i] })"
  const book = await bookFolder(bookOf(`does('one'), ${log}`, { before }))
  ends.push(book.dispose)
  writeFileSync(book.in('api.log'), 'up\n14:02 Error: one\n')
  return book
}
const byName = '--allow=log:api.log@20'

test('an error in the log stops a resumed run again, until it is called known by its name', async () => {
  const { runbook, in: inApp } = await failed()
  const first = await runbook(['deploy', 'staging', '--yes'])
  expect(first.exit).toBe(1)
  expect(first.out).toContain('runbook resume --allow log:api.log@20')
  expect((await runbook(['resume', '--yes'])).exit).toBe(1)
  // What is written later is not known.
  appendFileSync(inApp('api.log'), '14:05 Error: two\n')
  const later = await runbook(['resume', '--yes', byName])
  expect(later.exit).toBe(1)
  expect(later.out).toContain('14:05 Error: two')
  const resumed = await runbook(['resume', '--yes', '--allow', 'log:api.log@37'])
  expect(resumed.exit, resumed.out).toBe(0)
  const events = eventsIn((await runbook(['show', '--json'])).out)
  expect(events.findLast(({ type }) => type === 'answered')).toMatchObject({
    answer: 'known',
    by: 'flag',
    who: expect.any(String),
    known: 'log:api.log@37',
    question: expect.stringContaining('14:02 Error: one'),
  })
  expect((await runbook(['show'])).out).toContain('14:02 Error: one')
})

test('or in answer to the question, with what is known of it; a verification goes by that', async () => {
  const { startOnTerminal, runbook, in: inApp } = await failed()
  const { type, shows, ended } = startOnTerminal(['deploy', 'staging', '--yes'])
  await shows('What now?')
  type('\u001b[B\r')
  await shows('What is known of')
  type('the cache was cold\r')
  expect((await ended).exit).toBe(0)
  const events = eventsIn((await runbook(['show', '--json'])).out)
  expect(events.find((event) => event.type === 'answered' && event.known)).toMatchObject({
    answer: 'known: the cache was cold',
    by: 'operator',
    known: 'log:api.log@20',
  })
  expect((await runbook(['verify', 'staging'])).exit).toBe(0)
  appendFileSync(inApp('api.log'), 'Error: anew\n')
  expect((await runbook(['verify', 'staging'])).exit).toBe(1)
})
