import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { changes, either, instructs, parallel, sequence } from '../../runbook/index.ts'
import type { Entries } from '../../runbook/model/book.ts'
import type { Step } from '../../runbook/model/step.ts'
import { engineRig, leaves, left, type Performed } from '../rig/engine-rig.ts'

// What restarts, reloads or notifies is done when it was performed for this change, whatever looked right before.

let rig: ReturnType<typeof engineRig>
beforeEach(() => {
  rig = engineRig()
})
afterEach(() => rig.dispose())

/** A step that writes down that it was performed, and whose proof holds from the first time on. */
const marks = (id: string, more: Partial<Step> = {}): Step =>
  leaves(id, {
    actions: () => ({ mark: changes('sh', '-c', `echo ${id} >> log; touch ${id}`) }),
    after: () => [left(id)],
    ...more,
  })
const log = () => (existsSync(rig.in('log')) ? readFileSync(rig.in('log'), 'utf8').trim().split('\n') : [])
const done = (...ids: string[]) => {
  for (const id of ids) writeFileSync(rig.in(id), '')
}
const expectsOf = async (entries: Entries) =>
  (await rig.plan(entries)).plan.steps.map(({ id, expects }) => `${id} ${expects}`)
const code = (id = 'code') => marks(id, { sort: 'state' })
const endOf = ({ events }: Performed, step: string) =>
  events.findLast((event) => 'step' in event && event.step === step && /^step-/.test(event.type))?.type

/** Plans and performs: what the plan expects is what happens. Gives what was performed. */
const performed = async (entries: Entries): Promise<string[]> => {
  const expected = await rig.plan(entries)
  const before = log().length
  const run = await rig.perform(entries)
  expect(run.ended.exit, JSON.stringify(run.ended)).toBe(0)
  for (const { id, expects } of expected.plan.steps)
    expect(`${id} ${endOf(run, id)}`).toBe(`${id} ${expects === 'done' ? 'step-skipped' : 'step-done'}`)
  return log().slice(before)
}

describe('a step that follows', () => {
  test('is performed where what is above it has changed something, although its proof holds', async () => {
    done('restart')
    expect(await performed([code(), marks('restart')])).toEqual(['code', 'restart'])
  })

  test('is already done where nothing above it changes anything', async () => {
    done('code', 'restart')
    expect(await performed([code(), marks('restart')])).toEqual([])
  })

  test('follows from what follows, too', async () => {
    done('code', 'restart')
    expect(await performed([code(), marks('install'), marks('restart')])).toEqual(['install', 'restart'])
  })

  test('does not follow from what only prepares or verifies, nor from what stands below it', async () => {
    done('restart')
    const around = [
      marks('backup', { sort: 'prepares' }),
      marks('look', { sort: 'verifies' }),
      marks('restart'),
      code(),
    ]
    expect(await performed(around)).toEqual(['backup', 'look', 'code'])
  })

  test('is skipped where its proof is by content, whatever has changed', async () => {
    done('install', 'restart')
    const install = marks('install', { provenByContent: true })
    expect(await performed([code(), install, marks('restart')])).toEqual(['code', 'restart'])
  })

  test('which is a state is a change, and done by its proof', async () => {
    done('column')
    expect(await performed([code(), marks('column', { sort: 'state' })])).toEqual(['code'])
  })

  test('does not follow from what stands beside it, but from what stands before both', async () => {
    done('a', 'b')
    expect(await performed([parallel([sequence([code('one'), marks('a')]), marks('b')])])).toEqual([
      'one',
      'a',
    ])
    rmSync(rig.in('one'))
    rmSync(rig.in('log'))
    const both = await performed([code('one'), parallel([marks('a'), marks('b')])])
    expect(both.sort()).toEqual(['a', 'b', 'one'])
  })

  test('does not follow from the way that is not taken, but from the one that may be', async () => {
    done('first', 'restart')
    const entries = [either(code('first'), code('second')), marks('restart')]
    expect(await expectsOf(entries)).toContain('restart done')
    expect((await rig.perform(entries)).ended.exit).toBe(0)
    expect(log()).toEqual([])
    rmSync(rig.in('first'))
    const { story, ended } = await rig.perform(
      [either(leaves('first', {}, 'exit 1'), code('second')), marks('restart')],
      {
        otherWay: true,
      },
    )
    expect(ended.exit).toBe(0)
    expect(story).toContain('step-done second')
    expect(log()).toEqual(['second', 'restart'])
  })

  test('says in the plan why it would run, and in the transcript why it did', async () => {
    done('restart')
    const entries = [code(), marks('restart')]
    expect((await rig.plan(entries)).plan.steps[1]!.findings).toEqual([
      'it would run, because "Leave code" changes something before it; that its proof holds already does not count: restart was found',
    ])
    const { events } = await rig.perform(entries)
    expect(events).toContainEqual(
      expect.objectContaining({
        type: 'looked',
        step: 'restart',
        fact: 'it is performed, although what it should bring about holds already',
        seen: '"Leave code" has changed something before it',
      }),
    )
  })

  test('may run where it cannot be known what a step above it would do', async () => {
    done('restart')
    const later = marks('later', { observe: async ({ outputOf }) => outputOf(code()) as null })
    expect((await rig.plan([code(), later, marks('restart')])).plan.steps.at(-1)).toMatchObject({
      expects: 'to-do',
    })
  })
})

