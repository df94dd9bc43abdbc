import fs, { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { syncBuiltinESMExports } from 'node:module'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  changes,
  defineCheck,
  early,
  executes,
  fails,
  given,
  holds,
  instructs,
  reads,
  reverse,
  sends,
  within,
  writesFile,
} from '../../runbook/index.ts'
import type { Event } from '../../runbook/model/event.ts'
import { engineRig, leaves, left, quickClock } from '../rig/engine-rig.ts'

let rig: ReturnType<typeof engineRig>
const ends: (() => unknown)[] = []
beforeEach(() => {
  rig = engineRig()
})
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
  rig.dispose()
})
const of = (events: Event[], step: string) =>
  events
    .filter((event) => 'step' in event && event.step === step)
    // Of a program that has ended at once nothing tells when it began.
    .filter((event) => !(event.type === 'looked' && event.process))
    .map((event) =>
      event.type === 'looked' ? `looked ${event.side} ${event.fact}: ${event.seen}` : event.type,
    )
const during = (events: Event[]) => events.slice(events.findIndex(({ type }) => type === 'answered') + 1)
const fact = (name: string, look: Parameters<typeof defineCheck>[0]['look']) =>
  defineCheck({ fact: name, remedy: `mend ${name}`, look })

describe('the life of a step', () => {
  test('is observed, looked whether done, checked, frozen, performed and proven, in this order', async () => {
    const { events, ended } = await rig.perform([
      leaves('one', {
        sort: 'state',
        observe: async ({ see }) => ({ saw: await see(reads('echo', 'something')) }),
        before: () => [fact('it may begin', async () => holds('it may'))],
        output: async ({ see }) => see(reads('cat', 'one')),
        summary: ({ observed }) => `after ${observed.saw}`,
      }),
    ])
    expect(ended).toEqual({ verdict: 'done', exit: 0 })
    expect(of(during(events), 'one')).toEqual([
      'step-started',
      'observed',
      'looked already one is there: no one',
      'looked before it may begin: it may',
      'undo-frozen',
      'action-started',
      'action-ended',
      'looked after one is there: one was found',
      'step-done',
    ])
    expect(events.find(({ type }) => type === 'observed')).toMatchObject({ observed: { saw: 'something' } })
    expect(events.at(-2)).toMatchObject({ type: 'step-done', output: '', summary: 'after something' })
  })

  test('ends before it begins where everything holds already', async () => {
    writeFileSync(rig.in('one'), '')
    const { events, ended } = await rig.perform([leaves('one')])
    expect(ended.exit).toBe(0)
    expect(of(during(events), 'one')).toEqual([
      'step-started',
      'observed',
      'looked already one is there: one was found',
      'step-skipped',
    ])
    expect(events.at(-2)).toMatchObject({ why: 'already done', seen: 'one was found' })
  })

  test('ends there also where a proof has nothing to tell', async () => {
    const silent = leaves('one', { after: () => [fact('silence', async () => holds(''))] })
    const { story, plan } = await rig.perform([silent])
    expect(plan?.steps[0]?.expects).toBe('done')
    expect(story.at(-1)).toBe('step-skipped one')
  })

  test.each(['verifies', 'prepares'] as const)('of the sort %s is never done already', async (sort) => {
    writeFileSync(rig.in('one'), '')
    const { story } = await rig.perform([leaves('one', { sort })])
    expect(story).toContain('action-started one')
    expect(story.filter((line) => !line.startsWith('verified')).at(-1)).toBe('step-done one')
  })

  test('without an action is never done already: what it sees is its work', async () => {
    writeFileSync(rig.in('one'), '')
    const { story } = await rig.perform([leaves('one', { actions: () => ({}) })])
    expect(story.at(-1)).toBe('step-done one')
  })

  test('stops before its first effect where it may not begin, and names everything that is in the way', async () => {
    const { story, ended } = await rig.perform([
      leaves('one', {
        before: () => [
          fact('a', async () => fails('no a', { tail: 'the log of a' })),
          fact('b', async () => holds('b')),
          fact('c', async ({ see }) => holds(await see(reads('no-such-program')))),
        ],
      }),
    ])
    expect(story).not.toContain('undo-frozen one')
    expect(story.at(-1)).toBe('step-failed one')
    expect(existsSync(rig.in('one'))).toBe(false)
    expect(ended).toEqual({
      verdict: 'failed',
      exit: 3,
      failure: {
        kind: 'before-unmet',
        unmet: [
          { fact: 'a', seen: 'no a', remedy: 'mend a' },
          {
            ...{ fact: 'c', seen: 'the program `no-such-program` was not found' },
            remedy: 'install no-such-program, or put its folder into PATH',
          },
        ],
        tail: 'the log of a',
      },
    })
  })

  test('is not done because a program says so: what it should have brought about is looked at', async () => {
    const { ended, story } = await rig.perform([
      leaves('one', { actions: () => ({ act: changes('true') }) }),
      leaves('two'),
    ])
    expect(ended).toMatchObject({
      exit: 1,
      failure: {
        kind: 'after-unmet',
        unmet: [{ fact: 'one is there', seen: 'no one', remedy: 'touch one' }],
      },
    })
    expect(story).not.toContain('step-started two')
  })

  test('fails with the last lines of the program that failed', async () => {
    const script = 'seq 1 1000; echo the reason >&2; exit 7'
    const { ended, events } = await rig.perform([leaves('one', {}, script)])
    const failure = ended.failure as { tail: string }
    expect(ended).toMatchObject({ exit: 1, failure: { kind: 'command-failed', exit: 7 } })
    expect(failure.tail.split('\n').slice(-2)).toEqual(['1000', 'the reason'])
    expect(failure.tail.length).toBeLessThan(4001)
    expect(events.find(({ type }) => type === 'action-ended')).toMatchObject({ ok: false, exit: 7 })
  })

  test('with a mistake in it is a mistake of the book, with where it is', async () => {
    const broken = leaves('one', { summary: () => (undefined as unknown as { x: string }).x })
    const { ended } = await rig.perform([broken])
    expect(ended).toMatchObject({
      exit: 1,
      failure: { kind: 'bug', stack: expect.stringContaining('step-life.test') },
    })
  })

  test('that performs what it has not planned is a mistake, and nothing of it is done', async () => {
    const { ended } = await rig.perform([
      leaves('one', { run: ({ perform }) => (perform as (name: string) => Promise<void>)('other') }),
    ])
    expect(ended.failure).toMatchObject({
      kind: 'bug',
      message: "step one performs 'other', which it has not planned",
    })
  })

  test('that would change something by looking is a mistake, and nothing of it is done', async () => {
    const sly = changes('touch', 'sly') as unknown as ReturnType<typeof reads>
    const looking = leaves('one', { observe: async ({ see }) => see(sly) })
    await expect(rig.plan([looking])).rejects.toThrow('may not change anything')
    const { ended } = await rig.perform([looking])
    expect(ended.failure).toMatchObject({ kind: 'bug' })
    expect(existsSync(rig.in('sly'))).toBe(false)
  })

  test('may go on after an action that fails', async () => {
    const { ended, events } = await rig.perform([
      leaves('one', {
        actions: () => ({ first: changes('false'), second: changes('touch', 'one') }),
        run: async ({ perform }) => {
          await perform('first').catch(() => {})
          await perform('second')
        },
      }),
    ])
    expect(ended.exit).toBe(0)
    expect(events.flatMap((event) => (event.type === 'action-ended' ? [event.ok] : []))).toEqual([
      false,
      true,
    ])
  })

  test('fills in what is known only while it runs, and records it', async () => {
    const { events } = await rig.perform([
      leaves('one', {
        actions: () => ({ write: given(['name'], ({ name }) => writesFile(name, 'x')) }),
        run: async ({ perform, see }) => {
          await perform('write', { name: await see(reads('echo', 'one')) })
        },
      }),
    ])
    expect(events.find(({ type }) => type === 'action-started')).toMatchObject({
      ...{ action: 'write', printed: 'write one, 1 bytes', values: { name: 'one' } },
    })
  })

  test('proves what it finds out while it acts, and stops where that does not hold', async () => {
    const proving = (holds: boolean) =>
      leaves('one', {
        run: async ({ perform, prove }) => {
          prove('the answer is right', { holds, seen: '42', tail: 'the whole answer' }, 'ask again')
          await perform('leave')
        },
      })
    expect((await rig.perform([proving(false)])).ended).toMatchObject({
      exit: 3,
      failure: {
        kind: 'after-unmet',
        unmet: [{ seen: '42', remedy: 'ask again' }],
        tail: 'the whole answer',
      },
    })
    const { events } = await rig.perform([proving(true)])
    expect(of(during(events), 'one')).toContain('looked after the answer is right: 42')
  })

  test('can tell by the transcript what it has performed', async () => {
    const performed: (string | undefined)[] = []
    await rig.perform([
      leaves('one', {
        run: async ({ perform, performed: did }) => {
          performed.push(did('leave'))
          await perform('leave')
          performed.push(did('leave'), did('other'))
        },
      }),
    ])
    expect(performed).toEqual([undefined, expect.stringMatching(/^exit 0 in \d+ ms$/), undefined])
  })

  test('an instruction that somebody confirmed is performed with the note', async () => {
    const byHand = leaves('one', {
      actions: () => ({ tell: instructs('Tell the team') }),
      after: () => [fact('it was told', async ({ performed }) => holds(performed('tell') ?? 'not'))],
      sort: 'prepares',
    })
    const { events, questions } = await rig.perform([byHand], {
      yes: false,
      confirm: 'staging',
      canAsk: true,
      replies: ['yes', 'told Ada'],
    })
    expect(questions.map(({ message }) => message)).toEqual([
      'Tell the team',
      'A note for the transcript (or Enter):',
    ])
    expect(of(during(events), 'one')).toContainEqual(
      expect.stringMatching(/^looked after it was told: confirmed by \S.*: told Ada$/),
    )
  })

  test('without a database names the key of the book', async () => {
    const { ended } = await rig.perform([leaves('one', { actions: () => ({ act: executes('SELECT 1') }) })])
    expect(ended.failure).toMatchObject({
      kind: 'before-unmet',
      unmet: [{ remedy: "write database: { url: secret('DATABASE_URL') } into environments.staging" }],
    })
  })
})

