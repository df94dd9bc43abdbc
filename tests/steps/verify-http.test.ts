import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { Failed, secret, text } from '../../runbook/index.ts'
import { anyString, contains } from '../../steps/http/answer-shape.ts'
import { captured } from '../../steps/http/captured.ts'
import { verifyHttp } from '../../steps/verify-http.ts'
import { type Asked, answer, type Handler, httpServer } from '../rig/http-server.ts'
import { stepRig } from '../rig/step-rig.ts'

const TOKEN = 'eyJhbGciOi.token/with+signs'
const base = '/api/apps/avatar-creator/projects'
const opened: (() => unknown)[] = []
afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close()
})

const world = async (handle: Handler) => {
  const server = await httpServer(handle)
  const rig = await stepRig({ dir: '/', app: { url: server.url }, secrets: { LUMIKU_TOKEN: TOKEN } })
  opened.push(server.close, rig.dispose)
  return { server, rig }
}

/** The guide's API, well behaved; `override` answers first where it wants to. */
const lumiku = (override?: (asked: Asked, response: Parameters<Handler>[1]) => unknown): Handler => {
  const projects = new Map<string, object>()
  return async (asked, response) => {
    if (await override?.(asked, response)) return
    const { method, path, body } = asked
    if (asked.headers.authorization !== `Bearer ${TOKEN}`) return answer(response, 401)
    const id = decodeURIComponent(path.slice(base.length + 1).split('/')[0]!)
    if (method === 'POST' && path === base) {
      const project = { id: `ck/${projects.size + 1}`, userId: 'u1', avatars: [], ...(body as object) }
      projects.set(project.id, project)
      return answer(response, 201, project)
    }
    if (method === 'GET' && path === base) return answer(response, 200, [...projects.values()])
    if (!projects.has(id)) return answer(response, 404, { error: 'not found' })
    if (method === 'DELETE') {
      projects.delete(id)
      return answer(response, 204)
    }
    answer(response, 201, { id: 'a1', projectId: id, ...(body as object) })
  }
}

const guide = (options: Partial<Parameters<typeof verifyHttp>[0]> = {}) =>
  verifyHttp({
    headers: { Authorization: text`Bearer ${secret('LUMIKU_TOKEN')}` },
    requests: [
      {
        name: 'create a project',
        method: 'POST',
        url: base,
        json: { name: 'Deployment Test Project', description: 'Testing post-deployment' },
        expect: {
          status: 201,
          json: { id: anyString, name: 'Deployment Test Project', avatars: [] },
          within: 2000,
        },
        capture: { projectId: 'id' },
      },
      {
        name: 'list the projects',
        url: base,
        expect: { json: contains({ id: captured('projectId'), name: 'Deployment Test Project' }) },
      },
      {
        name: 'add an avatar',
        method: 'POST',
        url: `${base}/{projectId}/avatars`,
        json: { name: 'Test Avatar', project: captured('projectId') },
        expect: { status: 201, json: { projectId: captured('projectId') } },
      },
    ],
    cleanup: [{ name: 'remove the project', method: 'DELETE', url: `${base}/{projectId}` }],
    retry: { times: 2, every: 10 },
    ...options,
  })
type Run = Awaited<ReturnType<Awaited<ReturnType<typeof stepRig>>['run']>>
const unmetOf = ({ failure }: Run) =>
  (failure as { unmet: { fact: string; seen: string; remedy: string }[] }).unmet
const seenOf = ({ events }: Run) =>
  events.flatMap((event) => (event.type === 'looked' ? [`${event.fact}: ${event.seen}`] : []))