describe('a step that failed after it was performed', () => {
  test('is done where its proof holds by the time it is tried again', async () => {
    done('restart')
    const entries = [code(), marks('restart', { after: () => [left('restart'), left('healthy')] })]
    const run = await rig.perform(entries, {
      canAsk: true,
      replies: [
        async () => {
          done('healthy')
          return 'retry'
        },
      ],
    })
    expect(run.ended.exit, JSON.stringify(run.ended)).toBe(0)
    expect(log()).toEqual(['code', 'restart'])
  })

  test('is performed again where it did not come to its end, although its proof holds, as it did before', async () => {
    done('restart', 'broken')
    const script = 'echo restart >> log; if [ -e broken ]; then rm broken; exit 1; fi'
    const restart = marks('restart', { actions: () => ({ act: changes('sh', '-c', script) }) })
    const run = await rig.perform([code(), restart], {
      canAsk: true,
      replies: ['retry'],
    })
    expect(run.ended.exit, JSON.stringify(run.ended)).toBe(0)
    expect(log()).toEqual(['code', 'restart', 'restart'])
  })
})

describe('an earlier run', () => {
  /** Puts the last transcript where a run of that time and command has it. */
  const keepAs = (id: string) => {
    const to = join(rig.home, '.runbook/runs', id, 'journal.jsonl')
    mkdirSync(dirname(to), { recursive: true })
    renameSync(lastJournal, to)
  }
  let lastJournal = ''
  const run = async (id: string, entries: Entries) => {
    const { ended, journal } = await rig.perform(entries, { run: id })
    lastJournal = journal
    keepAs(id)
    return ended
  }
  const failing = leaves('failing', {}, 'exit 3')

  test('that ended before it came to the step leaves it to be done', async () => {
    done('restart')
    expect(
      (await run('20261101T000000Z-staging-deploy-0001', [code(), failing, marks('restart')])).exit,
    ).toBe(1)
    expect(log()).toEqual(['code'])
    const entries = [code(), marks('restart')]
    expect((await rig.plan(entries)).plan.steps[1]!.findings[0]).toMatch(
      /^it would run, because the run 20261101T000000Z-staging-deploy-0001 changed something, "Leave code", and did not come to it;/,
    )
    expect(await performed(entries)).toEqual(['restart'])
  })

  test('that performed the step has done it, also where a later one changed nothing', async () => {
    done('restart')
    await run('20261101T000000Z-staging-deploy-0001', [code(), failing, marks('restart')])
    await run('20261102T000000Z-staging-deploy-0002', [code(), marks('restart')])
    await run('20261103T000000Z-staging-deploy-0003', [code(), marks('restart')])
    expect(log()).toEqual(['code', 'restart'])
    expect(await performed([code(), marks('restart')])).toEqual([])
  })

  test('of another page counts where it changed a state, and not where it only did again what follows', async () => {
    done('code', 'restart')
    await run('20261101T000000Z-staging-deploy-0001', [marks('clear')])
    expect(await performed([code(), marks('restart')])).toEqual([])
    await run('20261102T000000Z-staging-deploy-0002', [marks('edit', { sort: 'state' })])
    expect(await performed([code(), marks('restart')])).toEqual(['restart'])
  })
})

test('what a person confirms by hand is a change like any other, of the sort that its book names', async () => {
  done('restart')
  const byHand = leaves('by-hand', {
    sort: 'state',
    actions: () => ({ tell: instructs('Move the code') }),
    after: () => [
      { ...left('code'), look: async ({ performed }) => ({ holds: !!performed('tell'), seen: '' }) },
    ],
  })
  const run = await rig.perform([byHand, marks('restart')])
  expect(run.ended.exit, JSON.stringify(run.ended)).toBe(0)
  expect(log()).toEqual(['restart'])
})
