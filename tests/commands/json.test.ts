import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { bookFolder, bookOf, eventsIn } from '../rig/command-line.ts'
import { endsAfterEach } from '../rig/ends.ts'

const ends = endsAfterEach()
const withBook = async (...args: Parameters<typeof bookOf>) => {
  const book = await bookFolder(bookOf(...args))
  ends.push(book.dispose)
  const journal = () => {
    const run = readdirSync(join(book.stateDir, 'runs')).sort().at(-1)!
    return { run, text: readFileSync(join(book.stateDir, 'runs', run, 'journal.jsonl'), 'utf8') }
  }
  return { ...book, journal }
}
const holdsTogether = (text: string) => {
  let prev = '0'.repeat(64)
  for (const [i, line] of text.split('\n').slice(0, -1).entries()) {
    expect(JSON.parse(line)).toMatchObject({ seq: i, prev })
    prev = createHash('sha256').update(line).digest('hex')
  }
}
// A line end of JavaScript, which JSON does not escape, must not cut an event in two.
const loud = `does("one", "printf 'a line\\\\nand another \\\\342\\\\200\\\\250 cut?\\\\n'; echo oops >&2")`

test('a deployment puts the events of its transcript on standard output, and nothing else there', async () => {
  const { runbook, journal, folder } = await withBook(`phase('Work', [${loud}, does("two")])`)
  const { exit, out, err } = await runbook(['deploy', 'staging', '--yes', '--json'])
  expect(exit).toBe(0)
  const { run, text } = journal()
  expect(out).toBe(text)
  holdsTogether(out)
  // Of a program that has ended at once nothing tells when it began.
  const events = eventsIn(out).filter((event) => !(event.type === 'looked' && event.process))
  expect(
    events.map(({ type, ...event }) => ('step' in event && event.step ? `${type} ${event.step}` : type)),
  ).toEqual([
    'run-started',
    // Whether the ledger can be written.
    'looked',
    'looked one',
    'looked two',
    'asked',
    'answered',
    ...['one', 'two'].flatMap((id) => [
      ...['step-started', 'observed', 'looked', 'undo-frozen', 'action-started'].map(
        (type) => `${type} ${id}`,
      ),
      ...(id === 'one' ? ['output one', 'output one'] : []),
      ...['action-ended', 'looked', 'step-done'].map((type) => `${type} ${id}`),
    ]),
    'run-ended',
  ])
  expect(run).toMatch(/^\d{8}T\d{6}Z-staging-deploy-[0-9a-f]{4}$/)
  expect(events[0]).toMatchObject({ run, book: 'tested', env: 'staging', command: 'deploy' })
  for (const event of events) {
    expect(Object.keys(event).slice(0, 3)).toEqual(['seq', 'at', 'type'])
    expect(Object.keys(event)).toContain('prev')
    expect(new Date(event.at).toISOString()).toBe(event.at)
  }
  expect(events.filter(({ type }) => type === 'looked')[3]).toMatchObject({
    ...{ step: 'one', fact: 'done-one is there', holds: false, seen: 'it is not' },
  })
  expect(events.find(({ type }) => type === 'output')).toMatchObject({
    text: 'a line\nand another \u2028 cut?\n',
  })
  expect(events.at(-1)).toMatchObject({ verdict: 'done', exit: 0 })
  // The words for people.
  expect(err).toContain('Do two')
  expect(err).toContain('Done')
  expect(out).not.toContain(`${folder}/app/done`)
})

test('a failure is an event too, and the words for people say where and what next', async () => {
  const { runbook, journal } = await withBook(
    'does("one"), does("two", "echo the reason >&2; exit 7"), does("three")',
  )
  const { exit, out, err } = await runbook(['deploy', 'staging', '--yes', '--json'])
  expect(exit).toBe(1)
  expect(out).toBe(journal().text)
  const events = eventsIn(out)
  expect(events.find(({ type }) => type === 'step-failed')).toMatchObject({
    step: 'two',
    failure: { kind: 'command-failed', exit: 7, tail: 'the reason' },
  })
  expect(events.at(-1)).toMatchObject({ type: 'run-ended', verdict: 'failed', exit: 1 })
  for (const word of [
    'Do two',
    'exit 7',
    'the reason',
    'changed     Do one',
    'not begun   Do three',
    'runbook resume',
  ])
    expect(err).toContain(word)
})

test('show repeats them to the letter', async () => {
  const { runbook, journal } = await withBook(loud)
  await runbook(['deploy', 'staging', '--yes'])
  const { exit, out } = await runbook(['show', '--json'])
  expect(exit).toBe(0)
  expect(out).toBe(journal().text)
})

test('a plan gives each step as an event, and leaves nothing behind', async () => {
  const { runbook, folder } = await withBook(
    'phase("Work", [parallel([does("one"), does("two")])]), does("three")',
  )
  const before = readdirSync(folder).sort()
  const { exit, out } = await runbook(['plan', 'staging', '--json'])
  expect(exit).toBe(0)
  expect(eventsIn(out).filter(({ type }) => type === 'planned')).toMatchObject([
    { step: 'one', title: 'Do one', phase: 'Work', parallel: true, expects: 'to-do' },
    { step: 'two', phase: 'Work', parallel: true },
    {
      ...{ step: 'three', phase: '', parallel: false, after: ['done-three is there'] },
      actions: [{ name: 'act', printed: "sh -c ':\ntouch done-three'", byHand: false }],
      undo: 'nothing to undo: it is a test',
    },
  ])
  expect(readdirSync(folder).sort()).toEqual(before)
})

test('a checklist gives what was looked at', async () => {
  const { runbook } = await withBook(
    'does("one", ":", { needs: () => [defineCheck({ fact: "all is well", remedy: "", look: async () => holds("it is") })] })',
  )
  const { exit, out, err } = await runbook(['doctor', 'staging', '--json'])
  expect(exit).toBe(0)
  const looked = { type: 'looked', side: 'needs', holds: true }
  expect(eventsIn(out)).toMatchObject([
    { ...looked, fact: 'all is well' },
    { ...looked, fact: 'the ledger of staging can be written' },
  ])
  expect(err).toContain('all is well')
})

test.each([['plan'], ['doctor'], ['deploy'], ['verify']])(
  '%s says what is wrong on standard error only',
  async (verb) => {
    const { runbook } = await withBook(
      'does("one", ":", { needs: () => [defineCheck({ fact: "all is well", remedy: "mend it", look: async () => fails("nothing is") })] })',
    )
    const { exit, out, err } = await runbook([verb, 'staging', '--yes', '--json'])
    expect(exit).toBe(verb === 'verify' ? 1 : 3)
    for (const line of out.split('\n').slice(0, -1)) expect(JSON.parse(line)).toHaveProperty('type')
    expect(err).toContain(verb === 'verify' ? 'done-one is there' : 'all is well')
  },
)