describe('verifyHttp', () => {
  it('asks one request after the other, with what earlier answers gave, and removes what it created', async () => {
    const { server, rig } = await world(lumiku())
    const run = await rig.run(guide())
    expect(run.failure).toBeUndefined()
    expect(server.calls()).toEqual([
      `POST ${base}`,
      `GET ${base}`,
      `POST ${base}/ck%2F1/avatars`,
      `DELETE ${base}/ck%2F1`,
    ])
    expect(server.asked[2]!.body).toEqual({ name: 'Test Avatar', project: 'ck/1' })
    expect(seenOf(run)).toEqual([
      expect.stringMatching(/^"create a project" answers 201: 201 in \d+ ms$/),
      '"create a project" answers as expected: an object with id, userId, avatars, name, description',
      '"create a project" answers with a value at id: projectId ck/1',
      expect.stringMatching(/^"create a project" answers within 2000 ms: \d+ ms, on an open connection$/),
      expect.stringMatching(/^"list the projects" answers 200: /),
      '"list the projects" answers as expected: an array of 1',
      expect.stringMatching(/^"add an avatar" answers 201: /),
      '"add an avatar" answers as expected: an object with id, projectId, name, project',
      expect.stringMatching(/^"remove the project" answers 200 or 202 or 204: 204 in \d+ ms$/),
      'every request was answered as expected: all 3',
      expect.stringMatching(/^what the requests created is removed: remove the project: 204 in/),
    ])
  })

  it('prints in the plan what it will send, and never the token', async () => {
    const { server, rig } = await world(lumiku())
    const { steps, failures } = await rig.plan(guide())
    expect(failures).toEqual([])
    expect(steps[0]!.actions.map(({ printed }) => printed)).toEqual([
      `POST ${server.url}${base}  Authorization: Bearer ‹secret LUMIKU_TOKEN›  {"name":"Deployment Test Project","description":"Testing post-deployment"}`,
      `GET ${server.url}${base}  Authorization: Bearer ‹secret LUMIKU_TOKEN›`,
      `POST ${server.url}${base}/‹projectId›/avatars  Authorization: Bearer ‹secret LUMIKU_TOKEN›  {"name":"Test Avatar","project":"‹projectId›"}`,
      `DELETE ${server.url}${base}/‹projectId›  Authorization: Bearer ‹secret LUMIKU_TOKEN›`,
    ])
    expect(server.calls()).toEqual([])
    const run = await rig.run(guide())
    expect(JSON.stringify(run.events)).not.toContain(TOKEN)
  })

  it('needs its secrets', async () => {
    const bare = await stepRig({
      dir: '/',
      app: { url: 'http://127.0.0.1:1' },
      secrets: { LUMIKU_TOKEN: '' },
    })
    opened.push(bare.dispose)
    expect(await bare.needs(guide())).toMatchObject({
      unmet: [{ fact: 'the secret LUMIKU_TOKEN is set', seen: 'the secret LUMIKU_TOKEN is empty' }],
    })
  })

  it('shows an answer 500, at most 500 characters of it, and asks nothing further', async () => {
    const body = {
      error: `Cannot read properties of undefined (reading 'avatarProject') ${'x'.repeat(2000)}`,
    }
    const { server, rig } = await world(lumiku((_, response) => answer(response, 500, body)))
    const run = await rig.run(guide())
    expect(unmetOf(run)).toEqual([
      {
        fact: '"create a project" answers 201',
        seen: expect.stringMatching(/^500 in \d+ ms$/),
        remedy: "look into the application's log, then: runbook verify rig",
      },
    ])
    const { tail } = run.failure as { tail: string }
    expect(tail).toContain('avatarProject')
    expect(tail.length).toBeLessThanOrEqual(500)
    expect(server.calls()).toEqual([`POST ${base}`])
  })

  it('says where a 201 has a wrong body, and still removes what was created', async () => {
    const { server, rig } = await world(
      lumiku(({ method, path }, response) => {
        if (method !== 'POST' || path !== base) return false
        answer(response, 201, { id: 'ck9', name: 'Deployment Test Project', avatars: [{ id: 'stray' }] })
        return true
      }),
    )
    const run = await rig.run(guide())
    expect(unmetOf(run)[0]).toMatchObject({
      fact: '"create a project" answers as expected',
      seen: 'avatars: 0 elements were expected, 1 came',
    })
    expect(server.calls()).toContain(`DELETE ${base}/ck9`)
  })

  it('sees a 201 that is no JSON', async () => {
    const { rig } = await world(lumiku((_, response) => response.writeHead(201).end('<!doctype html>')))
    const run = await rig.run(guide())
    expect(unmetOf(run)[0]!.seen).toBe('the answer is not JSON')
    expect(run.failure).toMatchObject({ tail: '<!doctype html>' })
  })

  it('sees a 201 that comes too late, and removes what was created', async () => {
    const { server, rig } = await world(
      lumiku(async ({ method }) => {
        if (method === 'POST') await sleep(60)
        return false
      }),
    )
    const late = guide({
      requests: [
        {
          name: 'create a project',
          method: 'POST',
          url: base,
          json: { name: 'x' },
          expect: { status: 201, within: 50 },
          capture: { projectId: 'id' },
        },
      ],
    })
    const run = await rig.run(late)
    expect(unmetOf(run)[0]).toMatchObject({
      fact: '"create a project" answers within 50 ms',
      seen: expect.stringMatching(/^\d+ ms, on an open connection$/),
    })
    expect(server.calls()).toEqual([`POST ${base}`, `DELETE ${base}/ck%2F1`])
  })

  it('does not wait forever for an answer, and does not send twice what may have been carried out', async () => {
    const { server, rig } = await world(lumiku(() => true))
    const run = await rig.run(guide({ timeout: 150 }))
    expect(unmetOf(run)[0]).toMatchObject({
      fact: '"create a project" is answered',
      seen: 'no answer within 150 ms; whether it was carried out is not known',
    })
    expect(server.calls()).toEqual([`POST ${base}`])
  })

  it('sees a connection that is closed midway', async () => {
    const { server, rig } = await world(
      lumiku((_, response) => {
        response.writeHead(201, { 'content-length': '100' })
        response.write('{"id":')
        setTimeout(() => response.destroy(), 20)
        return true
      }),
    )
    const run = await rig.run(guide())
    expect(unmetOf(run)[0]!.fact).toBe('"create a project" is answered')
    expect(unmetOf(run)[0]!.seen).toMatch(/; whether it was carried out is not known$/)
    expect(server.calls()).toEqual([`POST ${base}`])
  })

  it('says that nobody listens', async () => {
    const { server, rig } = await world(lumiku())
    await server.close()
    const run = await rig.run(guide())
    expect(unmetOf(run)).toMatchObject([
      { fact: '"create a project" is answered', seen: 'connection refused' },
    ])
  })

  it('waits for an application that comes up, and then sends each change once', async () => {
    const { server, rig } = await world(lumiku())
    await server.close()
    const running = rig.run(guide({ retry: { times: 100, every: 20 } }))
    await sleep(100)
    await server.listen()
    const run = await running
    expect(run.failure).toBeUndefined()
    expect(server.calls().filter((call) => call === `POST ${base}`)).toHaveLength(1)
  })

  it('asks again what a proxy answers 503, but only what changes nothing', async () => {
    let busy = 2
    const { server, rig } = await world(
      lumiku(({ method }, response) => {
        if (method !== 'GET' || busy-- <= 0) return false
        answer(response, 503)
        return true
      }),
    )
    const run = await rig.run(guide())
    expect(run.failure).toBeUndefined()
    expect(seenOf(run)[4]).toMatch(/200 in \d+ ms, asked 3 times$/)
    expect(server.calls().filter((call) => call.startsWith('GET'))).toHaveLength(3)

    const refusing = await world(lumiku((_, response) => answer(response, 503)))
    const refused = await refusing.rig.run(guide())
    expect(unmetOf(refused)[0]!.seen).toMatch(/^503 in/)
    expect(refusing.server.calls()).toEqual([`POST ${base}`])
  })

  it('names what is left behind where the clean-up fails, behind the failure that matters', async () => {
    const { rig } = await world(
      lumiku(({ method, path }, response) => {
        if (method !== 'DELETE' && !path.endsWith('/avatars')) return false
        answer(response, 500, { error: 'no' })
        return true
      }),
    )
    const run = await rig.run(guide())
    expect(unmetOf(run)).toMatchObject([
      { fact: '"add an avatar" answers 201' },
      {
        fact: '"remove the project" answers 200 or 202 or 204',
        seen: expect.stringMatching(/^500 in \d+ ms; left behind: projectId ck\/1$/),
        remedy: expect.stringMatching(/^do it by hand: DELETE http.*\/ck%2F1$/),
      },
    ])
  })

  it('never lets an interrupt leave something behind unsaid', async () => {
    const { server, rig } = await world(
      lumiku(({ path }) => {
        if (path.endsWith('/avatars')) rig.abort.abort(new Failed({ kind: 'interrupted', signal: 'SIGINT' }))
        return path.endsWith('/avatars')
      }),
    )
    const run = await rig.run(guide())
    expect(run.ended).toBe('failed')
    const removed = server.calls().includes(`DELETE ${base}/ck%2F1`)
    expect(removed || seenOf(run).some((seen) => seen.includes('left behind: projectId ck/1'))).toBe(true)
  })

  it('waits at an interrupt for the answer that names what was made, and takes that away', async () => {
    const { server, rig } = await world(
      lumiku(async ({ method, path }) => {
        if (method !== 'POST' || path !== base) return false
        rig.abort.abort(new Failed({ kind: 'interrupted', signal: 'SIGINT' }))
        await sleep(200)
        return false
      }),
    )
    const run = await rig.run(guide())
    expect(run.ended).toBe('failed')
    expect(server.calls()).toEqual([`POST ${base}`, `DELETE ${base}/ck%2F1`])
  })

  it('does not let a captured value lead elsewhere', async () => {
    const { server, rig } = await world(
      lumiku(
        ({ method }, response) =>
          method === 'POST' &&
          answer(response, 201, { id: '..', name: 'Deployment Test Project', avatars: [] }),
      ),
    )
    const run = await rig.run(guide())
    expect(unmetOf(run)[0]).toMatchObject({
      fact: '"create a project" answers with a value at id',
      seen: 'none of use: ".."',
    })
    expect(server.calls()).toEqual([`POST ${base}`])
  })

  it('keeps the type of a number', async () => {
    const { server, rig } = await world(({ path }, response) =>
      answer(response, 200, path === '/a' ? { data: [{ id: 42 }] } : { id: 42 }),
    )
    const run = await rig.run(
      verifyHttp({
        requests: [
          { name: 'a', url: '/a', capture: { id: 'data.0.id' } },
          {
            name: 'b',
            method: 'PUT',
            url: '/b/{id}',
            json: { id: captured('id', 'number') },
            expect: { json: { id: captured('id') } },
          },
        ],
      }),
    )
    expect(run.failure).toBeUndefined()
    expect(server.asked[1]).toMatchObject({ path: '/b/42', body: { id: 42 } })
  })
})

