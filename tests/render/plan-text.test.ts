import { expect, test } from 'vitest'
import type { Limits } from '../../runbook/model/limits.ts'
import { paintWith } from '../../runbook/render/paint.ts'
import { planSummary, planText } from '../../runbook/render/plan-text.ts'
import { FROM, plain, plan, planned } from './made-up.ts'

const title = 'Plan: shop to production'
const limits = { timeout: 600_000, retry: { tries: 1, pause: 0, on: [] } }
const patient: Limits = { timeout: 90_000, retry: { tries: 3, pause: 5000, on: ['failed', 7] } }
const small = plan(
  [
    planned('backup', {
      phase: 'Prepare',
      parallel: true,
      usually: 14_000,
      undo: 'none: it only adds a file',
    }),
    planned('pull', {
      ...{ phase: 'Prepare', seen: '2 commits', findings: ['1a2b3c4 Add avatars', '5d6e7f8 Fix it'] },
      actions: [{ name: 'advance', printed: 'git merge --ff-only 9c8d7e6', byHand: false, limits }],
      ...{ after: ['HEAD is 9c8d7e6', 'the tree is clean'], undo: 'git checkout 3f2a1b0\nnpm ci' },
    }),
    planned('install', { phase: 'Prepare', expects: 'later', seen: 'package.json of 9c8d7e6' }),
    planned('migrate', {
      phase: 'Migrate',
      actions: [{ name: 'apply', printed: 'BEGIN;\nDROP TABLE a;\nCOMMIT;', byHand: false, limits: patient }],
      loses: [{ rows: 1204, what: 'with a value in a.b' }],
    }),
    planned('build', { phase: 'Migrate', expects: 'done', seen: 'built from 9c8d7e6' }),
  ],
  { usually: 95_000 },
)

test('a plan says everything word for word, step by step', () => {
  expect(planText(small, { title, runs: ['a', 'b', 'c'], paint: plain })).toBe(`\
Plan: shop to production (protected)
  where     this machine, /srv/shop, branch main
  revision  3f2a1b0 → 9c8d7e6
  usually   1 min 35 s, the median of 3 runs; 4 of the steps not counted

Prepare
   1. Do backup  (beside others)  usually 14.0 s
      back   none: it only adds a file
   2. Do pull
      2 commits
      1a2b3c4 Add avatars
      5d6e7f8 Fix it
      $ git merge --ff-only 9c8d7e6  (up to 10 min)
      proof  HEAD is 9c8d7e6; the tree is clean
      back   git checkout 3f2a1b0
             npm ci
   3. Do install
      known when its turn comes: package.json of 9c8d7e6

Migrate
   4. Do migrate
      $ BEGIN;
        DROP TABLE a;
        COMMIT;  (up to 90 s; tried 3 times, 5 s apart, after a failure or after exit 7)
      loses  1,204 rows with a value in a.b
   5. Do build
      already done: built from 9c8d7e6; will be skipped if it still is
`)
})

test('before the question it says it in a few lines', () => {
  expect(planSummary(small, { title, runs: ['a'], paint: plain })).toBe(`\
Plan: shop to production (protected)
  revision  3f2a1b0 → 9c8d7e6
  steps     5, of which 1 already done: Do build
  usually   1 min 35 s, as in the run before; 4 of the steps not counted
`)
})

test('what is dangerous stands out in the plan, and before the question', () => {
  const danger = {
    ...{ rule: 'drop-column', what: 'line 2: DROP COLUMN a', because: 'its values are gone' },
    instead: 'drop it later',
  }
  const dangerous = plan([planned('one', { dangers: [danger] }), planned('two')])
  expect(planText(dangerous, { title, runs: [], paint: plain })).toContain(`\
      ⚠ line 2: DROP COLUMN a
        its values are gone
        safely: drop it later
`)
  expect(planSummary(dangerous, { title, runs: [], paint: plain })).toContain(`\
  dangers   1; the safe way to write it: runbook plan production
    Do one
      ⚠ line 2: DROP COLUMN a
        its values are gone
`)
  const many = plan([planned('one', { dangers: Array.from({ length: 8 }, () => danger) })])
  expect(planSummary(many, { title, runs: [], paint: plain })).toMatch(/dangers {3}8;[^…]*… and 3 more\n/)
})

test('what is not known is not said', () => {
  const bare = plan([planned('one', { phase: '' })], { revision: null })
  const env = { ...bare.env, protected: false }
  expect(planText({ ...bare, env }, { title, runs: [], paint: plain })).toBe(`\
Plan: shop to production
  where     this machine, /srv/shop, branch main
  usually   not known: it has not been done here before
   1. Do one
`)
  expect(planSummary({ ...bare, env }, { title, runs: [], paint: plain })).toBe(`\
Plan: shop to production
  steps     1
  usually   not known: it has not been done here before
`)
  const still = plan([], { revision: { from: FROM, to: FROM } })
  expect(planText(still, { title, runs: [], paint: plain })).toContain('  revision  3f2a1b0, nothing new\n')
})

test('a commit message, an observation or a command from outside obeys nobody', () => {
  const evil = '\u001b[2J\u001b]0;you are hacked\u0007\u202ex'
  const text = planText(
    plan([
      planned('one', {
        ...{ title: evil, seen: evil, findings: [evil], after: [evil], undo: evil },
        actions: [{ name: 'a', printed: evil, byHand: false, limits }],
        loses: [{ rows: 1, what: evil }],
      }),
    ]),
    { title, runs: [], paint: plain },
  )
  expect(text).not.toMatch(/[\u001b\u0007\u202e]|hacked/)
  expect(text.match(/�x/g)).toHaveLength(7)
})

test('colours are only colours', () => {
  const options = { title, runs: ['a'], paint: plain }
  const colored = planText(small, { ...options, paint: paintWith(true) })
  expect(colored).toContain('\u001b[36m$\u001b[39m git merge')
  expect(colored.replace(/\u001b\[\d+m/g, '')).toBe(planText(small, options))
})
