import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import type { EventOf } from '../../runbook/model/event.ts'
import { removeWorlds } from '../examples/raise-world.ts'
import { eventsIn } from '../rig/command-line.ts'
import { type ScenarioWorld, scenarioWorld } from './scenario-world.ts'

// The book as a page for the day on which the tool is down.

vi.setConfig({ testTimeout: 240_000 })

let world: ScenarioWorld
let changed: () => Promise<string[]>
beforeAll(async () => {
  world = await scenarioWorld('guide')
})
beforeEach(async () => {
  changed = await world.watch()
})
afterAll(removeWorlds)

const page = async (env?: Record<string, string | undefined>): Promise<string> => {
  const { exit, out, err } = await world.runbook(['guide', 'production'], env ? { env } : {})
  expect(err).toBe('')
  expect(exit).toBe(0)
  return out
}

/** What of a printed action must stand on the page, word for word. */
const words = (printed: string): string[] => {
  const file = /^write (.+?)(?:, \d+ bytes$|\n)/.exec(printed)
  if (file) return [`> '${file[1]}'`]
  const request = /^(GET|POST|PUT|PATCH|DELETE) (\S+)/.exec(printed)
  if (!request) return [printed]
  return [
    `-X ${request[1]} '${request[2]}'`,
    ...(printed.match(/\{.*\}$/)?.map((json) => `-d '${json}'`) ?? []),
  ]
}

test('it holds every command, statement and request that a plan prints, and what must hold, and changes nothing', async () => {
  const text = await page()
  const plan = await world.runbook(['plan', 'production', '--json'])
  const steps = eventsIn(plan.out).filter(
    (event): event is EventOf<'planned'> & typeof event => event.type === 'planned',
  )
  expect(steps.length).toBeGreaterThan(10)
  const printed = steps.flatMap(({ actions }) => actions.map((action) => action.printed))
  expect(printed.length).toBeGreaterThan(12)
  for (const action of printed) for (const word of words(action)) expect(text).toContain(word)
  for (const { title, after } of steps) {
    expect(text).toContain(`. ${title}\n`)
    for (const fact of after)
      expect(text.replaceAll('\\', '')).toContain(`- [ ] ${fact.replaceAll('\\', '')}`)
  }
  expect(text).toContain('Every step was looked at.')
  expect(text).toMatch(/Only where “Pull the latest code” has failed and has changed nothing/)
  expect(text).toContain(`git -c core.hooksPath=/dev/null checkout --detach ${world.revisions.broken}`)
  expect(text).toContain('DROP COLUMN')
  expect(text).not.toContain(world.env.LUMIKU_TOKEN)
  expect(text).not.toContain(world.env.DATABASE_URL)
  expect(await changed()).toEqual([])
})

test('where the database does not answer it says so, and gives what is known without looking', async () => {
  const text = await page({ DATABASE_URL: 'postgresql://nobody@127.0.0.1:9/Lumiku-Production' })
  expect(text).toMatch(/\d of its \d+ steps could not be looked at/)
  expect(text).toMatch(/It could not be looked at: the database .* cannot be reached/)
  expect(text).toContain('- file: `backend/migrations/20251014_avatar_creator.sql`')
  expect(text).toContain(
    `git -c core.hooksPath=/dev/null merge --ff-only --no-overwrite-ignore ${world.revisions.fixed}`,
  )
})

test('another database under the name of production is not looked at, and the page comes all the same', async () => {
  const text = await page({
    DATABASE_URL: world.env.DATABASE_URL!.replace('Lumiku-Production', 'postgres'),
  })
  expect(text).toContain('Nothing was looked at')
  expect(text).toContain('the database of production is Lumiku-Production')
  expect(text).not.toContain(world.revisions.fixed)
  expect(text).toContain("-X POST '")
  expect(await changed()).toEqual([])
})

test('after a deployment what cannot be looked at is told from its run', async () => {
  const deployed = await world.runbook(['deploy', 'production', '--confirm', 'production', '--yes'])
  expect(deployed.exit, deployed.out).toBe(0)
  const text = await page({ DATABASE_URL: 'postgresql://nobody@127.0.0.1:9/Lumiku-Production' })
  expect(text).toMatch(/Its commands are those of the run \d{8}T\d{6}Z-production-deploy-/)
  expect(text).toContain('ADD COLUMN IF NOT EXISTS "personaName" TEXT')
  await world.reset()
})
