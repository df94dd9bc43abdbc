import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { typed } from '../../runbook/index.ts'
import type { Failure } from '../../runbook/model/failure.ts'
import { pm2Restart } from '../../steps/pm2-restart.ts'
import { watchLogs } from '../../steps/watch-logs.ts'
import { pm2Home } from '../rig/pm2-home.ts'
import { stepRig } from '../rig/step-rig.ts'

const unmetOf = (failure: Failure | undefined) =>
  (failure as { unmet: { fact: string; seen: string; remedy: string }[] }).unmet

describe('watchLogs of a file', () => {
  let dir: string
  let log: string
  let rig: Awaited<ReturnType<typeof stepRig>>

  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), 'runbook watch '))
    log = join(dir, 'app.log')
    rig = await stepRig({ dir })
  })
  afterEach(() => {
    rig.dispose()
    rmSync(dir, { recursive: true, force: true })
  })

  it('begins at the last start', async () => {
    writeFileSync(log, 'Starting\nan error\n✓ Starting\n✓ Database connected\n')
    const step = watchLogs({
      file: 'app.log',
      since: { lastLine: /Starting$/ },
      has: ['Database connected'],
      lacks: [/error/i],
    })
    const run = await rig.run(step)
    expect(run.failure).toBeUndefined()
    expect(run.observed).toEqual({ logs: [{ path: 'app.log', from: 18 }] })
    expect(run.events.flatMap((event) => (event.type === 'looked' ? [event.seen] : []))).toEqual([
      'Starting',
      '✓ Database connected',
      '2 lines of app.log',
    ])
  })

  it('says that there is no such start', async () => {
    writeFileSync(log, 'nothing\n')
    const run = await rig.run(
      watchLogs({ file: 'app.log', since: { lastLine: 'Starting' }, lacks: ['error'] }),
    )
    expect(run.failure?.kind).toBe('before-unmet')
    expect(unmetOf(run.failure)[0]).toMatchObject({ fact: 'the log has a line "Starting"' })
  })

  it('reads the whole file where it is told to', async () => {
    writeFileSync(log, 'an error\n')
    const run = await rig.run(watchLogs({ file: log, since: 'beginning', lacks: ['error'] }))
    expect(unmetOf(run.failure)[0]).toEqual({
      fact: 'the log has no line "error"',
      seen: 'an error',
      remedy: typed`tail -n 50 ${log}; where it is known and dealt with: runbook resume --allow ${`log:${log}@9`}`,
      known: [`log:${log}@9`],
    })
  })

  it('watches for a while from now on, and waits for a line that comes late', async () => {
    writeFileSync(log, 'an error\n')
    const running = rig.run(
      watchLogs({ file: 'app.log', since: 'now', has: ['ready'], lacks: ['error'], for: 700 }),
    )
    await sleep(300)
    appendFileSync(log, 'ready\n')
    const run = await running
    expect(run.failure).toBeUndefined()
  })

  it('can be planned where the file is not there yet', async () => {
    const step = watchLogs({ file: 'app.log', since: 'now', lacks: ['error'] })
    expect((await rig.plan(step)).failures).toEqual([])
    expect(unmetOf((await rig.run(step)).failure)[0]!.seen).toBe('there is no file app.log')
  })

  it('ends at an interrupt', async () => {
    writeFileSync(log, '')
    const running = rig.run(watchLogs({ file: log, since: 'now', lacks: ['error'], for: 600_000 }))
    await sleep(200)
    rig.abort.abort(new Error('SIGINT'))
    expect((await running).ended).toBe('failed')
  })
})

describe('watchLogs of a process under pm2', () => {
  let home: Awaited<ReturnType<typeof pm2Home>>
  let rig: Awaited<ReturnType<typeof stepRig>>

  beforeEach(async () => {
    home = await pm2Home()
    rig = await stepRig({ dir: home.dir, app: { url: home.url }, variables: home.variables })
    home.ecosystem({ name: 'app', script: 'app.cjs' })
  })
  afterEach(async () => {
    rig.dispose()
    await home.dispose()
  })

  const restart = pm2Restart({
    process: 'app',
    ecosystem: 'ecosystem.config.cjs',
    soak: 300,
    revision: false,
  })
  const watch = watchLogs({ from: restart, has: ['Server listening on port'], lacks: [/error/i] })

  it('reads both logs from before the restart on', async () => {
    home.release({ error: 'Error: an old one' })
    await home.pm2('start', 'ecosystem.config.cjs')
    await home.answers()
    home.release({})
    expect((await rig.run([restart, watch])).failure).toBeUndefined()

    home.release({ error: 'Error: a new one' })
    const run = await rig.run([restart, watch])
    expect(unmetOf(run.failure)).toMatchObject([
      { fact: 'the log has no line /error/i', seen: 'Error: a new one' },
    ])
  })

  it('also of a process that is started for the first time, behind what an earlier one has left', async () => {
    home.release({ error: 'Error: from an earlier life' })
    await home.pm2('start', 'ecosystem.config.cjs')
    await home.answers()
    await home.pm2('delete', 'app')
    home.release({})
    const run = await rig.run([restart, watch])
    expect(run.failure).toBeUndefined()
    const { steps, failures } = await rig.plan(restart, watch)
    expect(failures).toEqual([])
    expect(steps[1]!.after).toHaveLength(2)
  })

  it('finds the logs of a process by its name', async () => {
    home.release({ error: 'Error: an old one' })
    await home.pm2('start', 'ecosystem.config.cjs')
    await home.answers()
    expect((await rig.run(watchLogs({ process: 'app', lacks: [/error/i] }))).failure).toBeUndefined()
    const unknown = await rig.run(watchLogs({ process: 'other', lacks: [/error/i] }))
    expect(unmetOf(unknown.failure)[0]!.fact).toBe('pm2 knows the process other')
  })
})

describe('the options of watchLogs', () => {
  it.each([
    [{ lacks: ['x'] }, 'steps.watch-logs.from', 'one of from, process and file'],
    [
      { process: 'a', file: 'b', since: 'now', lacks: ['x'] },
      'steps.watch-logs.from',
      'one of from, process and file',
    ],
    [{ file: 'b', lacks: ['x'] }, 'steps.watch-logs.since', expect.stringContaining('lastLine')],
    [
      { process: 'b', since: 'now', lacks: ['x'] },
      'steps.watch-logs.since',
      expect.stringContaining('only with file'),
    ],
    [{ process: 'b' }, 'steps.watch-logs.has', 'at least one line in has or in lacks'],
    [{ process: 'b', has: [''] }, 'steps.watch-logs.has.0', 'a text or an expression'],
  ] as const)('%j', (options, at, expected) => {
    expect(watchLogs(options as Parameters<typeof watchLogs>[0]).mistakes).toEqual([{ at, expected }])
  })
})
