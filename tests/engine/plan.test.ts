import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  changes,
  defineCheck,
  early,
  fails,
  forwardOnly,
  given,
  holds,
  instructs,
  nothingToUndo,
  parallel,
  phase,
  reads,
  reverse,
  sequence,
  unmet,
  writesFile,
} from '../../runbook/index.ts'
import { engineRig, leaves } from '../rig/engine-rig.ts'

let rig: ReturnType<typeof engineRig>
beforeEach(() => {
  rig = engineRig()
})
afterEach(() => rig.dispose())
const fact = (name: string, look: Parameters<typeof defineCheck>[0]['look']) =>
  defineCheck({ fact: name, remedy: `mend ${name}`, look })

describe('a plan', () => {
  test('tells each step with its place, its actions, its proofs and its way back, and changes nothing', async () => {
    const { plan, failures } = await rig.plan([
      phase('Code', [
        parallel([
          leaves('a', {
            undo: () => reverse('code', { back: changes('rm', 'a'), more: changes('echo', 'a b') }),
          }),
          sequence([leaves('b', { undo: () => forwardOnly('it is sent', 'send another') })]),
        ]),
      ]),
      leaves('c', {
        actions: ({ run }) => ({
          tell: instructs('Tell them'),
          write: writesFile(`${run.stamp}.txt`, 'x'),
          remove: given(['id'], ({ id }) => changes('rm', id)),
        }),
        undo: () => nothingToUndo('it is nothing'),
      }),
    ])
    expect(failures).toEqual([])
    expect(plan.steps).toMatchObject([
      {
        ...{
          id: 'a',
          phase: 'Code',
          parallel: true,
          expects: 'to-do',
          after: ['a is there'],
          undo: "rm a\necho 'a b'",
        },
        actions: [{ name: 'leave', printed: "sh -c ':; touch a'", byHand: false }],
      },
      { id: 'b', phase: 'Code', parallel: true, undo: 'cannot be undone: it is sent; instead: send another' },
      {
        ...{ id: 'c', phase: '', parallel: false, undo: 'nothing to undo: it is nothing' },
        actions: [
          { name: 'tell', printed: 'Tell them', byHand: true },
          { name: 'write', printed: 'write ‹stamp›.txt, 1 bytes', byHand: false },
          { name: 'remove', printed: 'rm ‹id›', byHand: false },
        ],
      },
    ])
    expect(readdirSync(rig.dir)).toEqual([])
    expect(existsSync(rig.nextJournal())).toBe(false)
  })

  test('tells what is done already', async () => {
    writeFileSync(rig.in('a'), '')
    const { plan } = await rig.plan([leaves('a'), leaves('b')])
    expect(plan.steps).toMatchObject([
      { expects: 'done', seen: 'a was found' },
      { expects: 'to-do', seen: '' },
    ])
  })

  test('collects everything that is wrong already, so that it can be said at once', async () => {
    const { plan, failures } = await rig.plan([
      leaves('a', {
        observe: async () => {
          throw unmet('a is well', 'it is not', 'mend a')
        },
      }),
      leaves('b', { observe: async ({ see }) => see(reads('no-such-program')) }),
      leaves('c', {
        before: () => [
          early(fact('c is well', async () => fails('it is not'))),
          fact('later', async () => fails('not now')),
        ],
      }),
      leaves('d'),
    ])
    expect(failures).toMatchObject([
      { kind: 'before-unmet', unmet: [{ fact: 'a is well' }] },
      { kind: 'command-missing', program: 'no-such-program' },
      { kind: 'before-unmet', unmet: [{ fact: 'c is well' }] },
    ])
    expect(plan.steps.map(({ expects }) => expects)).toEqual(['later', 'later', 'later', 'to-do'])
    const { ended } = await rig.perform([
      leaves('a', {
        observe: async () => {
          throw unmet('a is well', 'it is not', 'mend a')
        },
      }),
      leaves('b', { observe: async ({ see }) => see(reads('no-such-program')) }),
      leaves('d'),
    ])
    expect(ended).toMatchObject({
      exit: 3,
      failure: {
        kind: 'before-unmet',
        unmet: [{ fact: 'a is well' }, { seen: 'the program `no-such-program` was not found' }],
      },
    })
    expect(readdirSync(rig.dir)).toEqual([])
  })
})

