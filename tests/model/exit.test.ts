import { expect, test } from 'vitest'
import type { Command } from '../../runbook/model/event.ts'
import { EXIT, exitOf } from '../../runbook/model/exit.ts'
import type { Failure } from '../../runbook/model/failure.ts'

const failures = {
  interrupted: { kind: 'interrupted', signal: 'SIGINT' },
  locked: { kind: 'locked', env: 'e', holder: 'h', since: 's', run: 'r' },
  frozen: { kind: 'frozen', env: 'e', holder: 'h', since: 's', reason: 'r' },
  bug: { kind: 'bug', message: 'm', stack: 's' },
  declined: { kind: 'declined', question: 'q' },
  'answer-needed': { kind: 'answer-needed', question: 'q', flag: 'f' },
  'after-unmet': { kind: 'after-unmet', unmet: [] },
  'before-unmet': { kind: 'before-unmet', unmet: [] },
  'command-failed': { kind: 'command-failed', printed: 'p', exit: 42, tail: '' },
  'secret-missing': { kind: 'secret-missing', name: 'n', empty: false, file: 'f' },
  'journal-failed': { kind: 'journal-failed', path: 'p', message: 'm' },
} satisfies Record<string, Failure>

test('the contract', () => {
  expect(EXIT).toEqual({
    ...{
      done: 0,
      failed: 1,
      usage: 2,
      precondition: 3,
      declined: 4,
      locked: 5,
      rolledBack: 6,
      rollbackFailed: 7,
    },
  })
})

//  nothing was changed: of a deployment, a rollback, a verification; something was: of a deployment, a rollback
test.each<[keyof typeof failures, number, number, number, number, number]>([
  ['interrupted', 130, 130, 130, 130, 130],
  ['locked', 5, 5, 5, 5, 5],
  ['frozen', 5, 5, 5, 5, 5],
  ['bug', 1, 1, 1, 1, 7],
  ['declined', 4, 4, 4, 1, 7],
  ['answer-needed', 4, 4, 4, 1, 7],
  ['after-unmet', 3, 7, 1, 1, 7],
  ['before-unmet', 3, 3, 3, 1, 7],
  ['command-failed', 3, 3, 3, 1, 7],
  ['secret-missing', 3, 3, 3, 1, 7],
  ['journal-failed', 3, 3, 3, 1, 7],
])('%s', (kind, ...statuses) => {
  const of = (command: Command, changed: boolean) => exitOf(failures[kind], { command, changed })
  expect([
    of('deploy', false),
    of('rollback', false),
    of('verify', false),
    of('deploy', true),
    of('rollback', true),
  ]).toEqual(statuses)
})

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
  ['SIGQUIT', 130],
])('interrupted by %s', (signal, exit) => {
  expect(exitOf({ kind: 'interrupted', signal }, { changed: true })).toBe(exit)
})
