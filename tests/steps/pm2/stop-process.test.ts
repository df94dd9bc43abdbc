import { afterEach, beforeEach, expect, test } from 'vitest'
import { healthShowsRevision } from '../../../checks/health-shows-revision.ts'
import { pm2Restart } from '../../../steps/pm2-restart.ts'
import { pm2Home } from '../../rig/pm2-home.ts'
import { stepRig } from '../../rig/step-rig.ts'

const REVISION = 'a'.repeat(40)
let home: Awaited<ReturnType<typeof pm2Home>>
let rig: Awaited<ReturnType<typeof stepRig>>

beforeEach(async () => {
  home = await pm2Home()
  home.ecosystem({ name: 'lumiku-backend', script: 'app.cjs' })
  rig = await stepRig({ dir: home.dir, app: { url: home.url, health: '/health' }, variables: home.variables })
  home.release({ revision: REVISION })
})
afterEach(async () => {
  rig.dispose()
  await home.dispose()
})
const restart = () => pm2Restart({ process: 'lumiku-backend', soak: 300, revision: false })
const stop = () => restart().stop!({ env: rig.env })

test('stops what runs, which the restart then starts again', async () => {
  await home.pm2('start', 'ecosystem.config.cjs')
  await home.answers()
  const stopped = await rig.run(stop())
  expect(stopped.failure).toBeUndefined()
  expect(stopped.performed).toEqual(['pm2 stop lumiku-backend'])
  expect(stopped.summary).toMatch(/^pid \d+ ended$/)
  await expect(fetch(`${home.url}/health`)).rejects.toThrow()
  const started = await rig.run(restart())
  expect(started.failure).toBeUndefined()
  expect((await rig.look(healthShowsRevision({ revision: REVISION }))).holds).toBe(true)
  // Stopped once more, there is nothing to do.
  expect((await rig.run(stop())).performed).toHaveLength(1)
  const again = await rig.run(stop())
  expect([again.ended, again.performed, again.summary]).toEqual(['done', [], 'it did not run'])
})

test('what still answers has not stopped', async () => {
  await home.pm2('start', 'ecosystem.config.cjs')
  await home.answers()
  // pm2 does not know this one: it runs under another name.
  const other = pm2Restart({ process: 'another', ecosystem: 'ecosystem.config.cjs' }).stop!({ env: rig.env })
  const check = {
    ...other,
    after: (at: Parameters<typeof other.after>[0]) => other.after(at).map(({ patience, ...once }) => once),
  }
  const run = await rig.run(check as unknown as typeof other)
  expect(JSON.stringify(run.failure)).toContain('GET /health still answers 200')
})
