import { writeFileSync } from 'node:fs'
import { expect, onTestFinished, test } from 'vitest'
import { secretPresent } from '../../checks/secret-present.ts'
import { defineStep, nothingToUndo } from '../../runbook/index.ts'
import { stepRig } from '../rig/step-rig.ts'

const step = (name: string) =>
  defineStep({
    id: 'needs-it',
    title: 'Need a secret',
    about: '',
    sort: 'verifies',
    needs: () => [secretPresent(name)],
    after: () => [secretPresent(name)],
    undo: () => nothingToUndo('it only looks'),
  })

test('a secret that is set, empty, or nowhere', async () => {
  const rig = await stepRig({ dir: '/', secrets: { TOKEN: 'very secret', EMPTY: '' } })
  onTestFinished(rig.dispose)
  expect(await rig.needs(step('TOKEN'))).toBeUndefined()
  expect(JSON.stringify(await rig.needs(step('EMPTY')))).toContain('the secret EMPTY is empty')
  expect(JSON.stringify(await rig.needs(step('NOWHERE')))).toMatch(
    /the secret NOWHERE is not set.*export NOWHERE/,
  )
  const { events } = await rig.run(step('TOKEN'))
  expect(JSON.stringify(events)).not.toContain('very secret')
})

test('a secret out of the file beside the book', async () => {
  const rig = await stepRig({ dir: '/', name: 'staging' })
  onTestFinished(rig.dispose)
  writeFileSync(`${rig.home}/.env.staging`, 'TOKEN=from the file\n')
  expect(await rig.look(secretPresent('TOKEN'))).toEqual({ holds: true, seen: 'it has a value' })
})
