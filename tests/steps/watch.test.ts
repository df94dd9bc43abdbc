import { appendFileSync, mkdtempSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { connected } from '../../examples/world/databases.ts'
import type { EventOf } from '../../runbook/model/event.ts'
import { captured } from '../../steps/http/captured.ts'
import { pm2Restart } from '../../steps/pm2-restart.ts'
import { watch } from '../../steps/watch.ts'
import { until } from '../rig/command-line.ts'
import { answer, httpServer } from '../rig/http-server.ts'
import { pm2Home } from '../rig/pm2-home.ts'
import { freshDatabase } from '../rig/postgres.ts'
import { type StepRun, stepRig } from '../rig/step-rig.ts'

const quick = { every: 40, everyChange: 60, sampleEvery: 100, timeout: 30_000 }
/** On a busy machine an answer may take its time. */
const patient = { p95: 30_000 }

const samplesOf = ({ events }: Pick<StepRun, 'events'>) =>
  events.filter(
    (event): event is EventOf<'looked'> & typeof event => event.type === 'looked' && !!event.sample,
  )
const last = (run: StepRun) => samplesOf(run).at(-1)!
const unmetOf = ({ failure }: StepRun) =>
  (failure as { unmet?: { fact: string; seen: string; remedy: string }[] } | undefined)?.unmet?.[0]

const rigFor = async (options: Parameters<typeof stepRig>[0]) => {
  const rig = await stepRig(options)
  onTestFinished(rig.dispose)
  return rig
}
const folder = () => {
  const dir = mkdtempSync(join(tmpdir(), 'runbook watch '))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

describe('watching a process under pm2', () => {
  let home: Awaited<ReturnType<typeof pm2Home>>
  let rig: Awaited<ReturnType<typeof stepRig>>
  const restart = pm2Restart({
    process: 'app',
    ecosystem: 'ecosystem.config.cjs',
    soak: 100,
    revision: false,
  })
  const watching = (more: Parameters<typeof watch>[0] = {}) =>
    watch({ for: '60s', from: restart, ...quick, ...more, limits: { ...patient, ...more.limits } })

  beforeAll(async () => {
    home = await pm2Home()
    rig = await stepRig({ dir: home.dir, app: { url: home.url }, variables: home.variables })
    home.ecosystem({ name: 'app', script: 'app.cjs' })
    home.release({ error: 'Error: of an earlier time' })
    await home.pm2('start', 'ecosystem.config.cjs')
    await home.answers()
  }, 60_000)
  beforeEach(() => home.release({}))
  afterAll(async () => {
    rig.dispose()
    await home.dispose()
  })

  /** Restarts it, watches it, and does something to it once a first sample is there. */
  const watchedWhile = async (deed: () => unknown, more?: Parameters<typeof watch>[0]) => {
    const step = watching(more)
    const running = rig.run([restart, step])
    await until(() => rig.seen().some((event) => event.type === 'looked' && event.sample))
    await deed()
    return running
  }

  it('goes well: requests, percentiles, the log since the restart, restarts, memory', async () => {
    const run = await rig.run([restart, watching({ for: '2s' })])
    expect(run.failure).toBeUndefined()
    expect(run.summary).toMatch(
      /^[\d,]+ requests, 0 failed, p95 \d+ ms \(limit 30000\), 0 new errors, 0 restarts, [\d.]+ MB$/,
    )
    const { sample, holds } = last(run)
    expect(holds).toBe(true)
    expect(sample).toMatchObject({
      of: 2000,
      elapsed: 2000,
      failed: 0,
      'log errors': 0,
      'restarts of app': 0,
      'online of app': 1,
    })
    expect(sample!.requests).toBeGreaterThan(1)
    expect(sample!.p50).toBeLessThanOrEqual(sample!.p99!)
    expect(sample!['memory of app']).toBeGreaterThan(10_000_000)
    expect(sample!['log lines']).toBeGreaterThan(0)
    // Each request is no line of the transcript.
    const others = run.events.filter(
      (event) => 'step' in event && event.step === 'watch' && !('sample' in event),
    )
    expect(others.length).toBeLessThan(10)
  })

  it('fails when it begins to answer 500, with how many, and not for one', async () => {
    const run = await watchedWhile(async () => {
      await home.become({ status: 500 })
    })
    expect(unmetOf(run)).toMatchObject({
      fact: 'at most 5 % of the requests fail',
      seen: expect.stringMatching(/^\d+ of \d+ failed within a minute: \d+ × 500$/),
      remedy: `see what it answers: curl -i ${home.url}/health`,
    })
    expect(last(run)).toMatchObject({
      holds: false,
      seen: expect.stringContaining('; now: GET /health: 500'),
    })
  })

  it('fails when it becomes slow', async () => {
    const requests = [{ name: 'health', url: '/health', expect: { within: 150 } }]
    const run = await watchedWhile(() => home.become({ takes: 250 }), { requests })
    expect(unmetOf(run)).toMatchObject({
      fact: '95 % of the answers to "health" come within 150 ms',
      seen: expect.stringMatching(/^\d+ of \d+ took longer within a minute; the longest \d+ ms$/),
    })
  })

  it('fails when it writes an error, and shows it with its stack', async () => {
    const run = await watchedWhile(() => home.become({ error: 'TypeError: x\n    at y (z.js:1:1)' }))
    expect(unmetOf(run)).toMatchObject({
      fact: 'the log has no new error',
      seen: '1 new error, the first: TypeError: x',
    })
    expect((run.failure as { tail: string }).tail).toContain('at y (z.js:1:1)')
  })

  it('fails when it is started again, and shows what it said last', async () => {
    const run = await watchedWhile(() => home.become({ error: 'out of luck', diesAtOnce: true }), {
      limits: { failed: 1 },
    })
    expect(unmetOf(run)).toMatchObject({
      fact: 'app is not started again',
      seen: expect.stringMatching(/^1 restart; app: online, pid \d+$/),
      remedy: 'pm2 logs app --err --lines 50',
    })
    expect((run.failure as { tail: string }).tail).toContain('out of luck')
  })
})

describe('watching requests', () => {
  const create = {
    name: 'create',
    method: 'POST',
    url: '/items',
    expect: { status: 201, within: 500 },
    capture: { id: 'id' },
  } as const
  const remove = { name: 'remove', method: 'DELETE', url: '/items/{id}' } as const
  const shop = async ({
    removes = 204,
    lists = () => true,
    makes = () => {},
  }: {
    removes?: number
    lists?: (times: number) => boolean
    /** Something was made, and not yet answered. */
    makes?: (times: number) => void
  } = {}) => {
    const items = new Set<string>()
    let [made, listed] = [0, 0]
    const server = await httpServer(({ method, path }, response) => {
      if (method === 'POST') {
        const id = `item-${++made}`
        items.add(id)
        makes(made)
        return answer(response, 201, { id })
      }
      if (method === 'DELETE') {
        if (removes === 204) items.delete(path.split('/').at(-1)!)
        return answer(response, removes)
      }
      return answer(
        response,
        lists(++listed) ? 200 : 503,
        [...items].map((id) => ({ id })),
      )
    })
    onTestFinished(server.close)
    const rig = await rigFor({ dir: folder(), app: { url: server.url } })
    return { rig, server, items, made: () => made }
  }

  it('what they create is removed each time, and announced in the transcript like every effect', async () => {
    const { rig, items, made } = await shop()
    const read = { name: 'read', url: '/items/{id}', expect: { json: [{ id: captured('id') }] } }
    const run = await rig.run(watch({ ...quick, for: '1s', requests: [create, read], cleanup: [remove] }))
    expect(run.failure).toBeUndefined()
    // At its beginning and at its end at the least.
    expect([made() > 1, [...items]]).toEqual([true, []])
    expect(run.performed.filter((printed) => printed.startsWith('POST'))).toHaveLength(made())
    expect(last(run).sample).toMatchObject({ 'p95 of create': expect.any(Number) })
  })

  it('one that fails once is no breach', async () => {
    const { rig } = await shop({ lists: (times) => times > 1 })
    const list = { name: 'list', url: '/items' }
    const run = await rig.run(watch({ ...quick, for: '1s', requests: [list] }))
    expect(run.failure).toBeUndefined()
    expect(run.summary).toContain('1 failed (1 × 503)')
    expect(samplesOf(run)[0]).toMatchObject({ holds: false })
  })

  it('what cannot be removed is named', async () => {
    const { rig, items } = await shop({ removes: 500 })
    const step = watch({ ...quick, for: '1s', requests: [create], cleanup: [remove], limits: { failed: 1 } })
    const run = await rig.run(step)
    expect(unmetOf(run)!.fact).toBe('what the requests created is removed')
    for (const item of items) expect(unmetOf(run)!.seen).toContain(`id ${item}`)
  })

  it('ends at an interrupt, with what was seen until then and nothing left behind', async () => {
    const { rig, items } = await shop({
      makes: (times) => {
        if (times > 1) rig.abort.abort(new Error('SIGINT'))
      },
    })
    const run = await rig.run(watch({ ...quick, for: '24h', requests: [create], cleanup: [remove] }))
    expect([run.ended, [...items]]).toEqual(['failed', []])
    expect(last(run).seen).toMatch(/^\d+ requests, 0 failed/)
    expect(last(run).sample!.elapsed).toBeLessThan(60_000)
  })
})

describe('watching a log', () => {
  const start = async (more: Parameters<typeof watch>[0] = {}) => {
    const dir = folder()
    const log = join(dir, 'app.log')
    const rig = await rigFor({ dir })
    const step = watch({ ...quick, for: '60s', logs: [log], ...more })
    const begin = () => {
      const running = rig.run(step)
      const sampled = (holds: (line: EventOf<'looked'>) => unknown) =>
        until(() => rig.seen().some((event) => event.type === 'looked' && event.sample && holds(event)))
      return { running, sampled }
    }
    return { log, rig, begin }
  }

  it('one that is moved away is read to its end, and then the new one', async () => {
    const { log, begin } = await start()
    writeFileSync(log, 'an error of an earlier time\n')
    const { running, sampled } = begin()
    await sampled(() => true)
    renameSync(log, `${log}.1`)
    writeFileSync(log, 'a line\n'.repeat(50))
    await sampled(({ seen }) => seen.includes('app.log was moved to app.log.1, which was read to its end'))
    appendFileSync(log, 'fatal: of the new file\n')
    expect(unmetOf(await running)!.seen).toBe('1 new error, the first: fatal: of the new file')
  })

  it('an error that was written right before the file was moved is not lost', async () => {
    const { log, begin } = await start()
    writeFileSync(log, '')
    const { running, sampled } = begin()
    await sampled(() => true)
    appendFileSync(log, 'fatal: the last line of the old file\n')
    renameSync(log, `${log}.1`)
    writeFileSync(log, '')
    expect(unmetOf(await running)!.seen).toContain('the last line of the old file')
  })

  it('one that is emptied is read from its beginning, and that is said', async () => {
    const { log, begin } = await start()
    writeFileSync(log, 'a line\n'.repeat(50))
    const { running, sampled } = begin()
    await sampled(() => true)
    truncateSync(log)
    appendFileSync(log, 'a new line\n')
    await sampled(({ seen }) => seen.includes('app.log was emptied, or rotated before this watch'))
    appendFileSync(log, 'fatal: after that\n')
    expect(unmetOf(await running)!.seen).toBe('1 new error, the first: fatal: after that')
  })

  it('one that is not there at the end fails it: errors would not have been seen', async () => {
    const { log, begin } = await start({ for: '1s' })
    const run = await begin().running
    expect(unmetOf(run)).toMatchObject({
      fact: 'the log can be read',
      seen: `there is no file ${log}: errors would not be seen`,
      remedy: expect.stringContaining('pm2 reloadLogs'),
    })
    expect(last(run).seen).toContain('app.log is not there')
  })

  it('one that was missing for a moment is read when it comes', async () => {
    const { log, begin } = await start()
    const { running, sampled } = begin()
    await sampled(({ seen }) => seen.includes(`there is no file ${log}`))
    writeFileSync(log, '0 errors\nfatal: of the first line\n')
    expect(unmetOf(await running)!.seen).toContain('of the first line')
  })
})

describe('watching a database', () => {
  it('its figures are recorded, and who waits too long for a lock is named with who is in the way', async () => {
    const db = await freshDatabase()
    onTestFinished(db.drop)
    await db.query('CREATE TABLE items (id int PRIMARY KEY, n int); INSERT INTO items VALUES (1, 0)')
    const rig = await rigFor({ dir: folder(), databaseUrl: db.url })
    const step = watch({ ...quick, for: '60s', limits: { waiting: 300 } })
    const run = await connected(db.url, async (holder) => {
      await holder.query('BEGIN; UPDATE items SET n = 1')
      const { rows } = await holder.query('SELECT pg_backend_pid() AS pid')
      return connected(db.url, async (waiter) => {
        const waiting = waiter.query('UPDATE items SET n = 2')
        const ended = await rig.run(step)
        await holder.query('ROLLBACK')
        await waiting
        expect(unmetOf(ended)!.seen).toMatch(
          new RegExp(`^pid \\d+ .*has waited for [\\d.]+ s for pid ${rows[0].pid}: UPDATE items SET n = 2$`),
        )
        expect(unmetOf(ended)!.remedy).toContain(`pg_terminate_backend(${rows[0].pid})`)
        return ended
      })
    })
    expect(unmetOf(run)!.fact).toBe('nobody waits 0.3 s for a lock')
    expect(last(run).sample).toMatchObject({ waiting: 1, connections: expect.any(Number) })
    expect(last(run).sample!['idle in transaction']).toBeGreaterThan(0)
    expect(last(run).seen).toMatch(/\d+ of \d+ connections, 1 waiting for a lock, longest query [\d.]+ s/)
  })

  it('what its tables go through is recorded as rates', async () => {
    const db = await freshDatabase()
    onTestFinished(db.drop)
    await db.query('CREATE TABLE items (id int)')
    const rig = await rigFor({ dir: folder(), databaseUrl: db.url })
    const running = rig.run(watch({ ...quick, for: '3s', tables: ['items'] }))
    await until(() => rig.seen().some((event) => event.type === 'looked' && event.sample))
    await db.query('INSERT INTO items SELECT generate_series(1, 500)')
    const run = await running
    expect(run.failure).toBeUndefined()
    const most = Math.max(...samplesOf(run).map(({ sample }) => sample!['inserts/s'] ?? 0))
    expect(most).toBeGreaterThan(0)
  })

  it('one that cannot be reached fails it', async () => {
    const db = await freshDatabase()
    await db.drop()
    const rig = await rigFor({ dir: folder(), databaseUrl: db.url })
    const run = await rig.run(watch({ ...quick, for: '60s' }))
    expect(unmetOf(run)).toMatchObject({
      fact: 'the database answers',
      remedy: expect.stringContaining('DATABASE_URL'),
    })
  })
})

describe('the options of watch', () => {
  it.each([
    [{ for: 'soon' }, 'steps.watch.for', 'a span of time: 90s, 10m or 24h'],
    [{ for: '0m' }, 'steps.watch.for', 'a span of time: 90s, 10m or 24h'],
    [{ limits: { failed: 5 } }, 'steps.watch.limits.failed', expect.stringContaining('1')],
    [
      { from: pm2Restart({ process: 'a' }), process: 'a' },
      'steps.watch.process',
      'only one of from and process',
    ],
    [
      { requests: [{ name: 'a', url: '/{id}' }] },
      'steps.watch.requests.0.url',
      '{id} is not captured by an earlier request',
    ],
  ])('%#', (options, at, expected) => {
    expect(watch(options as Parameters<typeof watch>[0]).mistakes).toEqual([{ at, expected }])
  })

  it('a plan says what is watched, and from where on', async () => {
    const dir = folder()
    const rig = await rigFor({ dir, app: { url: 'http://127.0.0.1:1' } })
    writeFileSync(join(dir, 'app.log'), '')
    const { steps, failures } = await rig.plan(watch({ logs: ['app.log'] }))
    expect(failures).toEqual([])
    expect(steps[0]).toMatchObject({
      title: 'Watch for 10m',
      findings: ['asks GET /health', 'reads app.log from now on'],
      after: ['for 10m it stayed within its limits'],
    })
  })

  it('where there is nothing to watch, that is said', async () => {
    const rig = await rigFor({ dir: folder() })
    expect(unmetOf(await rig.run(watch()))).toMatchObject({ fact: 'there is something to watch' })
  })
})
