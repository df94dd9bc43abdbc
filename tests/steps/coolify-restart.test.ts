import { afterEach, beforeEach, expect, it } from 'vitest'
import { coolifyDeploy } from '../../steps/coolify-deploy.ts'
import { coolifyRestart } from '../../steps/coolify-restart.ts'
import { APPLICATION, coolify, TOKEN } from '../rig/coolify.ts'
import { stepRig } from '../rig/step-rig.ts'

const LIVE = 'a'.repeat(40)
let server: Awaited<ReturnType<typeof coolify>>
let rig: Awaited<ReturnType<typeof stepRig>>
beforeEach(async () => {
  server = await coolify(LIVE)
  rig = await stepRig({ dir: '/', app: { url: server.url }, secrets: { COOLIFY_TOKEN: TOKEN } })
})
afterEach(async () => {
  rig.dispose()
  await server.close()
  expect(server.state.strange).toEqual([])
})
const step = () => coolifyRestart({ application: APPLICATION, url: server.url, every: 100, startup: 2000 })

it('has Coolify restart the application, each time', async () => {
  for (const id of ['dep2', 'dep3']) {
    const run = await rig.run(step())
    expect(run.failure).toBeUndefined()
    expect(server.changes().at(-1)).toBe(`POST /applications/${APPLICATION}/restart`)
    expect(server.state.deployments.at(-1)).toMatchObject({ uuid: id, restart: true, commit: LIVE })
  }
})

it('fails with a restart that fails', async () => {
  server.state.life = ['queued', 'in_progress', 'failed']
  server.state.logs = ['Restarting.', 'No such image.']
  expect((await rig.run(step())).failure).toMatchObject({
    kind: 'after-unmet',
    unmet: [{ fact: 'the deployment has finished', seen: 'dep2 ended as failed' }],
    tail: expect.stringContaining('No such image.'),
  })
})

it('follows what runs already, for which Coolify gives no id', async () => {
  server.add(LIVE, { life: [...Array(6).fill('in_progress'), 'finished'] })
  const run = await rig.run(step())
  expect(run.failure).toBeUndefined()
  expect(server.state.deployments).toHaveLength(2)
})

it.each([
  [{ application: 'a/../b' }, 'application'],
  [{ url: 'coolify.example.com' }, 'url'],
  [{ token: 'in the open' }, 'token'],
])('refuses %j in a book', (wrong, key) => {
  const options = { application: APPLICATION, url: 'https://c.example.com', ...wrong } as never
  for (const [factory, id] of [
    [coolifyDeploy, 'coolify-deploy'],
    [coolifyRestart, 'coolify-restart'],
  ] as const)
    expect(factory(options).mistakes).toEqual([{ at: `steps.${id}.${key}`, expected: expect.any(String) }])
})
