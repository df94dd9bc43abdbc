import { afterAll, beforeAll, expect, test } from 'vitest'
import { removeWorlds } from '../examples/raise-world.ts'
import { endState } from '../scenarios/end-state.ts'
import { killAndResume, transcriptOf } from '../scenarios/killed-run.ts'
import { dropKept, type ScenarioWorld, scenarioWorld, withShortSoak } from '../scenarios/scenario-world.ts'
import { someOf, tell } from './tally.ts'

let world: ScenarioWorld
let book: string[]
beforeAll(async () => {
  world = await scenarioWorld('chaos')
  book = await withShortSoak(world)
})
afterAll(removeWorlds)

const run = (command: string, ...more: string[]): string[] => [
  ...[command, 'production', ...book, '--confirm', 'production', '--yes', ...more],
]
const fresh = async () => {
  await dropKept(world)
  await world.reset()
}
const perform = async (args: string[]) => {
  const { exit, out, err } = await world.runbook(args)
  expect(exit, out + err).toBe(0)
}

/** Kills it at each of its events, and goes on with it. */
const killedEverywhere = async (
  name: string,
  args: string[],
  before: () => Promise<void>,
): Promise<string> => {
  await before()
  await perform(args)
  const expected = await endState(world)
  const moments = transcriptOf(world)
    .slice(1)
    .map((_, i) => i + 1)
  let killed = 0
  const some = someOf(moments)
  for (const moment of some) {
    await before()
    if ((await killAndResume(world, { args, moment, expected })).killed) killed += 1
  }
  // The number of events differs by a few from run to run; one that had come to its end before was not killed.
  expect(killed).toBeGreaterThan(some.length * 0.9)
  return `${name}: ${killed} of ${moments.length} events, each finished by resume with the same code, rows, schema, backups and answers as undisturbed`
}

test('the deployment of lumiku, killed at each of its events', async () => {
  tell('killed-deployment', await killedEverywhere('deploy', run('deploy'), fresh))
})

test.each([
  ['rollback', []],
  ['rollback --database=schema', ['--database', 'schema']],
  ['rollback --database=restore', ['--database', 'restore']],
])('the %s of it, killed at each of its events', async (name, more) => {
  const deployed = async () => {
    await fresh()
    await perform(run('deploy'))
  }
  tell(
    `killed-${name.replaceAll(/\W+/g, '-')}`,
    await killedEverywhere(name, run('rollback', ...more), deployed),
  )
})

/** Milliseconds after an effect has begun, at random: nothing of it lies at an event. */
test('inside its effects, at random', async () => {
  await fresh()
  await perform(run('deploy'))
  const expected = await endState(world)
  const effects = {
    'backup-database': 'dump',
    'build-app': 'build',
    'apply-sql': 'migrate',
    'pm2-restart': 'reload',
  }
  const moments = someOf(
    Object.entries(effects).flatMap((effect) => Array.from({ length: 10 }, () => effect)),
  )
  for (const [step, action] of moments) {
    await fresh()
    const moment = `"type":"action-started","step":"${step}","action":"${action}"`
    const delay = Math.ceil(Math.random() * { dump: 80, build: 900, migrate: 12, reload: 300 }[action]!)
    await killAndResume(world, { args: run('deploy'), moment, hit: { delay }, expected })
  }
  tell('killed-inside', `${moments.length} random moments inside backup, build, migration and restart`)
})
