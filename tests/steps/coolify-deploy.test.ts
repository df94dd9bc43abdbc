import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { arrangeRollback } from '../../runbook/engine/arrange-rollback.ts'
import type { Failure } from '../../runbook/index.ts'
import { foldRun } from '../../runbook/journal/fold.ts'
import type { PastRun } from '../../runbook/journal/past-runs.ts'
import type { Arrangement } from '../../runbook/plan/plan.ts'
import { coolifyDeploy } from '../../steps/coolify-deploy.ts'
import { APPLICATION, coolify, TOKEN } from '../rig/coolify.ts'
import { gitRemote } from '../rig/git-remote.ts'
import { stepRig } from '../rig/step-rig.ts'

const sha = (digit: string) => digit.repeat(40)
const OLD = sha('a')
const NEW = sha('b')

type Server = Awaited<ReturnType<typeof coolify>>
type Rig = Awaited<ReturnType<typeof stepRig>>
let server: Server
let rig: Rig

beforeEach(async () => {
  server = await coolify(OLD)
  server.state.head = NEW
  rig = await stepRig({ dir: '/', app: { url: server.url }, secrets: { COOLIFY_TOKEN: TOKEN } })
})
afterEach(async () => {
  rig.dispose()
  await server.close()
  // What this tool asks, and what the stand-in answers, is as Coolify describes it.
  expect(server.state.strange).toEqual([])
})

const step = (options: Partial<Parameters<typeof coolifyDeploy>[0]> = {}) =>
  coolifyDeploy({ application: APPLICATION, url: server.url, every: 100, startup: 3000, ...options })
const unmetOf = (failure: Failure | undefined) => (failure && 'unmet' in failure ? failure.unmet : [])
const facts = (run: Awaited<ReturnType<Rig['run']>>) =>
  run.events.flatMap((event) => (event.type === 'looked' ? [`${event.fact}: ${event.seen}`] : []))

