import { expect, test } from 'vitest'
import type { Happening } from '../../runbook/model/event.ts'
import type { Plan } from '../../runbook/plan/plan.ts'
import { rollbackText } from '../../runbook/render/rollback-text.ts'
import { runsTable } from '../../runbook/render/runs-table.ts'
import { transcriptText } from '../../runbook/render/transcript-text.ts'
import {
  begins,
  broken,
  done,
  eventsOf,
  FROM,
  fails,
  looked,
  met,
  performs,
  plain,
  plan,
  planned,
  prints,
  started,
  stateOf,
  TO,
} from './made-up.ts'

const ended: Happening = { type: 'run-ended', verdict: 'failed', exit: 1, ms: 95_000, failure: broken }
const run: Happening[] = [
  started(),
  { type: 'asked', question: 'Deploy?' },
  { type: 'answered', question: 'Deploy?', answer: 'yes', by: 'flag' },
  begins('pull'),
  looked('pull', { side: 'before', fact: 'the tree is clean', seen: '0 files' }),
  looked('pull', { side: 'already', holds: false }),
  performs('pull', 'git merge\n  x'),
  prints('pull', 'Updating\n\u001b[32mdone\u001b[0m\n'),
  looked('pull'),
  done('pull', '2 commits'),
  begins('build'),
  { type: 'step-skipped', step: 'build', why: 'already done', seen: '', output: null, ms: 1 },
  begins('install'),
  looked('install', { holds: false, seen: 'no lock' }),
  fails('install'),
  met({ 502: 2 }, { requests: 90, ms: 9000 }),
  ended,
]

test('a transcript says when, what, with which evidence', () => {
  expect(transcriptText('r1', eventsOf(run), { paint: plain, verbose: false })).toBe(`\
r1
02:15:00 deploy shop to production, by ada on desk, runbook 0.1.0
02:15:02   Deploy? yes (by a flag)
02:15:03 Do pull
02:15:06     $ git merge
        x
02:15:08     ✓ pull is there: it is
02:15:09   ✔ Do pull · 2 commits  1.2 s
02:15:10 Do build
02:15:11   ↷ Do build · already done
02:15:12 Do install
02:15:13     ✖ install is there: no lock
02:15:14   ✖ Do install · \`npm ci\` ended with exit 1  40 ms
02:15:15 GET /health: 90 requests, 2 failed (502), 84 ms without an answer at the longest
02:15:16 failed, exit 1, 1 min 35 s
✖ \`npm ci\` ended with exit 1
    │ one
    │ two
  → read its last lines
`)
})

test('verbose adds what was looked at and printed, and nothing of it obeys', () => {
  const brief = transcriptText('r1', eventsOf(run), { paint: plain, verbose: false }).split('\n')
  const verbose = transcriptText('r1', eventsOf(run), { paint: plain, verbose: true }).split('\n')
  expect(verbose.filter((line) => !brief.includes(line))).toEqual([
    '02:15:04     ✓ the tree is clean: 0 files',
    '         │ Updating',
    '         │ done',
  ])
})

test('a transcript that was cut at its beginning is shown all the same', () => {
  expect(transcriptText('r1', eventsOf([done('pull')]), { paint: plain, verbose: false })).toBe(
    'r1\n02:15:00   ✔ pull  1.2 s\n',
  )
})

test('runs stand in columns, whatever is known of them', () => {
  const revision: Happening = {
    type: 'observed',
    step: 'pull',
    observed: null,
    revision: { from: FROM, to: TO },
  }
  const runs = [
    {
      id: '20261122T021500Z-production-deploy-7f3a',
      ...stateOf([started({ operator: '\u001b[1ma' }), revision, ended]),
    },
    { id: 'r2', ...stateOf([started()]) },
    { id: 'r3', ...stateOf([]) },
  ]
  const known = runs.map(({ id, ...summary }) => ({
    ...{ id, here: true },
    summary: { id, begun: true, changedState: false, seq: 0, ...summary },
  }))
  expect(runsTable(known, plain)).toBe(
    [
      'run                                      verdict    took        revision           by',
      '20261122T021500Z-production-deploy-7f3a  failed     1 min 35 s  3f2a1b0 → 9c8d7e6  a on desk',
      'r2                                       not ended                                 ada on desk',
      'r3                                       not ended',
      '',
    ].join('\n'),
  )
  expect(runsTable([], plain)).toBe('run  verdict  took  revision  by\n')
})

test('a rollback says what it takes back, what it leaves, and what will be lost', () => {
  const steps: Plan = plan([
    planned('pull'),
    planned('migrate', { loses: [{ rows: 1, what: 'with a value in a.b' }] }),
    planned('install', { sort: 'follows' }),
    planned('answers', { sort: 'verifies' }),
  ])
  const stays = [{ title: 'Do mail', because: 'it was sent' }]
  expect(
    rollbackText({ run: { id: 'r1', state: stateOf(run) }, unseen: ['whether it is so'] }, steps, {
      stays,
      database: true,
      paint: plain,
    }),
  ).toBe(`\
  takes back  r1: ada on desk, failed after 1 min 35 s
  not known   whether it is so
  undoes      Do pull, Do migrate
  does again  Do install
  verifies    Do answers
  loses       1 row with a value in a.b
  stays       Do mail: it was sent
`)
  const nothing = (database: boolean) =>
    rollbackText({ run: { id: 'r1', state: stateOf([started()]) }, unseen: [] }, plan([]), {
      stays: [],
      database,
      paint: plain,
    })
  expect(nothing(false)).toBe('  takes back  r1: ada on desk, not ended\n')
  expect(nothing(true)).toBe('  takes back  r1: ada on desk, not ended\n  loses       nothing\n')
})
