import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { removeWorlds } from '../examples/raise-world.ts'
import { inTurn } from '../rig/in-turn.ts'
import { type EndState, endState } from './end-state.ts'
import { killAndResume } from './killed-run.ts'
import { bookForManyRuns, dropKept, type ScenarioWorld, scenarioWorld } from './scenario-world.ts'

// A deployment and a restore, killed inside their effects and gone on with. `npm run chaos` tries every event.

// A deployment, a rollback and a resume each, of real parts.
vi.setConfig({ testTimeout: 240_000 })

let world: ScenarioWorld
let book: string[]
beforeAll(async () => {
  world = await scenarioWorld('killed')
  book = await bookForManyRuns(world)
})
afterAll(removeWorlds)
beforeEach(async () => {
  await dropKept(world)
  await world.reset()
})

const perform = async (args: string[]) => {
  const { exit, out, err } = await world.runbook(args)
  expect(exit, out + err).toBe(0)
}
const effect = (step: string, action: string) =>
  `"type":"action-started","step":"${step}","action":"${action}"`
const run = (command: string, ...more: string[]) => {
  return [command, 'production', ...book, '--confirm', 'production', '--yes', ...more]
}

/** A step, one of its actions, and how many ms after that began the run is killed. */
type At = [step: string, action: string, delay: number]

describe('a deployment', () => {
  let expected: EndState
  beforeAll(async () => {
    await world.reset()
    await perform(run('deploy'))
    expected = await endState(world)
  })

  const moments: At[] = [
    ['backup-database', 'dump', 20],
    // On the copy, which the resume removes and makes anew.
    ['rehearse-apply-sql', 'migrate', 5],
    ['build-app', 'build', 300],
    ['apply-sql', 'migrate', 5],
    ['pm2-restart', 'reload', 100],
  ]
  test.each(inTurn(moments, 3))('killed inside of %s: %s', async (step, action, delay) => {
    const { killed } = await killAndResume(world, {
      ...{ args: run('deploy'), moment: effect(step, action), hit: { delay }, expected },
    })
    expect(killed).toBe(true)
  })
})

const besideIt: At[] = [
  ['bring-backup', 'restore', 50],
  ['stop-pm2-restart', 'stop', 50],
  ['swap-databases', 'swap', 0],
]
/** When its transaction may have been committed, or not. */
const inPlace: At[] = [['replace-in-place', 'replace', 150]]

describe.each([
  { title: 'with its database', how: [], moments: besideIt },
  { title: 'with its database, in place', how: ['--in-place'], moments: inPlace },
])('a rollback $title', ({ how, moments }) => {
  let expected: EndState
  const rollback = () => run('rollback', '--database', 'restore', ...how)
  const deployed = () => perform(run('deploy'))
  beforeAll(async () => {
    await dropKept(world)
    await world.reset()
    await deployed()
    await perform(rollback())
    expected = await endState(world)
  })

  test.each(inTurn(moments, 2))(
    'killed inside of %s: %s, %i ms after it began',
    async (step, action, delay) => {
      await deployed()
      const { killed } = await killAndResume(world, {
        ...{ args: rollback(), moment: effect(step, action), hit: { delay }, expected },
      })
      expect(killed).toBe(true)
    },
  )
})
