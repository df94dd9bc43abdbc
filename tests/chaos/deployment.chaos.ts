import { afterAll, expect, test } from 'vitest'
import { removeWorlds } from '../examples/raise-world.ts'
import { endState } from '../scenarios/end-state.ts'
import { killAndResume, transcriptOf } from '../scenarios/killed-run.ts'
import { bookForManyRuns, dropKept, type ScenarioWorld, scenarioWorld } from '../scenarios/scenario-world.ts'
import { everyMoment, tell } from './tally.ts'

// Each part has a world of its own, and three are at work at a time: most of it is waiting for programs.

afterAll(removeWorlds)

/** A world, and what is done in it again and again. */
const chaosWorld = async (name: string) => {
  const world = await scenarioWorld(name)
  const book = await bookForManyRuns(world)
  const run = (command: string, ...more: string[]): string[] => [
    ...[command, 'production', ...book, '--confirm', 'production', '--yes', ...more],
  ]
  const perform = async (args: string[]) => {
    const { exit, out, err } = await world.runbook(args)
    expect(exit, out + err).toBe(0)
  }
  const fresh = async () => {
    await dropKept(world)
    await world.reset()
  }
  const deployed = async () => {
    await fresh()
    await perform(run('deploy'))
  }
  return { world, run, perform, fresh, deployed }
}

/** Kills it at each of its events, and goes on with it. */
const killedEverywhere = async (
  { world, perform }: { world: ScenarioWorld; perform(args: string[]): Promise<void> },
  name: string,
  args: string[],
  before: () => Promise<void>,
): Promise<void> => {
  await before()
  await perform(args)
  const expected = await endState(world)
  const moments = transcriptOf(world)
    .slice(1)
    .map((_, i) => i + 1)
  let killed = 0
  const tried = await everyMoment(moments, async (moment) => {
    await before()
    if ((await killAndResume(world, { args, moment, expected })).killed) killed += 1
  })
  // The number of events differs by a few from run to run; one that had come to its end before was not killed.
  expect(killed).toBeGreaterThan(tried * 0.9)
  tell(
    `killed-${name.replaceAll(/\W+/g, '-')}`,
    `${name}: ${killed} of ${moments.length} events, each finished by resume with the same code, rows, schema, backups and answers as undisturbed`,
  )
}

test.concurrent('the deployment of lumiku, killed at each of its events', async () => {
  const at = await chaosWorld('chaos-deploy')
  await killedEverywhere(at, 'deploy', at.run('deploy'), at.fresh)
})

test.concurrent.each([
  ['rollback', []],
  ['rollback --database=schema', ['--database', 'schema']],
  ['rollback --database=restore', ['--database', 'restore']],
])('the %s of it, killed at each of its events', async (name, more) => {
  const at = await chaosWorld(`chaos-${name.replaceAll(/\W+/g, '-')}`)
  await killedEverywhere(at, name, at.run('rollback', ...more), at.deployed)
})

/** Milliseconds after an effect has begun, at random: nothing of it lies at an event. */
test.concurrent('inside its effects, at random', async () => {
  const { world, run, fresh, deployed } = await chaosWorld('chaos-inside')
  await deployed()
  const expected = await endState(world)
  const effects = {
    'backup-database': 'dump',
    'build-app': 'build',
    'apply-sql': 'migrate',
    'pm2-restart': 'reload',
  }
  const moments = Object.entries(effects).flatMap((effect) => Array.from({ length: 10 }, () => effect))
  const tried = await everyMoment(moments, async ([step, action]) => {
    await fresh()
    const moment = `"type":"action-started","step":"${step}","action":"${action}"`
    const delay = Math.ceil(Math.random() * { dump: 80, build: 900, migrate: 12, reload: 300 }[action]!)
    await killAndResume(world, { args: run('deploy'), moment, hit: { delay }, expected })
  })
  tell('killed-inside', `${tried} random moments inside backup, build, migration and restart`)
})