describe('coolifyDeploy', () => {
  it('has Coolify deploy, waits for the end, and proves what answers', async () => {
    const run = await rig.run(step())
    expect(run.failure).toBeUndefined()
    expect(run.performed[0]).toBe(
      `POST ${server.url}/api/v1/deploy?uuid=${APPLICATION}&force=false  Accept: application/json  Authorization: 'Bearer ‹secret COOLIFY_TOKEN›'`.replaceAll(
        "'",
        '',
      ),
    )
    expect(server.changes()).toEqual([`POST /deploy?uuid=${APPLICATION}&force=false`])
    expect(facts(run)).toEqual(
      expect.arrayContaining([
        'the deployment has finished: dep2, bbbbbbb',
        'Coolify has finished the deployment: dep2 finished, bbbbbbb',
        expect.stringMatching(
          /^the application answers with the commit that Coolify deployed: 200 in \d+ ms, revision bbbbbbb$/,
        ),
      ]),
    )
    expect(JSON.stringify(run.events)).not.toContain(TOKEN)
  })

  it('puts the log of the deployment into the transcript, each line once and no hidden one', async () => {
    const run = await rig.run(step())
    const output = run.events.flatMap((event) => (event.type === 'output' ? [event.text] : []))
    expect(output.join('')).toBe('Starting deployment.\nBuilding docker image.\nNew container started.\n')
  })

  it('goes on without the log where the token may not read it', async () => {
    server.state.abilities = ['read', 'deploy']
    expect((await rig.run(step())).failure).toBeUndefined()
  })

  it('fails with the end of the log when the build dies, although the old container answers 200', async () => {
    server.state.life = ['queued', 'in_progress', 'failed']
    server.state.logs = ['Starting.', 'Building.', 'npm ERR! missing script: build']
    const run = await rig.run(step())
    expect(unmetOf(run.failure)).toEqual([
      {
        fact: 'the deployment has finished',
        seen: 'dep2 ended as failed',
        remedy: `read its log: ${server.url}/project/p/environment/e/application/${APPLICATION}/deployment/dep2`,
      },
    ])
    expect(run.failure).toMatchObject({ tail: expect.stringContaining('missing script: build') })
    expect(server.state.serving).toBe(OLD)
  })

  it('says when somebody else cancels it', async () => {
    server.state.life = ['queued', 'in_progress', 'cancelled-by-user']
    expect(unmetOf((await rig.run(step())).failure)[0]!.seen).toBe('somebody cancelled dep2 in Coolify')
  })

  it('waits while the old container still answers, and fails when it goes on answering', async () => {
    server.state.overlap = 3
    expect((await rig.run(step())).failure).toBeUndefined()
    server.state.head = sha('c')
    server.state.overlap = 1e9
    const run = await rig.run(step({ startup: 600 }))
    expect(unmetOf(run.failure)[0]!.seen).toMatch(/^200 in \d+ ms, revision bbbbbbb instead of ccccccc$/)
  })

  it('asks again when Coolify says, with a full queue', async () => {
    const message = 'Deployment queue is full. Please wait for existing deployments to complete.'
    server.answerInstead('POST /deploy', { status: 429, body: { message }, headers: { 'Retry-After': '1' } })
    const run = await rig.run(step())
    expect(run.failure).toBeUndefined()
    expect(run.events.some((event) => event.type === 'output' && event.text.includes('again in 1 s'))).toBe(
      true,
    )
  })

  it('gives up where the queue stays full', async () => {
    const full = {
      status: 429,
      body: { message: 'Deployment queue is full.' },
      headers: { 'Retry-After': '60' },
    }
    server.answerInstead('POST /deploy', full)
    const run = await rig.run(step({ queue: 5000 }))
    expect(unmetOf(run.failure)).toMatchObject([
      { fact: 'Coolify takes the request', seen: '429: Deployment queue is full.' },
    ])
  })

  it('looks again when Coolify has had too many questions', async () => {
    const tooMany = { status: 429, body: { message: 'Too Many Attempts.' }, headers: { 'Retry-After': '1' } }
    server.answerInstead(`GET /deployments/applications/${APPLICATION}`, tooMany)
    expect((await rig.run(step())).failure).toBeUndefined()
  })

  it('follows the deployment that runs already, where Coolify announces one that it never made', async () => {
    const other = server.add('HEAD', { life: [...Array(8).fill('queued'), 'in_progress', 'finished'] })
    const run = await rig.run(step())
    expect(run.failure).toBeUndefined()
    expect(server.state.deployments).toHaveLength(2)
    expect(facts(run)).toContain(
      `Coolify has a deployment of the application: ${other.uuid}, which somebody else began`,
    )
  })

  it('cancels what is stuck in the queue, so that it does not begin when nobody waits for it', async () => {
    server.state.life = ['queued']
    const run = await rig.run(step({ queue: 300 }))
    expect(unmetOf(run.failure)[0]!.seen).toBe('still queued; dep2 was cancelled')
    expect(server.changes()).toEqual([
      `POST /deploy?uuid=${APPLICATION}&force=false`,
      'POST /deployments/dep2/cancel',
    ])
  })

  it('cancels what takes too long', async () => {
    server.state.life = ['queued', 'in_progress']
    const run = await rig.run(step({ timeout: 300 }))
    expect(unmetOf(run.failure)[0]).toMatchObject({
      fact: 'it takes no more than 0.3 s',
      seen: 'it goes on; dep2 was cancelled',
    })
  })

  it('cancels on an interrupt, and not what somebody else has begun', async () => {
    server.state.life = ['queued', 'in_progress']
    const running = rig.run(step())
    await expect.poll(() => server.state.deployments[1]?.asked ?? 0, { timeout: 10_000 }).toBeGreaterThan(2)
    rig.abort.abort(new Error('interrupted'))
    expect((await running).ended).toBe('failed')
    expect(server.statusOf(server.state.deployments[1]!)).toBe('cancelled-by-user')
  })

  it('survives a proxy that answers for Coolify for a while', async () => {
    const gone = { status: 502, body: '<html>Bad Gateway</html>' }
    server.answerInstead('GET /deployments/dep2', gone, gone, gone)
    const run = await rig.run(step())
    expect(run.failure).toBeUndefined()
  })

  it('says beforehand which commit it will be, is done already where that is live, and stops at another', async () => {
    const { clone, first: head, push, dispose } = gitRemote()
    const at = { app: { url: server.url }, secrets: { COOLIFY_TOKEN: TOKEN } }
    const cloned = await stepRig({ dir: clone, ...at })
    try {
      server.state.head = head
      const { steps } = await cloned.plan(step())
      expect(steps[0]!.findings).toEqual([`lumiku in Coolify, branch main: aaaaaaa → ${head.slice(0, 7)}`])
      const first = await cloned.run(step())
      expect(first.failure).toBeUndefined()
      expect(first.summary).toBe(`lumiku aaaaaaa → ${head.slice(0, 7)}`)
      expect((await cloned.run(step())).ended).toBe('skipped')
      expect((await cloned.run(step({ force: true }))).ended).toBe('done')
      push({ 'app.txt': 'two\n' })
      // Between the look at the remote and Coolify's own something else was pushed.
      server.state.head = NEW
      const moved = await cloned.run(step())
      expect(unmetOf(moved.failure)[0]).toMatchObject({
        fact: 'Coolify deploys the commit of the plan',
        seen: expect.stringMatching(/^bbbbbbb instead of [0-9a-f]{7}; dep4 was cancelled$/),
      })
    } finally {
      cloned.dispose()
      dispose()
    }
  })

  it('refuses to deploy what an earlier rollback has held at a commit', async () => {
    const { clone, first: head, dispose } = gitRemote()
    const cloned = await stepRig({ dir: clone, app: { url: server.url }, secrets: { COOLIFY_TOKEN: TOKEN } })
    try {
      server.state.heldAt = sha('d')
      const { failures } = await cloned.plan(step())
      expect(unmetOf(failures[0])).toMatchObject([
        {
          fact: 'Coolify deploys the head of main',
          seen: `it is held at ddddddd, main is at ${head.slice(0, 7)}`,
        },
      ])
    } finally {
      cloned.dispose()
      dispose()
    }
  })
})

