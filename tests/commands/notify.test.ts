import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { operatorName } from '../../runbook/doors/process-identity.ts'
import type { EventOf } from '../../runbook/model/event.ts'
import { bookFolder, bookOf, eventsIn } from '../rig/command-line.ts'
import { endsAfterEach } from '../rig/ends.ts'
import { answer, type Handler, httpServer } from '../rig/http-server.ts'

const ada = operatorName({ SUDO_USER: 'ada' })
const ends = endsAfterEach()

const well: Handler = (_, response) => answer(response, 200, { ok: true })
const secretPath = '/services/T0KEN9x7'

/** A book whose runs tell of themselves, and the server that is told. */
const telling = async ({
  notify,
  steps,
  handle = well,
}: {
  notify: string
  steps: string
  handle?: Handler
}) => {
  const server = await httpServer(handle)
  ends.push(server.close)
  const source = bookOf(steps).replace("name: 'tested',", `name: 'tested', notify: [${notify}],`)
  const book = await bookFolder(source)
  ends.push(book.dispose)
  const variables = {
    SUDO_USER: 'ada',
    HOOK: `${server.url}${secretPath}`,
    KEY: 'R0UTING-KEY-1234567890',
    SERVER: server.url,
  }
  const runbook = (...args: string[]) => book.runbook(args, { variables })
  return {
    ...book,
    call: book.runbook,
    server,
    runbook,
    told: () => server.asked.map(({ body }) => body as Record<string, any>),
  }
}

const all = `r.slack(secret('HOOK')), r.webhook(secret('HOOK'), { headers: { Authorization: r.text\`Bearer \${secret('KEY')}\` } }), r.pagerDuty(secret('KEY'), { url: process.env.SERVER })`

test('each is told in its own form that a run begins and how it ended, and nobody sees where that was sent', async () => {
  const { server, runbook, stateDir } = await telling({
    notify: all,
    steps: `does('one', 'echo what a child prints')`,
  })
  const { exit, out, err } = await runbook('deploy', 'staging', '--yes', '--verbose')
  expect(exit, out + err).toBe(0)
  const of = (path: string, test: (body: any) => boolean) =>
    server.asked.filter((asked) => asked.path === path && test(asked.body))
  const slack = of(secretPath, (body) => Object.keys(body).join() === 'text')
  expect(slack.map(({ body }) => (body as any).text.split('\n'))).toEqual([
    [
      '*deploy of tested to staging begins*',
      expect.stringMatching(/^by \S.* on .*, run \d{8}T\d{6}Z-staging-deploy-/),
    ],
    [
      expect.stringMatching(/^\*deploy of tested to staging: done in .*s\*$/),
      expect.stringContaining(`by ${ada} on `),
    ],
  ])
  const generic = of(secretPath, (body) => 'summary' in body)
  expect(generic.map(({ body }) => body)).toMatchObject([
    { occasion: 'start', env: 'staging', command: 'deploy', operator: ada },
    { occasion: 'success', verdict: 'done', exit: 0, ms: expect.any(Number) },
  ])
  expect(generic[0]!.headers.authorization).toBe('Bearer R0UTING-KEY-1234567890')
  // As PagerDuty's own description of a change event has it.
  const changes = of('/v2/change/enqueue', () => true)
  expect(changes.map(({ body }) => body)).toMatchObject([
    {
      routing_key: 'R0UTING-KEY-1234567890',
      payload: {
        summary: 'deploy of tested to staging begins',
        source: 'tested staging',
        custom_details: { env: 'staging' },
      },
    },
    { payload: { custom_details: { verdict: 'done' } } },
  ])
  expect(Date.parse((changes[0]!.body as any).payload.timestamp)).toBeGreaterThan(0)
  expect(server.asked).toHaveLength(6)
  expect(JSON.stringify(server.asked)).not.toContain('what a child prints')
  const shown = await runbook('show', '--json')
  const looked = eventsIn(shown.out).filter(
    (event): event is EventOf<'looked'> & typeof event => event.type === 'looked' && !!event.notified,
  )
  expect(looked).toHaveLength(6)
  expect(looked.every(({ holds, seen }) => holds && /^200 in \d+ ms$/.test(seen))).toBe(true)
  expect(eventsIn(shown.out).at(-1)).toMatchObject({ type: 'run-ended' })
  expect((await runbook('show', '--check')).exit).toBe(0)
  const kept = readFileSync(`${stateDir}/runs/${(eventsIn(shown.out)[0] as any).run}/journal.jsonl`, 'utf8')
  for (const text of [out, err, shown.out, kept]) {
    expect(text).not.toContain('T0KEN9x7')
    expect(text).not.toContain('R0UTING-KEY')
  }
})