describe('the options of verifyHttp', () => {
  it('names every mistake with its place', () => {
    const step = verifyHttp({
      requests: [
        { name: 'a', url: '/a/{id}', capture: { projectId: 'id' } },
        { name: 'a', url: '/b', json: {}, expect: { json: contains({ id: captured('projctId') }) } },
      ],
      cleanup: [{ name: 'c', method: 'DELETE', url: '/c/{projectID}' }],
    })
    expect(step.mistakes).toEqual([
      { at: 'steps.verify-http.requests.0.url', expected: '{id} is not captured by an earlier request' },
      {
        at: 'steps.verify-http.requests.1.expect.json',
        expected: "captured('projctId') is not captured by an earlier request; captured: projectId",
      },
      { at: 'steps.verify-http.requests.1.name', expected: 'another name: "a" is taken' },
      { at: 'steps.verify-http.requests.1.json', expected: 'no body with GET' },
      {
        at: 'steps.verify-http.cleanup.0.url',
        expected: '{projectID} is not captured by an earlier request; captured: projectId',
      },
    ])
  })

  it('refuses an address that is none, and an empty list', () => {
    expect(verifyHttp({ requests: [{ name: 'a', url: 'api/x' }] }).mistakes).toEqual([
      { at: 'steps.verify-http.requests.0.url', expected: 'a path that begins with /, or a whole address' },
    ])
    expect(verifyHttp({ requests: [] }).mistakes).toHaveLength(1)
  })
})