describe('before its first effect', () => {
  test('the way back and the effect stand in the transcript', async () => {
    const back = reverse('code', { back: changes('rm', 'one') })
    const copying = leaves(
      'one',
      { undo: () => back, sort: 'state' },
      'cp ../.runbook/runs/0/journal.jsonl copy',
    )
    const { ended } = await rig.perform([copying])
    expect(ended.exit).toBe(0)
    const then = readFileSync(rig.in('copy'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
      .filter(({ type }) => type !== 'looked')
    expect(then.slice(-2)).toMatchObject([
      {
        type: 'undo-frozen',
        undo: { kind: 'reverse', of: 'code', actions: { back: { argv: ['rm', 'one'] } } },
      },
      { type: 'action-started', action: 'leave' },
    ])
  })

  test('what announces it has reached the disk', async () => {
    // Only watched: each call goes through.
    const { fsyncSync } = fs
    const synced = new Map<number, number>()
    fs.fsyncSync = (fd) => {
      fsyncSync(fd)
      synced.set(fs.fstatSync(fd).ino, fs.fstatSync(fd).size)
    }
    syncBuiltinESMExports()
    ends.push(() => {
      fs.fsyncSync = fsyncSync
      syncBuiltinESMExports()
    })
    const path = rig.nextJournal()
    const seen: { written: number; safe: number | undefined; last: string }[] = []
    const server = createServer((_, answer) => {
      const { size, ino } = statSync(path)
      const last = JSON.parse(readFileSync(path, 'utf8').trim().split('\n').at(-1)!)
      seen.push({ written: size, safe: synced.get(ino), last: `${last.type} ${last.action}` })
      answer.end()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    ends.push(() => {
      server.closeAllConnections()
      server.close()
    })
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const { ended } = await rig.perform([
      leaves('one', {
        actions: () => ({
          first: sends('POST', url),
          second: sends('PUT', url),
          leave: changes('touch', 'one'),
        }),
      }),
    ])
    expect(ended.exit).toBe(0)
    expect(seen.map(({ last }) => last)).toEqual(['action-started first', 'action-started second'])
    for (const { written, safe } of seen) expect(safe).toBe(written)
  })
})

describe('patience', () => {
  const counting = (holdsAt: number, final = Number.POSITIVE_INFINITY) => {
    const looks = { count: 0 }
    const check = fact('it comes about', async () => {
      looks.count += 1
      return looks.count >= holdsAt
        ? holds(`look ${looks.count}`)
        : fails('not yet', { final: looks.count >= final })
    })
    return { looks, check }
  }
  const patient = () => {
    rig.dispose()
    const clock = quickClock()
    rig = engineRig({ clock })
    return clock
  }
  /** What a step's own work looks at while it has actions; `verifies`, so that nothing is looked at before. */
  const waiting = (...after: [ReturnType<typeof defineCheck>, ...ReturnType<typeof defineCheck>[]]) =>
    leaves('one', { sort: 'verifies', after: () => after })

  test('looks again every so often until it holds', async () => {
    const clock = patient()
    const { looks, check } = counting(4)
    const { ended, events } = await rig.perform([waiting(within(check, 10_000, 250))])
    expect([ended.exit, looks.count, clock.slept]).toEqual([0, 4, [250, 250, 250]])
    expect(events.findLast(({ type }) => type === 'looked')).toMatchObject({ seen: 'look 4', ms: 750 })
  })

  test('ends when its time is over', async () => {
    const clock = patient()
    const { looks, check } = counting(1000)
    const { ended } = await rig.perform([waiting(within(check, 1000, 300))])
    expect([ended.exit, looks.count, clock.slept]).toEqual([1, 5, [300, 300, 300, 300]])
  })

  test('ends at once where waiting will not help', async () => {
    const clock = patient()
    const { looks, check } = counting(1000, 2)
    await rig.perform([waiting(within(check, 10_000, 300))])
    expect([looks.count, clock.slept]).toEqual([2, [300]])
  })

  test('ends for all others with the first that does not hold', async () => {
    const clock = patient()
    const [first, second] = [counting(1000), counting(1000)]
    const { ended } = await rig.perform([
      waiting(within(first.check, 600, 300), within(second.check, 600, 300)),
    ])
    expect([first.looks.count, second.looks.count, clock.slept]).toEqual([3, 1, [300, 300]])
    expect(ended.failure).toMatchObject({ unmet: [{}, {}] })
  })

  test('is not had where it is only looked whether it is done already, nor by a plan', async () => {
    const clock = patient()
    const { looks, check } = counting(1000)
    await rig.plan([
      leaves('one', {
        before: () => [early(within(check, 5000, 250))],
        after: () => [within(left('x'), 5000)],
      }),
    ])
    expect([looks.count, clock.slept]).toEqual([1, []])
  })
})
