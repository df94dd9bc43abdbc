import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, it } from 'vitest'
import { healthShowsRevision } from '../../checks/health-shows-revision.ts'
import { httpAnswers } from '../../checks/http-answers.ts'
import { secret } from '../../runbook/index.ts'
import { answer, type Handler, httpServer } from '../rig/http-server.ts'
import { stepRig } from '../rig/step-rig.ts'

const NEW = '9c8d7e6f'.padEnd(40, '0')
const opened: (() => unknown)[] = []
afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close()
})
const world = async (handle: Handler) => {
  const server = await httpServer(handle)
  const rig = await stepRig({
    dir: '/',
    app: { url: server.url, health: '/up' },
    secrets: { TOKEN: 's3cret-value' },
  })
  opened.push(server.close, rig.dispose)
  return { server, rig }
}

it('httpAnswers tells the status and the time', async () => {
  const { server, rig } = await world(async ({ headers }, response) => {
    await sleep(30)
    answer(response, headers['x-token'] === 's3cret-value' ? 204 : 401, { no: 'token' })
  })
  const options = { status: [200, 204], headers: { 'x-token': secret('TOKEN') } }
  expect(await rig.look(httpAnswers('/x', options))).toMatchObject({
    holds: true,
    seen: expect.stringMatching(/^204 in \d+ ms$/),
  })
  expect(await rig.look(httpAnswers(`${server.url}/x`, options))).toMatchObject({ holds: true })
  expect(await rig.look(httpAnswers('/x'))).toMatchObject({ holds: false, tail: '{"no":"token"}' })
  expect(await rig.look(httpAnswers('/x', { ...options, within: 10 }))).toMatchObject({ holds: false })
  expect(httpAnswers('/x', { within: 200 }).fact).toBe('GET /x answers 200 within 200 ms')
})

it('httpAnswers does not wait for ever, and says that nobody listens', async () => {
  const { server, rig } = await world(() => {})
  expect(await rig.look(httpAnswers('/x', { timeout: 100 }))).toEqual({
    holds: false,
    seen: 'no answer within 100 ms',
    remedy: `curl -i ${server.url}/x`,
  })
  await server.close()
  expect(await rig.look(httpAnswers('/x'))).toMatchObject({ holds: false, seen: 'connection refused' })
})

it.each([
  [{ revision: NEW }, true, /^200 in \d+ ms, revision 9c8d7e6$/],
  [{ revision: NEW.slice(0, 7) }, true, /revision 9c8d7e6$/],
  [{ revision: NEW.slice(0, 6) }, false, /without a commit id/],
  [{ revision: '' }, false, /without a commit id/],
  [{ revision: 'a'.repeat(40) }, false, /revision aaaaaaa instead of 9c8d7e6$/],
  [{ revision: `${NEW}0` }, false, /revision 9c8d7e6 instead of/],
  [{}, false, /without a commit id in `revision`/],
  [[], false, /without a commit id/],
  [null, false, /without a commit id/],
])('healthShowsRevision judges %j', async (body, holds, seen) => {
  const { rig } = await world((_, response) => answer(response, 200, body))
  expect(await rig.look(healthShowsRevision({ revision: NEW }))).toMatchObject({
    holds,
    seen: expect.stringMatching(seen),
  })
})

it('healthShowsRevision looks at another key, and waits for the old one only where both may answer', async () => {
  const { server, rig } = await world((_, response) => answer(response, 200, { commit: 'a'.repeat(40) }))
  expect((await rig.look(healthShowsRevision({ revision: NEW, key: 'commit' }))).final).toBe(true)
  expect((await rig.look(healthShowsRevision({ revision: NEW, key: 'commit', overlap: true }))).final).toBe(
    false,
  )
  expect(server.calls()).toEqual(['GET /up', 'GET /up'])
})