it('sends a captured secret in a header, and shows it nowhere', async () => {
  const heard: unknown[] = []
  const { rig } = await world((asked, response) => {
    heard.push(asked.headers.authorization)
    answer(response, 200, { token: 'sess-0b7d41f2e9c8', id: 7 })
  })
  const run = await rig.run(
    verifyHttp({
      requests: [
        {
          name: 'log in',
          method: 'POST',
          url: '/login',
          capture: { token: { at: 'token', secret: true }, id: 'id' },
        },
        { name: 'look', url: '/me/{id}', headers: { Authorization: 'Bearer {token}' } },
      ],
    }),
  )
  expect(run.ended).toBe('done')
  expect(heard.filter(Boolean)).toEqual(['Bearer sess-0b7d41f2e9c8'])
  const ended = run.events.find((event) => event.type === 'action-ended' && event.action === 'log in')
  expect(ended).toMatchObject({ captured: { id: 7 } })
  expect(run.performed.at(-1)).toContain('/me/7  Authorization: Bearer ‹secret token›')
  expect(JSON.stringify(run.events)).not.toContain('sess-0b7d41f2e9c8')
})

it.each([
  [
    'a header with a name that nothing captured',
    { headers: { 'X-Id': '{id}' } },
    'headers: {id} is not captured',
  ],
  [
    'a secret that is none',
    { capture: { token: { at: 'token', secret: false } } },
    'capture.token: a path, or { at: path, secret: true }',
  ],
])('%s is a mistake of the book', (_, more, says) => {
  const step = verifyHttp({ requests: [{ name: 'a', url: '/a', ...more } as never] })
  expect(step.mistakes.map(({ at, expected }) => `${at}: ${expected}`).join()).toContain(says)
})
