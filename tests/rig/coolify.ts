import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { strangenessOf } from './coolify-description.ts'

/** How a deployment goes on, a state each time somebody asks. */
type Life = readonly ('queued' | 'in_progress' | 'finished' | 'failed' | 'cancelled-by-user')[]
interface Deployment {
  id: number
  uuid: string
  commit: string
  life: Life
  /** How often it was asked for. */
  asked: number
  cancelled: boolean
  logs: string[]
  restart: boolean
}
interface Answer {
  status: number
  body: unknown
  headers?: Record<string, string>
}

const WELL: Life = ['queued', 'in_progress', 'in_progress', 'finished']
export const APPLICATION = 'xkcw0g8s4o'
export const TOKEN = '7|coolify+token/secret'

/**
 * A stand-in for Coolify and for the application that it serves, on one free port. It answers as Coolify 4.3 does
 * (read in its sources), and holds each exchange against Coolify's own description, both ways.
 */
export const coolify = async (live: string) => {
  const state = {
    version: '4.3.11',
    abilities: ['read', 'read:sensitive', 'deploy', 'write'],
    /** What HEAD of the branch is, at Coolify's next look. */
    head: live,
    heldAt: 'HEAD',
    /** The life of the next deployments. */
    life: WELL,
    /** The lines that a deployment has written when it has been asked for so often. */
    logs: ['Starting deployment.', 'Building docker image.', 'New container started.'],
    /** The revision that answers on /health; and how many times the old one still does after a deployment. */
    serving: live,
    overlap: 0,
    /** Answers instead, once, by 'METHOD /path'. */
    instead: new Map<string, Answer[]>(),
    /** Answers as before 4.3 and its rollback. */
    old: false,
    deployments: [] as Deployment[],
    strange: [] as string[],
    calls: [] as string[],
  }
  const add = (commit: string, { life = state.life, restart = false } = {}): Deployment => {
    const id = state.deployments.length + 1
    const one = { id, uuid: `dep${id}`, commit, life, asked: 0, cancelled: false, logs: state.logs, restart }
    state.deployments.push(one)
    return one
  }
  const first = add(live, { life: ['finished'] })
  first.logs = []
  const statusOf = ({ cancelled, life, asked }: Deployment) =>
    cancelled ? 'cancelled-by-user' : life[Math.min(asked, life.length - 1)]!
  const running = (one: Deployment) => ['queued', 'in_progress'].includes(statusOf(one))
  const serve = (one: Deployment) => {
    if (one.restart || one.life.at(-1) !== 'finished' || one.cancelled) return
    state.serving = one.commit
  }
  const step = (one: Deployment) => {
    const before = statusOf(one)
    one.asked += 1
    if (statusOf(one) === 'in_progress' && one.commit === 'HEAD') one.commit = state.head
    if (before !== 'finished' && statusOf(one) === 'finished') serve(one)
  }
  const shown = (one: Deployment) => ({
    id: one.id,
    application_id: '12',
    deployment_uuid: one.uuid,
    pull_request_id: 0,
    commit: one.commit,
    status: statusOf(one),
    restart_only: one.restart,
    deployment_url: `/project/p/environment/e/application/${APPLICATION}/deployment/${one.uuid}`,
    ...(state.abilities.includes('read:sensitive') && {
      logs: JSON.stringify(
        one.logs.slice(0, one.asked + 1).flatMap((output, order) => [
          { command: null, output, type: 'stdout', timestamp: '', hidden: false, batch: 1, order },
          { command: 'docker', output: `hidden ${order}`, type: 'stdout', hidden: true, batch: 1 },
        ]),
      ),
    }),
  })
  const queue = (commit: string, options: { restart?: boolean; force?: boolean } = {}) => {
    const same = state.deployments.find((one) => running(one) && one.commit === commit)
    return same && !options.force ? undefined : add(commit, options)
  }
  const nowhere = { status: 404, body: { message: 'Application not found.' } }

  const answer = (method: string, path: string, body: any): Answer => {
    const { pathname, searchParams } = new URL(path, 'http://coolify')
    const [instead] = state.instead.get(`${method} ${pathname}`)?.splice(0, 1) ?? []
    if (instead) return instead
    const may = (ability: string): Answer | undefined =>
      state.abilities.includes(ability)
        ? undefined
        : { status: 403, body: { message: `Missing required permissions: ${ability}` } }
    const of = (pattern: string) => new RegExp(`^${pattern}$`).exec(pathname)?.[1]
    const key = `${method} ${pathname}`
    if (key === 'GET /version') return may('read') ?? { status: 200, body: state.version }
    if (key === 'GET /deploy')
      return (
        may('deploy') ?? { status: 405, body: { message: 'This endpoint has changed to a POST request.' } }
      )
    if (key === 'POST /deploy') {
      const refused = may('deploy')
      if (refused) return refused
      const uuid = searchParams.get('uuid')
      if (uuid !== APPLICATION) return { status: 404, body: { message: 'No resources found.' } }
      const made = queue(state.heldAt, { force: searchParams.get('force') === 'true' })
      const message = made
        ? 'Application lumiku deployment queued.'
        : 'Deployment already queued for this commit.'
      // Its own mistake: the id of a deployment that it did not make.
      const deployment_uuid = made?.uuid ?? 'phantom'
      return { status: 200, body: { deployments: [{ message, resource_uuid: uuid, deployment_uuid }] } }
    }
    const deployment = of('/deployments/([^/]+)')
    if (method === 'GET' && deployment) {
      const one = state.deployments.find(({ uuid }) => uuid === deployment)
      if (!one) return may('read') ?? { status: 404, body: { message: 'Deployment not found.' } }
      step(one)
      return may('read') ?? { status: 200, body: shown(one) }
    }
    const cancel = of('/deployments/([^/]+)/cancel')
    if (method === 'POST' && cancel) {
      const one = state.deployments.find(({ uuid }) => uuid === cancel)!
      if (!running(one))
        return {
          status: 400,
          body: { message: `Deployment cannot be cancelled. Current status: ${statusOf(one)}` },
        }
      one.cancelled = true
      const message = 'Deployment cancelled successfully.'
      return (
        may('deploy') ?? { status: 200, body: { message, deployment_uuid: cancel, status: statusOf(one) } }
      )
    }
    const history = of('/deployments/applications/([^/]+)')
    if (history) {
      if (history !== APPLICATION) return nowhere
      for (const one of state.deployments.filter(running)) step(one)
      const deployments = state.deployments.map(shown).reverse()
      return may('read') ?? { status: 200, body: { count: deployments.length, deployments } }
    }
    const application = of('/applications/([^/]+)(?:/[\\w-]+)?')
    if (application !== APPLICATION) return nowhere
    if (key === `GET /applications/${APPLICATION}`) {
      const { heldAt } = state
      return (
        may('read') ?? {
          status: 200,
          body: { uuid: application, name: 'lumiku', git_branch: 'main', git_commit_sha: heldAt },
        }
      )
    }
    if (method === 'PATCH') {
      const refused = may('write')
      if (!refused) state.heldAt = body.git_commit_sha
      return refused ?? { status: 200, body: { uuid: application } }
    }
    if (pathname.endsWith('/restart')) {
      const made = queue(state.serving, { restart: true })
      const message = made ? 'Restart request queued.' : 'Deployment already queued for this commit.'
      return may('deploy') ?? { status: 200, body: { message, ...(made && { deployment_uuid: made.uuid }) } }
    }
    if (state.old) return { status: 404, body: { message: 'Not found.' } }
    if (pathname.endsWith('/rollback-images')) {
      const images = state.deployments.map(({ commit }) => ({
        tag: commit,
        created_at: '',
        is_current: false,
      }))
      return may('read') ?? { status: 200, body: { current: state.serving, images } }
    }
    const made = queue(body.commit, { force: true })!
    return (
      may('deploy') ?? {
        status: 200,
        body: { message: 'Rollback deployment queued.', deployment_uuid: made.uuid },
      }
    )
  }

  let health = 0
  let before = live
  const revision = (): string => {
    if (before === state.serving) return before
    health += 1
    if (health <= state.overlap) return before
    health = 0
    before = state.serving
    return before
  }
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const text = Buffer.concat(chunks).toString()
    if (request.url === '/health') return reply(response, { status: 200, body: { revision: revision() } })
    const path = request.url!.replace(/^\/api\/v1/, '')
    const method = request.method!
    state.calls.push(`${method} ${path}`)
    const body = text ? JSON.parse(text) : undefined
    const known = request.headers.authorization === `Bearer ${TOKEN}`
    const answered = known
      ? answer(method, path, body)
      : { status: 401, body: { message: 'Unauthenticated.' } }
    // What stands in between, such as a proxy, answers as it likes.
    if (answered.status < 500) state.strange.push(...strangenessOf({ method, path, body }, answered))
    reply(response, answered)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    state,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** What was asked of it that changes something, in order. */
    changes: () => state.calls.filter((call) => !call.startsWith('GET')),
    add,
    statusOf,
    answerInstead: (call: string, ...answers: Answer[]) => state.instead.set(call, answers),
    close: async () => {
      if (!server.listening) return
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

const reply = (response: ServerResponse, { status, body, headers }: Answer): void => {
  const type = typeof body === 'string' ? 'text/html' : 'application/json'
  response.writeHead(status, { 'content-type': type, ...headers })
  response.end(typeof body === 'string' ? body : JSON.stringify(body))
}