test('a failure is told with its step, its sentence and what to type, and once, also where it was taken back', async () => {
  const broken = `does('one', ':', { sort: 'state', undo: () => r.reverse('code', { back: changes('rm', 'done-one') }) }),
    sh('two', 'echo the $(echo secret) life of a child; exit 3', { sort: 'prepares', title: 'Build the application' })`
  const book = await telling({ notify: `r.webhook(secret('HOOK'))`, steps: broken })
  expect((await book.runbook('deploy', 'staging', '--yes')).exit).toBe(1)
  expect(book.told()).toMatchObject([
    { occasion: 'start' },
    {
      ...{ occasion: 'failure', verdict: 'failed', exit: 1 },
      failed: { step: 'Build the application', sentence: expect.stringMatching(/exit 3$/) },
      next: ['runbook resume', 'runbook rollback staging'],
      summary: expect.stringMatching(
        /^deploy of tested to staging FAILED after .* in “Build the application”: /,
      ),
    },
  ])
  expect((await book.runbook('rollback', 'staging', '--yes')).exit).toBe(0)
  expect(book.told().slice(2)).toMatchObject([
    { occasion: 'start', command: 'rollback' },
    {
      occasion: 'rollback',
      verdict: 'rolled-back',
      summary: expect.stringMatching(/^rollback of tested in staging: rolled back in /),
    },
  ])
  expect((await book.runbook('deploy', 'staging', '--yes', '--on-failure', 'rollback')).exit).toBe(6)
  expect(book.told().slice(4)).toMatchObject([
    { occasion: 'start', command: 'deploy' },
    {
      occasion: 'rollback',
      command: 'deploy',
      summary: expect.stringMatching(/ failed and was ROLLED BACK after /),
    },
  ])
  expect(book.told()).toHaveLength(6)
  expect(JSON.stringify(book.told())).not.toContain('secret life')
})

test('one that answers 500, one that hangs and one that is not there cost a line each, and no run', async () => {
  const hanging: Handler = (asked, response) =>
    asked.path === '/500' ? answer(response, 500, {}) : undefined
  const notify = `r.webhook(secret('BROKEN')), r.slack(secret('HOOK')), r.webhook(secret('GONE')), r.slack(secret('UNSET'), { on: ['success'] })`
  const book = await telling({ notify, steps: `does('one')`, handle: hanging })
  const variables = { HOOK: book.server.url, BROKEN: `${book.server.url}/500`, GONE: 'http://127.0.0.1:9/x' }
  const { exit, out } = await book.call(['deploy', 'staging', '--yes'], { variables })
  expect(exit).toBe(0)
  const lines = out.split('\n').filter((line) => line.includes('was told'))
  expect(lines.filter((line) => line.includes('it answered 500; the run goes on'))).toHaveLength(2)
  expect(lines.filter((line) => line.includes('no answer within 3000 ms'))).toHaveLength(2)
  expect(lines.filter((line) => line.includes('port') || line.includes('connection refused'))).toHaveLength(2)
  expect(lines.filter((line) => line.includes('the secret UNSET is not set'))).toHaveLength(1)
  expect(lines).toHaveLength(7)
  expect(out).toContain('Done in')
})

test('a plan, a checklist, a verification, and a run that does not begin tell nobody', async () => {
  const book = await telling({ notify: all, steps: `does('one')` })
  await Promise.all(['plan', 'doctor', 'verify'].map((verb) => book.runbook(verb, 'staging')))
  expect((await book.runbook('deploy', 'production', '--confirm', 'staging')).exit).toBe(4)
  await sleep(100)
  expect(book.server.asked).toEqual([])
})

test('who is told of what, and where, is the book’s to say', async () => {
  const notify = `r.webhook(secret('HOOK'), { on: ['success'] }), r.slack(secret('HOOK'), { in: ['production'] })`
  const book = await telling({ notify, steps: `does('one')` })
  expect((await book.runbook('deploy', 'staging', '--yes')).exit).toBe(0)
  expect(book.told()).toMatchObject([{ occasion: 'success' }])
  expect((await book.runbook('deploy', 'production', '--yes', '--confirm', 'production')).exit).toBe(0)
  expect(
    book
      .told()
      .slice(1)
      .filter((body) => 'text' in body),
  ).toHaveLength(2)
})