describe('the way back of coolifyDeploy', () => {
  /** As `runbook rollback` does it: from the transcript alone. */
  const rollback = (run: Awaited<ReturnType<Rig['run']>>, options = {}) => {
    const made = step(options)
    const book = { env: rig.env, steps: [made], entries: [made] } as unknown as Arrangement
    const target = { id: 'r', state: foldRun(run.events) } as PastRun
    const paths = { stamp: '', backups: '', copies: '' }
    return [...arrangeRollback(book, { target, database: undefined, around: [], paths }).steps]
  }

  it('is Coolify’s own rollback to the image that it has kept', async () => {
    const run = await rig.run(step())
    const back = await rig.run(rollback(run))
    expect(back.failure).toBeUndefined()
    expect(server.state.serving).toBe(OLD)
    expect(server.changes().at(-1)).toBe(`POST /applications/${APPLICATION}/rollback`)
    expect(facts(back)).toContain('Coolify has deployed aaaaaaa: dep3 finished, aaaaaaa')
  })

  it('is, before 4.3, the previous commit, at which Coolify then holds the application', async () => {
    server.state.old = true
    const run = await rig.run(step())
    const back = await rig.run(rollback(run))
    expect(back.failure).toBeUndefined()
    expect([server.state.serving, server.state.heldAt]).toEqual([OLD, OLD])
    expect(server.changes().slice(-2)).toEqual([
      `PATCH /applications/${APPLICATION}`,
      `POST /deploy?uuid=${APPLICATION}&force=false`,
    ])
  })

  it('has nothing to do where the deployment failed and the previous one still serves', async () => {
    server.state.life = ['queued', 'failed']
    const run = await rig.run(step())
    expect((await rig.run(rollback(run))).ended).toBe('skipped')
  })

  it('is not called done where Coolify refuses it, or where it fails', async () => {
    const run = await rig.run(step())
    const full = 'Deployment queue is full. Please wait for existing deployments to complete.'
    server.answerInstead(`POST /applications/${APPLICATION}/rollback`, {
      status: 400,
      body: { message: full },
    })
    const refused = await rig.run(rollback(run))
    expect(refused.failure).toMatchObject({ kind: 'request-failed', status: 400 })
    server.state.life = ['queued', 'in_progress', 'failed']
    const failed = await rig.run(rollback(run))
    expect(unmetOf(failed.failure)[0]!.seen).toBe(
      'dep3 ended as failed; the last that finished is bbbbbbb, dep2',
    )
  })

  it('is none for the first deployment of all', async () => {
    server.state.deployments = []
    const run = await rig.run(step())
    expect(() => rollback(run)).toThrow(
      expect.objectContaining({ failure: expect.objectContaining({ kind: 'before-unmet' }) }),
    )
  })
})
