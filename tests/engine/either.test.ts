import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { arrangeResume } from '../../runbook/engine/arrange-resume.ts'
import {
  changes,
  defineCheck,
  either,
  fails,
  forwardOnly,
  holds,
  parallel,
  phase,
  readsFile,
  reverse,
  sequence,
  unmet,
} from '../../runbook/index.ts'
import { foldRun } from '../../runbook/journal/fold.ts'
import type { Entries } from '../../runbook/model/book.ts'
import { mistakesOf } from '../../runbook/model/mistakes-of-book.ts'
import type { Step } from '../../runbook/model/step.ts'
import { stepsTaken } from '../../runbook/model/ways.ts'
import { engineRig, leaves, left } from '../rig/engine-rig.ts'

const gone = (name: string) =>
  defineCheck({
    fact: `${name} is gone`,
    remedy: `rm ${name}`,
    look: async ({ attempt }) =>
      (await attempt(readsFile(name))).ok ? fails('it is there') : holds('it is'),
  })

let rig: ReturnType<typeof engineRig>
beforeEach(() => {
  rig = engineRig()
})
afterEach(() => rig.dispose())

/** A state that can be taken back, and is seen to be when its file is not there. */
const state = (id: string, script = ':', more: Partial<Step> = {}) =>
  leaves(
    id,
    { sort: 'state', undo: () => reverse('code', { remove: changes('rm', '-f', id) }, [gone(id)]), ...more },
    script,
  )
const has = (name: string) => existsSync(rig.in(name))
const ways = (first: Step, more: Step[] = []) => [
  phase('Fix', [either(first, sequence([state('second'), ...more]))]),
  leaves('after'),
]

test('the first way is gone where it can be; the second is written down as left out', async () => {
  const { ended, events, plan } = await rig.perform(ways(state('first')))
  expect(ended.verdict).toBe('done')
  expect([has('first'), has('second'), has('after')]).toEqual([true, false, true])
  expect(events).toContainEqual(
    expect.objectContaining({
      type: 'step-skipped',
      step: 'second',
      why: 'the other way was taken',
      seen: 'Leave first',
    }),
  )
  const second = plan!.steps.find(({ id }) => id === 'second')!
  expect(second.findings).toEqual(['the other way: only where "Leave first" fails, and has changed nothing'])
  expect(second.actions).toHaveLength(1)
})

test('where it fails and has changed nothing, --other-way takes the second, and both stand in the transcript', async () => {
  const { ended, events, context } = await rig.perform(ways(state('first', 'exit 3')), { otherWay: true })
  expect(ended.verdict).toBe('done')
  expect([has('first'), has('second'), has('after')]).toEqual([false, true, true])
  expect(events).toContainEqual(
    expect.objectContaining({
      type: 'answered',
      question: '"Leave first" failed. Go the other way: Leave second?',
      by: 'flag',
    }),
  )
  // It was looked at, not believed.
  expect(events).toContainEqual(
    expect.objectContaining({ type: 'looked', step: 'first', fact: 'first is gone', holds: true }),
  )
  expect(context.state.steps.get('first')!.state).toMatchObject({ is: 'skipped', seen: 'Leave second' })
})

test('what it has changed is seen, and then there is no other way', async () => {
  const { ended } = await rig.perform(ways(state('first', 'touch first; exit 3')), { otherWay: true })
  expect([ended.verdict, ended.exit]).toEqual(['failed', 1])
  expect([has('first'), has('second'), has('after')]).toEqual([true, false, false])
})

test('what goes forward only, or whose way back proves nothing, is taken for a change', async () => {
  const oneWay = state('first', 'exit 3', { undo: () => forwardOnly('it is sent', 'send another') })
  expect((await rig.perform(ways(oneWay), { otherWay: true })).ended.verdict).toBe('failed')
  const unproven = state('first', 'exit 3', { undo: () => reverse('code', { back: changes('true') }) })
  expect((await rig.perform(ways(unproven), { otherWay: true })).ended.verdict).toBe('failed')
  expect(has('second')).toBe(false)
})

test('without the flag and without a terminal it stops, whatever --yes says; on a terminal it is a choice', async () => {
  const closed = await rig.perform(ways(state('first', 'exit 3')), { yes: true, canAsk: false })
  expect([closed.ended.verdict, has('second')]).toEqual(['failed', false])
  const asked = await rig.perform(ways(state('first', 'exit 3')), {
    canAsk: true,
    replies: ['other-way'],
  })
  expect([asked.ended.verdict, has('second')]).toEqual(['done', true])
  expect(asked.questions[0]).toMatchObject({
    kind: 'choose',
    choices: expect.arrayContaining([{ name: 'Go the other way: Leave second', value: 'other-way' }]),
  })
})

