import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { manual } from '../../steps/manual.ts'
import { stepRig } from '../rig/step-rig.ts'

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})
const rigOf = async () => {
  const dir = mkdtempSync(join(tmpdir(), 'runbook manual '))
  ends.push(() => rmSync(dir, { recursive: true, force: true }))
  const rig = await stepRig({ dir })
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
    { fact: 'confirmed by the operator: Schedule the maintenance window', seen: 'confirmed: ticket 4711' },
  ])
})

test('a checklist is confirmed item by item, and one that is declined stops it', async () => {
  const rig = await rigOf()
  const step = manual({ text: 'In the app:', items: ['create a project', 'upload an image', 'delete it'] })
  const all = await rig.run(step, { answers: ['yes', '', 'yes', 'blurred', 'yes', ''] })
  expect(all.summary).toBe('3 items confirmed')
  expect(all.performed).toHaveLength(3)
  const some = await rig.run(step, { answers: ['yes', '', 'no'] })
  expect(some.failure).toEqual({ kind: 'declined', question: 'In the app:\nupload an image' })
  expect(some.performed).toHaveLength(2)
})

test('an answer to one run is not one to the next', async () => {
  const rig = await rigOf()
  const step = manual({ text: 'Switch the flag', sort: 'state', undo: { text: 'Switch it back' } })
  expect(step.mistakes).toEqual([])
  expect((await rig.run(step, { answers: ['yes', ''] })).ended).toBe('done')
  expect((await rig.run(step, { answers: ['no'] })).failure?.kind).toBe('declined')
  const known = { observed: null, env: rig.env, run: { stamp: '', backups: '' } }
  expect(step.undo(known)).toMatchObject({ kind: 'reverse', actions: { back: { text: 'Switch it back' } } })
})

test('mistakes of the book are named', () => {
  expect(manual().mistakes).toEqual([{ at: 'steps.manual', expected: '`text` or `items`' }])
  expect(manual({ text: 'x', sort: 'state' }).mistakes).toMatchObject([{ at: 'steps.manual.undo' }])
  expect(manual({ items: [] }).mistakes).toMatchObject([{ at: 'steps.manual.items' }])
})
