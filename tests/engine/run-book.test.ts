import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { changes, parallel, phase, sequence } from '../../runbook/index.ts'
import { Failed } from '../../runbook/model/failure.ts'
import type { Step } from '../../runbook/model/step.ts'
import { until } from '../rig/command-line.ts'
import { engineRig, leaves, type Performed } from '../rig/engine-rig.ts'

let rig: ReturnType<typeof engineRig>
beforeEach(() => {
  rig = engineRig()
})
afterEach(() => rig.dispose())

/** Which steps began and ended, in the order of the transcript. */
const order = ({ story }: Performed) =>
  story.filter((line) => /^step-/.test(line)).map((line) => line.replace(/^step-/, ''))
/** Waits for a file that another step or the test leaves. */
const waits = (id: string, file: string, more?: Partial<Step>) =>
  leaves(id, more, `until test -e ${file}; do sleep 0.02; done`)
const fails = (id: string, script = ':') => leaves(id, {}, `${script}; exit 3`)

describe('the order', () => {
  test('is the order of the page, through phases and sequences; what is falsy is dropped', async () => {
    const off = false as boolean
    const run = await rig.perform([
      leaves('one'),
      phase('Two', [
        leaves('two'),
        off && leaves('never'),
        sequence([leaves('three'), phase('Inner', [leaves('four')])]),
        null,
        undefined,
        '',
        0,
      ]),
      phase('Empty', []),
      leaves('five'),
    ])
    expect(order(run)).toEqual(
      ['one', 'two', 'three', 'four', 'five'].flatMap((id) => [`started ${id}`, `done ${id}`]),
    )
  })

  test('ends with a step that fails', async () => {
    const run = await rig.perform([leaves('one'), fails('two'), leaves('three')])
    expect(order(run)).toEqual(['started one', 'done one', 'started two', 'failed two'])
    expect(run.ended).toMatchObject({
      verdict: 'failed',
      exit: 1,
      failure: { kind: 'command-failed', exit: 3 },
    })
  })
})

describe('parallel', () => {
  test('runs its entries at the same time, each sequence in order, and goes on when all are done', async () => {
    // Each of them waits for what the other leaves.
    const run = await rig.perform([
      parallel([
        sequence([leaves('a1'), waits('a2', 'b1')]),
        sequence([waits('b1', 'a1'), waits('b2', 'a2')]),
      ]),
      leaves('last'),
    ])
    expect(run.ended.exit).toBe(0)
    expect(order(run).slice(-2)).toEqual(['started last', 'done last'])
  })

  test('of one entry is that entry', async () => {
    const run = await rig.perform([parallel([leaves('one')])])
    expect(run.plan?.steps[0]?.parallel).toBe(false)
    expect(order(run)).toEqual(['started one', 'done one'])
  })

  test('lets the others finish their step when one fails, and begins no further one', async () => {
    const run = await rig
      .perform([
        parallel([
          sequence([
            waits('failing', 'begun', {
              actions: () => ({
                act: changes('sh', '-c', 'until test -e begun; do sleep 0.02; done; exit 3'),
              }),
            }),
            leaves('never-a'),
          ]),
          sequence([leaves('long', {}, 'touch begun; sleep 0.5'), leaves('never-b')]),
          phase('Inner', [sequence([waits('slow', 'long'), leaves('never-c')])]),
        ]),
        leaves('never-d'),
      ])
      .finally(() => {})
    // Nothing leaves that file: the test does, when the failure stands in the transcript.
    expect(run.ended).toMatchObject({ exit: 1, failure: { kind: 'command-failed', exit: 3 } })
    expect(order(run)).toEqual(expect.arrayContaining(['failed failing', 'done long', 'done slow']))
    expect(order(run).join()).not.toContain('never')
  })

  test('tells the failure of each branch in the transcript, and one of them at the end', async () => {
    const run = await rig.perform([parallel([fails('a'), fails('b')])])
    expect(order(run).sort()).toEqual(['failed a', 'failed b', 'started a', 'started b'])
    expect(run.ended.failure).toMatchObject({ kind: 'command-failed' })
  })
})