describe('the output of a step', () => {
  const first = leaves(
    'first',
    { output: async ({ see }) => ({ made: await see(reads('cat', 'first')) }) },
    'echo a thing > first',
  )
  const second = leaves('second', {
    observe: async ({ outputOf }) => outputOf(first) as { made: string },
    actions: ({ observed }) => ({ use: changes('sh', '-c', 'printf %s "$1" > second', 'sh', observed.made) }),
  })

  test('is known to later ones, and a plan says what it waits for', async () => {
    const { plan } = await rig.plan([first, second])
    expect(plan.steps[1]).toMatchObject({ expects: 'later', seen: 'needs the output of first', actions: [] })
    const { ended, events } = await rig.perform([first, second])
    expect(ended.exit).toBe(0)
    expect(events.find((event) => event.type === 'action-started' && event.step === 'second')).toMatchObject({
      printed: `sh -c 'printf %s "$1" > second' sh 'a thing'`,
    })
  })

  test('of one that is done already is read from the world', async () => {
    writeFileSync(rig.in('first'), 'an older thing')
    const { events } = await rig.perform([first, second])
    expect(events.find(({ type }) => type === 'step-skipped')).toMatchObject({
      step: 'first',
      output: { made: 'an older thing' },
    })
    expect(events.filter(({ type }) => type === 'observed').at(-1)).toMatchObject({
      observed: { made: 'an older thing' },
    })
  })

  test('that can be foreseen makes a plan whole', async () => {
    const foreseeing = { ...first, foresee: () => ({ made: 'what will be' }) }
    const user = {
      ...second,
      observe: async ({ outputOf }: Parameters<typeof second.observe>[0]) => outputOf(foreseeing),
    }
    const { plan } = await rig.plan([foreseeing, user])
    expect(plan.steps[1]).toMatchObject({
      expects: 'to-do',
      actions: [{ printed: expect.stringContaining("'what will be'") }],
    })
  })

  test('of one that stands later, or not in the book, does not hang or crash the run', async () => {
    const { ended } = await rig.perform([second, first])
    expect(ended.failure).toMatchObject({ kind: 'before-unmet', unmet: [{ fact: 'the step first is done' }] })
  })
})

describe('the revision', () => {
  const mover = (to: () => string) =>
    leaves('move', {
      sort: 'state',
      observe: async () => ({ to: to() }),
      revision: ({ observed }) => ({ from: 'f0', to: observed.to }),
    })

  test('that the plan has is the one that is performed, and later steps know it', async () => {
    const seen: unknown[] = []
    const { plan, ended } = await rig.perform([
      mover(() => 't1'),
      leaves('look', {
        observe: async ({ revision }) => {
          seen.push(revision)
          return null
        },
      }),
    ])
    expect(plan?.revision).toEqual({ from: 'f0', to: 't1' })
    expect(seen).toEqual([
      { from: 'f0', to: 't1' },
      { from: 'f0', to: 't1' },
    ])
    expect(ended.exit).toBe(0)
  })

  test('that moved after the plan was confirmed ends the run before anything is done', async () => {
    let looks = 0
    const { ended, story } = await rig.perform([mover(() => `t${looks++}`)])
    expect(ended).toMatchObject({ exit: 3, failure: { kind: 'moved', was: 't0', is: 't1' } })
    expect(story).toEqual(['step-started move', 'step-failed move'])
  })
})

describe('the checklist', () => {
  const needing = (id: string, ...needs: ReturnType<typeof defineCheck>[]) =>
    leaves(id, { needs: () => needs })

  test('is looked at before anything else, each fact once, and everything is named in its order', async () => {
    const looks: string[] = []
    const need = (name: string, well: boolean) =>
      fact(name, async ({ sleep }) => {
        looks.push(name)
        await sleep(name === 'a' ? 30 : 0)
        return well ? holds(`${name} is`) : fails(`no ${name}`)
      })
    const { ended, plan, story } = await rig.perform([
      needing('one', need('a', false), need('b', true)),
      needing('two', need('b', true), need('c', false), need('d', false)),
    ])
    expect(looks.sort()).toEqual(['a', 'b', 'c', 'd'])
    expect(ended).toMatchObject({
      exit: 3,
      failure: { kind: 'before-unmet', unmet: [{ fact: 'a' }, { fact: 'c' }, { fact: 'd' }] },
    })
    expect([plan, story]).toEqual([undefined, []])
  })

  test('is looked at several at once, but not all', async () => {
    let [now, most] = [0, 0]
    const needs = Array.from({ length: 30 }, (_, i) =>
      fact(`n${i}`, async ({ sleep }) => {
        most = Math.max(most, ++now)
        await sleep(5)
        now -= 1
        return holds('')
      }),
    )
    await rig.perform([needing('one', ...needs)])
    expect(most).toBeGreaterThan(1)
    expect(most).toBeLessThanOrEqual(6)
  })
})
