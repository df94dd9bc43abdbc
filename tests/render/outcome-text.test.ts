import { expect, test } from 'vitest'
import type { Happening } from '../../runbook/model/event.ts'
import type { Ended } from '../../runbook/model/exit.ts'
import { failureText, outcomeText } from '../../runbook/render/outcome-text.ts'
import { begins, broken, done, FROM, fails, met, performs, plain, started, stateOf, TO } from './made-up.ts'

const ids = ['backup', 'pull', 'install', 'migrate', 'build', 'restart']
const said = (ended: Ended, happenings: Happening[], page = ids) =>
  outcomeText(ended, {
    state: stateOf(happenings),
    titles: new Map(page.map((id) => [id, `Do ${id}`])),
    ...{
      transcript: '.runbook/runs/r1/journal.jsonl',
      again: 'runbook deploy production',
      ms: 95_000,
      paint: plain,
    },
  })
const revision: Happening = {
  type: 'observed',
  step: 'pull',
  observed: null,
  revision: { from: FROM, to: TO },
}
const pulled = [started(), begins('pull'), revision, performs('pull'), done('pull', '2 commits')]
const lines = (text: string) => text.replace(/^\n/, '').replace(/\n$/, '').split('\n')
const rest = ['  transcript  .runbook/runs/r1/journal.jsonl', '  again       runbook deploy production']
const goOn = [rest[0], '  go on       runbook resume']
const back = '  or back     runbook rollback production'
const help = '  for help    runbook bundle r1'

test('done', () => {
  expect(said({ verdict: 'done', exit: 0 }, pulled, ['pull'])).toBe(`
✔ Done in 1 min 35 s, 3f2a1b0 → 9c8d7e6
  transcript  .runbook/runs/r1/journal.jsonl
`)
  expect(said({ verdict: 'done', exit: 0 }, [started()], [])).toContain('✔ Done in 1 min 35 s\n')
})

test('what users met with meanwhile', () => {
  const probed = (failures: Record<string, number>) =>
    lines(said({ verdict: 'done', exit: 0 }, [...pulled, met(failures)]))[1]
  expect(probed({})).toBe(
    '  meanwhile   GET /health: 1,412 requests, none failed, 84 ms without an answer at the longest',
  )
  expect(probed({ 'connection refused': 1 })).toContain('1 failed (connection refused), 84 ms')
  expect(probed({ 'connection refused': 1, 502: 2 })).toContain('3 failed (2 × 502, 1 × connection refused)')
  expect(said({ verdict: 'failed', exit: 1, failure: broken }, [...pulled, fails('build'), met()])).toContain(
    '  meanwhile   GET /health: 1,412 requests',
  )
})

test('rolled back, as it was asked to', () => {
  const rollback = started({ command: 'rollback', takesBack: 'r0' })
  expect(said({ verdict: 'rolled-back', exit: 0 }, [rollback], [])).toContain('✔ Rolled back in 1 min 35 s\n')
})

test('failed before anything was changed', () => {
  const prepared = [started(), begins('backup', 'prepares'), performs('backup'), done('backup')]
  expect(
    lines(
      said({ verdict: 'failed', exit: 3, failure: broken }, [...prepared, begins('pull'), fails('pull')]),
    ),
  ).toEqual([
    '✖ Do pull',
    '  `npm ci` ended with exit 1',
    '    │ one',
    '    │ two',
    '  → read its last lines',
    '  changed     nothing by a step that changes something: none was begun; the database was not looked at',
    ...rest,
    help,
  ])
})

test('failed before anything was changed: what is said of the live database is what was seen of it', () => {
  const rehearsed = (holds: boolean, seen: string, compared: string[]) =>
    lines(
      said({ verdict: 'failed', exit: 3, failure: broken }, [
        ...[started(), begins('backup', 'prepares'), performs('backup')],
        {
          type: 'looked',
          step: 'backup',
          side: 'after',
          fact: 'it is as it was',
          holds,
          seen,
          ms: 0,
          compared,
        },
        fails('backup'),
      ]),
    ).find((line) => line.startsWith('  changed'))
  const what = ['the schema (37 objects of the catalogue)', 'knex_migrations (1 row)']
  expect(rehearsed(true, 'the same', what)).toBe(
    '  changed     nothing: the schema (37 objects of the catalogue), knex_migrations (1 row) compared with before',
  )
  expect(rehearsed(false, '+ column public.avatars.bio text', what)).toBe(
    '  changed     the database that is in use, which is not as it was: + column public.avatars.bio text',
  )
  expect(rehearsed(false, 'it could not be looked at: it does not answer', [])).toBe(
    '  changed     not known: it could not be looked at: it does not answer',
  )
})

