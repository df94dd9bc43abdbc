import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { builtRepository } from '../../examples/lumiku/avatars.ts'
import { removeWorlds } from '../examples/raise-world.ts'
import { until } from '../rig/command-line.ts'
import { projects, type ScenarioWorld, scenarioWorld } from './scenario-world.ts'

// The guide's "Issue 3: Application Still Returns 500", in its production, after a deployment that went well.

// Much else may run beside it; no time is asserted.
vi.setConfig({ testTimeout: 240_000 })

let world: ScenarioWorld
beforeAll(async () => {
  world = await scenarioWorld('diagnosis')
})
afterAll(removeWorlds)

const answered = async () => (await world.call('POST', projects, { name: 'Test Project' })).status
const confirmed = ['production', '--confirm', 'production', '--yes']

test('the wrong import in the built code is found, and mended by a build', async () => {
  const built = join(world.production, builtRepository)
  const wrong = await readFile(built, 'utf8')
  // Before the deployment the sources are wrong too: a build would not help, and is refused.
  const early = await world.runbook(['diagnose', 'production'])
  expect([early.exit, early.out]).toEqual([
    1,
    expect.stringContaining('the built repository has the wrong import'),
  ])
  const refused = await world.runbook(['run', 'mend-wrong-import', ...confirmed])
  expect([refused.exit, refused.out]).toEqual([3, expect.stringContaining('without braces')])

  expect((await world.runbook(['deploy', ...confirmed])).exit).toBe(0)
  const well = await world.runbook(['diagnose', 'production'])
  expect([well.exit, well.out]).toEqual([0, expect.stringContaining('nothing was found')])

  // Somebody puts back what they had.
  await writeFile(built, wrong)
  await execa('pm2', ['restart', 'lumiku-backend'], { env: world.env })
  await until(world.running, 'it answers again')
  expect(await answered()).toBe(500)
  const { exit, out } = await world.runbook(['diagnose', 'production'])
  expect(exit, out).toBe(1)
  const [, cause = ''] = /\n( *✖ the built repository[\s\S]*)/.exec(out) ?? []
  expect(cause, out).toContain('client_1.prisma')
  expect(cause).toContain('runbook run mend-wrong-import production')

  const mended = await world.runbook(['run', 'mend-wrong-import', ...confirmed])
  expect(mended.exit, mended.out + mended.err).toBe(0)
  expect(await answered()).toBe(201)
})
