import { expect, test } from 'vitest'
import {
  type Action,
  changes,
  executes,
  gets,
  instructs,
  type Retry,
  reads,
  readsFile,
  selects,
  sends,
  transaction,
  writesFile,
} from '../../runbook/index.ts'
import type { Failure } from '../../runbook/model/failure.ts'
import { isRetried, limitsOf } from '../../runbook/model/limits.ts'

const minute = 60_000
const once: Retry = { tries: 1, pause: 0, on: [] }
const notBegun: Retry = { tries: 3, pause: 1000, on: ['not-begun'] }

test.each<[string, Action, number | undefined, Retry]>([
  ['a command that changes', changes('npm', 'ci'), 60 * minute, once],
  ['a command that looks', reads('git', 'status'), 10 * minute, once],
  ['a query', executes('DROP DATABASE x'), 60 * minute, notBegun],
  ['a look at the database', selects('SELECT 1'), undefined, notBegun],
  ['a transaction', transaction([]), 60 * minute, notBegun],
  ['a request', sends('POST', '/x'), minute / 2, notBegun],
  ['reading a file', readsFile('x'), undefined, once],
  ['writing a file', writesFile('x', ''), undefined, once],
  ['an instruction', instructs('x'), undefined, once],
])('%s has usual limits', (_, action, timeout, retry) =>
  expect(limitsOf(action)).toEqual({ ...(timeout && { timeout }), retry }),
)

test('its own come first', () => {
  const retry: Retry = { tries: 9, pause: 1, on: ['timeout'] }
  expect(limitsOf({ ...gets('/x'), timeout: 5, retry })).toEqual({ timeout: 5, retry })
})

const printed = 'p'
const failures = {
  refused: { kind: 'request-failed', printed, message: 'connection refused', unsent: true },
  unanswered: { kind: 'request-failed', printed, message: 'no answer within 5 ms' },
  away: { kind: 'database-unreachable', target: 't', code: 'ECONNREFUSED', message: '' },
  lost: { kind: 'database-unreachable', target: 't', code: '', message: '', lost: true },
  deadlock: { kind: 'query-failed', printed, sqlstate: '40P01', message: '' },
  held: { kind: 'query-failed', printed, sqlstate: '55P03', message: '' },
  wrong: { kind: 'query-failed', printed, sqlstate: '42601', message: '' },
  exit7: { kind: 'command-failed', printed, exit: 7, tail: '' },
  late: { kind: 'timeout', printed, after: 1, tail: '' },
  interrupted: { kind: 'interrupted', signal: 'SIGINT' },
  missing: { kind: 'command-missing', program: 'x', printed },
} satisfies Record<string, Failure>
const retriedOn = (on: Retry['on'], action: Action) =>
  Object.entries(failures).flatMap(([name, failure]) =>
    isRetried(action, { ...once, on }, failure) ? [name] : [],
  )

test.each<[Retry['on'], string[]]>([
  [['not-begun'], ['refused', 'away', 'deadlock']],
  [['timeout'], ['late']],
  [['failed'], ['refused', 'unanswered', 'away', 'lost', 'deadlock', 'held', 'wrong', 'exit7']],
  [['locked'], ['held']],
  [
    [7, 'timeout'],
    ['exit7', 'late'],
  ],
  [[8], []],
  [[], []],
])('after %j: %j', (on, names) => expect(retriedOn(on, transaction([]))).toEqual(names))

test('a single statement may have committed before it met a deadlock: it is not tried again by itself', () => {
  expect(retriedOn(['not-begun'], executes('CALL nightly()'))).toEqual(['refused', 'away'])
})