test('failed after a change: what stands, what was not begun, how to get back', () => {
  const failed = [...pulled, begins('install', 'follows'), performs('install'), fails('install')]
  expect(lines(said({ verdict: 'failed', exit: 1, failure: broken }, failed)).slice(5)).toEqual([
    '  changed     Do pull · 2 commits',
    '              Do install (not to its end: see the transcript)',
    '  not begun   Do backup, Do migrate, Do build, Do restart',
    ...goOn,
    back,
    help,
  ])
  const further = [
    ...failed,
    ...['backup', 'migrate', 'build'].flatMap((id) => [begins(id, 'prepares'), done(id)]),
  ]
  expect(said({ verdict: 'failed', exit: 1, failure: broken }, further)).toContain(
    '  not begun   Do restart\n',
  )
})

test('interrupted in the middle of a step', () => {
  const text = said(
    { verdict: 'interrupted', exit: 130, failure: { kind: 'interrupted', signal: 'SIGINT' } },
    [started(), begins('pull'), performs('pull')],
  )
  expect(lines(text)).toEqual([
    '✖ interrupted by SIGINT',
    '  → go on with it, or start it again: what is done is not done twice',
    '  changed     Do pull (not to its end: see the transcript)',
    '  not begun   Do backup, Do install, Do migrate, Do build, Do restart',
    ...goOn,
    back,
  ])
})

test('declined', () => {
  const failure = { kind: 'declined', question: 'Deploy?' } as const
  expect(lines(said({ verdict: 'declined', exit: 4, failure }, [started()]))).toEqual([
    '✖ Not confirmed. Nothing was changed.',
    '  not confirmed: Deploy?',
    '  → run it again when it may be done',
    '  changed     nothing: no action was begun',
    ...rest,
  ])
})

test('locked: there is no transcript, and trying again would not help', () => {
  const failure = { kind: 'locked', env: 'e', holder: 'bob on lap', since: '02:10', run: 'r0' } as const
  expect(lines(said({ verdict: 'failed', exit: 5, failure }, []))).toEqual([
    '✖ e is locked by run r0: bob on lap, since 02:10',
    '  → wait until it has ended, or give --wait 10m; its transcript is where it was begun',
    '  changed     nothing: no action was begun',
  ])
})

test('failed and taken back, or not', () => {
  const failed = [...pulled, begins('install', 'follows'), performs('install'), fails('install')]
  expect(lines(said({ verdict: 'rolled-back', exit: 6, failure: broken }, failed)).slice(5)).toEqual([
    '  taken back  yes: its own transcript, and what it was proven by, are named above',
    ...rest,
    help,
  ])
  const cause: Happening = {
    ...({ type: 'looked', step: 'install', side: 'diagnosis', fact: 'shop runs', holds: false } as const),
    ...{ seen: 'it died', remedy: 'runbook run mend-crashing e', ms: 1 },
    diagnosed: { id: 'crashing', symptom: 'it is away', cause: 'shop does not run', found: 'cause' },
  }
  expect(said({ verdict: 'failed', exit: 1, failure: broken }, [...failed, cause])).toContain('mend-crashing')
  expect(said({ verdict: 'rolled-back', exit: 6, failure: broken }, [...failed, cause])).not.toContain(
    'mend-crashing',
  )
  expect(lines(said({ verdict: 'rollback-failed', exit: 7, failure: broken }, failed)).slice(5, 7)).toEqual([
    '  taken back  NOT WELL: the rollback failed, or what verifies does not hold after it; see above',
    '  changed     Do pull · 2 commits',
  ])
  const rollback = [started({ command: 'rollback' }), begins('pull'), performs('pull'), fails('pull')]
  expect(lines(said({ verdict: 'rollback-failed', exit: 7, failure: broken }, rollback))[5]).toBe(
    '  changed     Do pull (not to its end: see the transcript)',
  )
})

test('a verification changes nothing and does not say so; of several that failed it titles none', () => {
  const verify = [started({ command: 'verify' }), begins('pull'), fails('pull')]
  const ended: Ended = { verdict: 'failed', exit: 1, failure: broken }
  expect(lines(said(ended, verify))[0]).toBe('✖ Do pull')
  expect(lines(said(ended, [...verify, begins('build'), fails('build')]))).toEqual([
    '✖ `npm ci` ended with exit 1',
    '    │ one',
    '    │ two',
    '  → read its last lines',
    ...rest,
    help,
  ])
})

test('several facts and remedies stand below each other; what they saw obeys nobody', () => {
  const unmet = [
    { fact: 'a', seen: '\u001b[31mb', remedy: 'c' },
    { fact: 'd', seen: 'e', remedy: 'f' },
  ]
  expect(failureText({ kind: 'before-unmet', unmet }, undefined, plain)).toBe(
    '✖ not so: a; seen: b\n  not so: d; seen: e\n  → c\n    f',
  )
})
