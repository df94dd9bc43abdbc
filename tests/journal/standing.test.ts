import { expect, test } from 'vitest'
import { standing, standingOf } from '../../runbook/journal/standing.ts'
import type { Happening } from '../../runbook/model/event.ts'
import { begins, done, eventsOf, fails, started } from '../render/made-up.ts'

const asked: Happening = { type: 'asked', question: 'What now?' }
const answered: Happening = { type: 'answered', question: 'What now?', answer: 'retry', by: 'operator' }

test.each<[string, Happening[]]>([
  ['its checklist or its plan', [started()]],
  ['"Do one"', [started(), begins('one')]],
  ['"Do one" and "Do two"', [started(), begins('one'), begins('two')]],
  ['"Do two"', [started(), begins('one'), begins('two'), done('one')]],
  ['between two steps', [started(), begins('one'), done('one')]],
  ['the question "What now?"', [started(), begins('one'), begins('two'), fails('one'), asked]],
  ['"Do two"', [started(), begins('one'), begins('two'), fails('one'), asked, answered]],
])('%s', (expected, happenings) => expect(standing(eventsOf(happenings))).toBe(expected))

test('of a transcript that is elsewhere nothing is known', async () => {
  expect(await standingOf('/nowhere/journal.jsonl')).toBeUndefined()
})
