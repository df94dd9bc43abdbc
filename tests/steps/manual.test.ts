import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { operatorName } from '../../runbook/doors/process-identity.ts'
import { manual } from '../../steps/manual.ts'
import { endsAfterEach } from '../rig/ends.ts'
import { engineRig } from '../rig/engine-rig.ts'
import { stepRig } from '../rig/step-rig.ts'

const ends = endsAfterEach()
/** As whom the account of these tests does something that ada has called sudo for. */
const ada = operatorName({ SUDO_USER: 'ada' })

const rigOf = async () => {
  const dir = mkdtempSync(join(tmpdir(), 'runbook manual '))
  ends.push(() => rmSync(dir, { recursive: true, force: true }))
  const rig = await stepRig({ dir, variables: { SUDO_USER: 'ada' } })
  ends.push(rig.dispose)
  return rig
}

test('goes on when the operator confirms, and keeps the note', async () => {
  const rig = await rigOf()
  const run = await rig.run(manual({ text: 'Schedule the maintenance window' }), {
    answers: ['yes', 'ticket 4711'],
  })
  expect(run.failure).toBeUndefined()
  expect(run.ended).toBe('done')
  expect(run.performed).toEqual(['Schedule the maintenance window'])
  expect(run.events.filter(({ type }) => type === 'looked')).toMatchObject([
    {
      fact: 'confirmed by the operator: Schedule the maintenance window',
      seen: `confirmed by ${ada}: ticket 4711`,
    },
  ])
  expect(run.summary).toBe(`1 of 1 confirmed by ${ada}`)
  expect(run.events.find(({ type }) => type === 'answered')).toMatchObject({ who: ada, by: 'operator' })
})

test('a checklist is confirmed item by item, and one that is declined stops it', async () => {
  const rig = await rigOf()
  const step = manual({ text: 'In the app:', items: ['create a project', 'upload an image', 'delete it'] })
  const all = await rig.run(step, { answers: ['yes', '', 'yes', 'blurred', 'yes', ''] })
  expect(all.summary).toBe(`3 of 3 confirmed by ${ada}`)
  expect(all.performed).toHaveLength(3)
  const some = await rig.run(step, { answers: ['yes', '', 'no', 'it stays blank'] })
  const question = '(2 of 3) In the app:\nupload an image'
  expect(some.failure).toEqual({ kind: 'declined', question, note: 'it stays blank' })
  expect(some.performed).toHaveLength(2)
})

test('where its author allows it, an item may not apply, and why not stands in the transcript', async () => {
  const rig = await rigOf()
  const step = manual({ items: ['look at it on a phone', 'look at it in print'], mayNotApply: true })
  const run = await rig.run(step, { answers: ['yes', '', 'not-applicable', 'nobody prints it'] })
  expect(run.summary).toBe(`1 of 2 confirmed by ${ada}, 1 does not apply`)
  expect(run.output).toMatchObject({ answers: [{ applies: true }, { applies: false, who: ada }] })
  expect(run.events.filter(({ type }) => type === 'looked')).toMatchObject([
    { seen: `confirmed by ${ada}` },
    { seen: `does not apply, says ${ada}: nobody prints it` },
  ])
  // Without a reason it is a no.
  const silent = await rig.run(step, { answers: ['yes', '', 'not-applicable', ''] })
  expect(silent.failure).toMatchObject({ kind: 'declined' })
})

test('with --yes nobody is asked, and nobody is said to have confirmed it', async () => {
  const rig = await rigOf()
  const run = await rig.run(manual({ items: ['look', 'look again'] }))
  expect(run.summary).toBe(`2 of 2 taken as done by --yes of ${ada}: nobody was asked`)
})

test('tried again, it asks only what was not confirmed', async () => {
  const rig = engineRig({ variables: { SUDO_USER: 'ada' } })
  ends.push(rig.dispose)
  const replies = ['yes', 'yes', '', 'no', 'blurred', 'retry', 'yes', 'sharp now', 'yes', '']
  const run = await rig.perform([manual({ items: ['one', 'two', 'three'] })], {
    ...{ yes: false, canAsk: true, replies },
  })
  expect(run.ended).toEqual({ verdict: 'done', exit: 0 })
  const printed = run.events.flatMap((event) => (event.type === 'action-started' ? [event.printed] : []))
  expect(printed).toEqual(['one', 'two', 'two', 'three'])
  expect(run.events.findLast(({ type }) => type === 'step-done')).toMatchObject({
    summary: `3 of 3 confirmed by ${ada}`,
  })
})

test('an answer to one run is not one to the next', async () => {
  const rig = await rigOf()
  const step = manual({ text: 'Switch the flag', sort: 'state', undo: { text: 'Switch it back' } })
  expect(step.mistakes).toEqual([])
  expect((await rig.run(step, { answers: ['yes', ''] })).ended).toBe('done')
  expect((await rig.run(step, { answers: ['no'] })).failure?.kind).toBe('declined')
  const known = { observed: null, env: rig.env, run: { stamp: '', backups: '', copies: '' } }
  expect(step.undo(known)).toMatchObject({ kind: 'reverse', actions: { back: { text: 'Switch it back' } } })
})

test('mistakes of the book are named', () => {
  expect(manual().mistakes).toEqual([{ at: 'steps.manual', expected: '`text` or `items`' }])
  expect(manual({ text: 'x', sort: 'state' }).mistakes).toMatchObject([{ at: 'steps.manual.undo' }])
  expect(manual({ items: [] }).mistakes).toMatchObject([{ at: 'steps.manual.items' }])
})