describe('an interrupt', () => {
  test('ends what runs, in all branches, and begins nothing more', async () => {
    const transcript = rig.nextJournal()
    const running = rig.perform([
      parallel([waits('a', 'never-there'), sequence([waits('b', 'never-there'), leaves('c')])]),
      leaves('d'),
    ])
    await until(
      () => existsSync(transcript) && readFileSync(transcript, 'utf8').match(/action-started/g)?.length === 2,
    )
    rig.abort.abort(new Failed({ kind: 'interrupted', signal: 'SIGINT' }))
    const run = await running
    expect(run.ended).toEqual({
      verdict: 'interrupted',
      exit: 130,
      failure: { kind: 'interrupted', signal: 'SIGINT' },
    })
    expect(order(run).join()).not.toMatch(/started [cd]/)
    for (const event of run.events)
      if (event.type === 'step-failed')
        expect(event.failure).toEqual({ kind: 'interrupted', signal: 'SIGINT' })
  })

  test('lets a step clean up after itself', async () => {
    const run = await rig.perform([
      leaves('one', {
        actions: () => ({ act: changes('touch', 'made'), remove: changes('rm', 'made') }),
        run: async ({ perform, cleanUp, sleep }) => {
          await perform('act')
          try {
            rig.abort.abort(new Failed({ kind: 'interrupted', signal: 'SIGTERM' }))
            await sleep(600_000)
          } finally {
            await cleanUp('remove')
          }
        },
      }),
    ])
    expect(run.ended).toMatchObject({ verdict: 'interrupted', exit: 143 })
    expect(existsSync(rig.in('made'))).toBe(false)
  })
})

describe('after a failure', () => {
  const flaky = (more: Partial<Step> = {}) =>
    leaves('flaky', more, 'test -e mended || { touch mended; exit 3; }')

  test('with somebody there the step may be tried again', async () => {
    const run = await rig.perform([flaky(), leaves('next')], { canAsk: true, replies: ['retry'] })
    expect(order(run)).toEqual([
      'started flaky',
      'failed flaky',
      'started flaky',
      'done flaky',
      'started next',
      'done next',
    ])
    expect(run.ended.exit).toBe(0)
    expect(run.questions).toMatchObject([{ kind: 'choose', message: '"Leave flaky" failed. What now?' }])
  })

  test('only an optional one may be left out', async () => {
    const values = (run: Performed) =>
      run.questions.flatMap((question) =>
        question.kind === 'choose' ? question.choices.map(({ value }) => value) : [],
      )
    const run = await rig.perform([flaky({ optional: true }), leaves('next')], {
      canAsk: true,
      replies: ['skip'],
    })
    expect(values(run)).toEqual(['retry', 'skip', 'stop'])
    expect(order(run)).toEqual([
      'started flaky',
      'failed flaky',
      'skipped flaky',
      'started next',
      'done next',
    ])
    expect(run.ended.exit).toBe(0)
    const strict = await rig.perform([fails('strict')], { canAsk: true, replies: ['stop', 'because'] })
    expect(values(strict)).toEqual(['retry', 'stop'])
    expect(strict.ended.exit).toBe(1)
  })

  test('nothing is begun beside it until it is decided', async () => {
    const whenSlowIsDone =
      (reply: string, transcript = rig.nextJournal()) =>
      async () => {
        // Only now: it would be right to begin the next one before the failure is known.
        writeFileSync(rig.in('asked'), '')
        await until(() => readFileSync(transcript, 'utf8').includes('"step-done","step":"slow"'))
        // Long enough for a further step to begin, if it could.
        for (let i = 0; i < 20; i++) await new Promise(setImmediate)
        return reply
      }
    const book = [parallel([flaky({ optional: true }), sequence([waits('slow', 'asked'), leaves('next')])])]
    const stopped = await rig.perform(book, { canAsk: true, replies: [whenSlowIsDone('stop'), 'because'] })
    expect(order(stopped)).toEqual(expect.arrayContaining(['failed flaky', 'done slow']))
    expect(order(stopped)).not.toContain('started next')
    for (const left of ['slow', 'mended', 'asked']) rmSync(rig.in(left))
    const gone = await rig.perform(book, { canAsk: true, replies: [whenSlowIsDone('skip')] })
    expect(order(gone).slice(-3)).toEqual(['skipped flaky', 'started next', 'done next'])
  })

  test('with nobody there it stops, also for an optional one', async () => {
    const run = await rig.perform([fails('one'), leaves('two')])
    expect([run.ended.exit, run.questions]).toEqual([1, []])
    const optional = await rig.perform([leaves('three', { optional: true }, 'exit 3'), leaves('four')])
    expect(optional.ended.exit).toBe(1)
  })

  test('what was stopped is started again, whatever failed in between', async () => {
    const run = await rig.perform([
      leaves('stop'),
      fails('between'),
      leaves('never'),
      leaves('start', { regardless: true }),
    ])
    expect(order(run)).toEqual([
      'started stop',
      'done stop',
      'started between',
      'failed between',
      'started start',
      'done start',
    ])
    expect(run.ended.failure).toMatchObject({ kind: 'command-failed', exit: 3 })
  })
})

test('what an advisory step finds wrong is told, and fails nothing', async () => {
  const advisory = leaves('advice', {
    sort: 'verifies',
    actions: () => ({}),
    advisory: 'it may not have held before',
  })
  const run = await rig.perform([advisory, leaves('next')])
  expect(order(run)).toEqual(['started advice', 'failed advice', 'started next', 'done next'])
})
