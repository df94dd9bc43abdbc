import { expect, test } from 'vitest'
import { parallel, phase } from '../../runbook/model/book.ts'
import type { Happening } from '../../runbook/model/event.ts'
import { PlainView } from '../../runbook/render/view.ts'
import { begins, done, eventsOf, fails, looked, performs, plain, prints, step } from './made-up.ts'

const steps = [step('backup', 'prepares'), step('pull'), step('health', 'verifies'), step('last')]
const entries = [phase('Prepare', [parallel([steps[0], steps[1]])]), phase('Verify', [steps[2]]), steps[3]!]
const viewOf = ({ verbose = false, announce = false } = {}) => {
  const written: string[] = []
  const view = new PlainView(
    { entries, steps },
    { paint: plain, verbose, announce, write: (text) => written.push(text) },
  )
  return {
    view,
    written,
    take: (happenings: Happening[]) => eventsOf(happenings).forEach((e) => void view.event(e)),
  }
}
const run: Happening[] = [
  begins('backup', 'prepares'),
  begins('pull'),
  looked('pull', { side: 'already', holds: false }),
  performs('pull', 'git merge'),
  prints('pull', 'Updating\u001b[1A\n'),
  looked('backup'),
  looked('pull', { fact: 'HEAD is 9c8d7e6' }),
  done('pull', '2 commits'),
  done('backup'),
  begins('health', 'verifies'),
  looked('health', { fact: '/health answers', seen: '200 in 84 ms' }),
  done('health', '1 answer'),
  begins('last'),
  looked('last', { side: 'before', fact: 'the disk has room', holds: false, seen: '0 bytes' }),
  fails('last'),
]

test('lines come in order, what was seen below its own step, a phase where it begins', () => {
  const { take, written } = viewOf()
  take(run)
  expect(written.join('')).toBe(`
Prepare
  ✔ Do pull · 2 commits  1.2 s
  ✔ Do backup  1.2 s
    ✓ backup is there: it is

Verify
  ✔ Do health · 1 answer  1.2 s
    ✓ /health answers: 200 in 84 ms
    ✖ the disk has room: 0 bytes
  ✖ Do last · \`npm ci\` ended with exit 1  40 ms
`)
})

test('verbose shows what was looked at, performed and printed; a beginning is announced where nothing draws it', () => {
  const { take, written } = viewOf({ verbose: true, announce: true })
  take(run.slice(0, 9))
  expect(written.join('')).toBe(`
Prepare
  → Do backup
  → Do pull
    $ git merge
      Updating
  ✔ Do pull · 2 commits  1.2 s
    ✓ HEAD is 9c8d7e6: it is
  ✔ Do backup  1.2 s
    ✓ backup is there: it is
`)
})

test('while a question stands nothing is written; then everything, in order, once', async () => {
  const { take, view, written } = viewOf()
  await view.pause()
  take(run)
  expect(written).toEqual([])
  await view.pause()
  view.resume()
  const after = viewOf()
  after.take(run)
  expect(written).toEqual(after.written)
  await view.end()
  expect(written).toEqual(after.written)
})

test('what is held when the run ends is written', async () => {
  const { take, view, written } = viewOf()
  await view.pause()
  take([begins('pull'), done('pull')])
  await view.end()
  expect(written.join('')).toContain('✔ Do pull')
})

test('a step and its evidence are written at once, so that nothing comes between', () => {
  const { take, written } = viewOf()
  take(run)
  expect(written).toContain('  ✔ Do backup  1.2 s\n    ✓ backup is there: it is\n')
})