test('an operator who has taken the change back by hand can go the other way after trying again', async () => {
  const undone = async () => {
    rmSync(rig.in('first'))
    return 'retry'
  }
  const { ended, questions } = await rig.perform(
    ways(state('first', 'test -e tried && exit 4; touch tried first; exit 3')),
    { canAsk: true, replies: [undone, 'other-way'] },
  )
  expect(JSON.stringify(questions[0])).not.toContain('Go the other way')
  expect(JSON.stringify(questions[1])).toContain('Go the other way')
  expect([ended.verdict, has('second')]).toEqual(['done', true])
})

test('a first way that cannot even be planned does not stop the plan; two such do', async () => {
  const cannot = (id: string) =>
    state(id, ':', {
      observe: async () => {
        throw unmet('the remote answers', 'it does not', 'git fetch')
      },
    })
  const open = await rig.plan(ways(cannot('first')))
  expect(open.failures).toEqual([])
  expect(open.plan.steps[0]).toMatchObject({ expects: 'later', seen: expect.stringContaining('it does not') })
  const closed = await rig.plan([either(cannot('first'), cannot('second'))])
  expect(closed.failures).toHaveLength(2)
  const refused = await rig.perform(ways(cannot('first')), { canAsk: false })
  expect(refused.ended).toMatchObject({
    exit: 3,
    failure: { unmet: [{ remedy: 'git fetch; or give --other-way: Leave second' }] },
  })
  const { ended } = await rig.perform(ways(cannot('first')), { otherWay: true })
  expect([ended.verdict, has('second')]).toEqual(['done', true])
})

test('what only one way needs does not stop the run where the other has all of its own', async () => {
  const needing = (id: string) => state(id, 'exit 3', { needs: () => [left(`tool-${id}`)] })
  expect((await rig.perform(ways(needing('first')), { otherWay: true })).ended.verdict).toBe('done')
  const both = await rig.perform([either(needing('first'), needing('other'))])
  expect(both.ended.exit).toBe(3)
  writeFileSync(rig.in('tool-other'), '')
  const one = [either(needing('first'), needing('other'))]
  expect((await rig.perform(one, { otherWay: true })).ended.exit).not.toBe(3)
  expect((await rig.perform(one, { canAsk: false })).ended.exit).toBe(3)
})

test('where the second way fails too, the run fails with that', async () => {
  const { ended } = await rig.perform([either(state('first', 'exit 3'), state('second', 'exit 4'))], {
    otherWay: true,
  })
  expect(ended.failure).toMatchObject({ kind: 'command-failed', exit: 4 })
})

test('resume goes on with the way that was taken, and with neither when one is done', async () => {
  const entries = ways(state('first', 'exit 3'), [state('third', 'test -e mended || exit 5')])
  const failed = await rig.perform(entries, { otherWay: true })
  expect(failed.ended.verdict).toBe('failed')
  const whole = { book: undefined as never, env: undefined as never, entries, steps: [], fingerprint: '' }
  expect(arrangeResume(whole, failed.context.state).steps.map(({ id }) => id)).toEqual(['third', 'after'])

  const done = await rig.perform(ways(state('first')))
  // As after a crash between the end of the first way and the line that leaves out the second.
  const cut = foldRun(done.events.filter(({ type }) => type !== 'step-skipped'))
  expect(arrangeResume({ ...whole, entries: ways(state('first')) }, cut).steps.map(({ id }) => id)).toEqual(
    [],
  )
})

test('a way is a step or a sequence: what else is in it is a mistake of the book', () => {
  const book = (entries: Entries) => ({
    name: 'b',
    environments: { staging: { app: { dir: '.' } } },
    deploy: () => entries,
  })
  const mistakes = (entries: Entries) => mistakesOf(book(entries), '/b.ts').map(({ expected }) => expected)
  expect(mistakes([either(sequence([leaves('a'), leaves('b')]), leaves('c'))])).toEqual([])
  for (const forked of [parallel([leaves('a'), leaves('b')]), either(leaves('a'), leaves('b'))])
    expect(mistakes([phase('P', [either(leaves('c'), sequence([forked]))])])).toEqual([
      expect.stringContaining('a way is a step, or a sequence of steps'),
    ])
})

test('rollback and verify see the steps of the way that was taken', async () => {
  const entries = ways(state('first', 'exit 3'))
  const ids = (taken: (id: string) => boolean) =>
    stepsTaken(entries, ({ id }) => taken(id)).map(({ id }) => id)
  expect(ids((id) => id === 'first')).toEqual(['second', 'after'])
  expect(ids((id) => id === 'second')).toEqual(['first', 'after'])
  expect(ids(() => false)).toEqual(['first', 'after'])
})
