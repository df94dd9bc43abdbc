import { afterEach, beforeEach, expect, it } from 'vitest'
import { coolifyAccess } from '../../checks/coolify-access.ts'
import { secret } from '../../runbook/index.ts'
import { APPLICATION, coolify, TOKEN } from '../rig/coolify.ts'
import { stepRig } from '../rig/step-rig.ts'

let server: Awaited<ReturnType<typeof coolify>>
beforeEach(async () => {
  server = await coolify('a'.repeat(40))
})
afterEach(async () => {
  await server.close()
  expect(server.state.strange).toEqual([])
})

const look = async ({ application = APPLICATION, token = TOKEN, url = server.url } = {}) => {
  const rig = await stepRig({ dir: '/', secrets: { COOLIFY_TOKEN: token } })
  try {
    return await rig.look(coolifyAccess({ application, url, token: secret('COOLIFY_TOKEN') }))
  } finally {
    rig.dispose()
  }
}

it('says what it found, and deploys nothing', async () => {
  expect(await look()).toEqual({ holds: true, seen: 'lumiku, Coolify 4.3.11' })
  expect(server.changes()).toEqual([])
})

it('says that logs cannot be read, and lets it be', async () => {
  server.state.abilities = ['read', 'deploy']
  expect(await look()).toEqual({
    holds: true,
    seen: 'lumiku, Coolify 4.3.11; its logs stay in Coolify: no read:sensitive',
  })
})

it.each([
  ['deploy', ['read'], '403: Missing required permissions: deploy'],
  ['read', ['deploy'], '403: Missing required permissions: read'],
])('names the ability %s that the token lacks', async (_, abilities, seen) => {
  server.state.abilities = abilities
  expect(await look()).toMatchObject({
    holds: false,
    seen: `not so: the token has the ability; ${seen}`,
    remedy: expect.stringContaining('/security/api-tokens'),
  })
})

it.each([
  ['API is disabled.', 'Coolify’s API is switched on', 'API Access'],
  ['You are not allowed to access the API.', 'Coolify lets this machine use its API', 'Allowed IPs'],
])('tells 403 from 403: %s', async (message, fact, remedy) => {
  server.answerInstead('GET /version', { status: 403, body: { success: true, message } })
  expect(await look()).toMatchObject({
    holds: false,
    seen: `not so: ${fact}; 403: ${message}`,
    remedy: expect.stringContaining(remedy),
  })
})

it('tells a wrong token, an unknown application and a Coolify that is not there', async () => {
  expect(await look({ token: 'wrong' })).toMatchObject({
    seen: 'not so: Coolify accepts the token; 401: Unauthenticated.',
  })
  expect(await look({ application: 'nobody' })).toMatchObject({
    seen: 'not so: Coolify knows what it is asked for; 404: Application not found.',
    remedy: expect.stringContaining('`application`'),
  })
  const { url } = server
  await server.close()
  const gone = await look({ url })
  expect(gone.holds).toBe(false)
  expect(gone.seen).toContain('request-failed')
})
