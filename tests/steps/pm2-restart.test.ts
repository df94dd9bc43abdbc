import { execFileSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { pm2Restart } from '../../steps/pm2-restart.ts'
import { pm2Home } from '../rig/pm2-home.ts'
import { stepRig } from '../rig/step-rig.ts'

const OLD = 'a'.repeat(40)
let home: Awaited<ReturnType<typeof pm2Home>>
let rig: Awaited<ReturnType<typeof stepRig>>
let head: string

const git = (...args: string[]) =>
  execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', ...args], {
    cwd: home.dir,
    encoding: 'utf8',
  }).trim()

const raise = async () => {
  home = await pm2Home()
  git('init', '-q')
  git('commit', '-q', '--allow-empty', '-m', 'the fix')
  head = git('rev-parse', 'HEAD')
  home.ecosystem({ name: 'lumiku-backend', script: 'app.cjs' })
  rig = await stepRig({ dir: home.dir, app: { url: home.url, health: '/health' }, variables: home.variables })
}
const takeDown = async () => {
  rig.dispose()
  await home.dispose()
}

const start = async () => {
  home.release({ revision: OLD })
  await home.pm2('start', 'ecosystem.config.cjs')
  await home.answers()
}
const step = (options: Partial<Parameters<typeof pm2Restart>[0]> = {}) =>
  pm2Restart({ process: 'lumiku-backend', ecosystem: 'ecosystem.config.cjs', soak: 600, ...options })
/** Somebody who asks all the time, each time anew. */
const asking = (url: string) => {
  const failures: string[] = []
  let [asked, over] = [0, false]
  const done = (async () => {
    for (; !over; await sleep(5)) {
      asked += 1
      await fetch(`${url}/health`, { headers: { connection: 'close' } }).catch((error) =>
        failures.push(String(error.cause ?? error)),
      )
    }
  })()
  return {
    stop: async () => {
      over = true
      await done
      return { asked, failures }
    },
  }
}
const unmetOf = (failure: unknown) =>
  (failure as { unmet: { fact: string; seen: string; remedy: string }[] }).unmet

describe('pm2Restart', () => {
  beforeEach(raise)
  afterEach(takeDown)

  it('restarts a known process and proves that the new code answers', async () => {
    await start()
    home.release({ revision: head.slice(0, 7) })
    const run = await rig.run(step())
    expect(run.failure).toBeUndefined()
    expect(run.ended).toBe('done')
    expect(run.performed).toEqual(['pm2 restart lumiku-backend'])
    expect(run.summary).toMatch(/^pid \d+ → \d+$/)
    const seen = run.events.flatMap((event) =>
      event.type === 'looked' && event.side === 'after' ? [event.seen] : [],
    )
    expect(seen[0]).toMatch(/^online, pid \d+, before: \d+$/)
    expect(seen[1]).toMatch(/^online, pid \d+, 1 restart in all, none in 0.6 s$/)
    expect(seen[2]).toMatch(new RegExp(`^200 in \\d+ ms, revision ${head.slice(0, 7)}$`))
  })

  it('starts an unknown process from the ecosystem file, also where the daemon does not run', async () => {
    home.release({ revision: head })
    const { steps, failures } = await rig.plan(step())
    expect(failures).toEqual([])
    expect(steps[0]!.actions).toMatchObject([
      { name: 'daemon', printed: 'pm2 ping' },
      { name: 'start', printed: 'pm2 start ecosystem.config.cjs --only lumiku-backend' },
    ])
    expect(await rig.needs(step())).toBeUndefined()
    expect(existsSync(home.variables.PM2_HOME), 'neither plan nor doctor starts a daemon').toBe(false)
    const run = await rig.run(step())
    expect(run.failure).toBeUndefined()
    expect(run.output).toMatchObject({ process: 'lumiku-backend', pids: [expect.any(Number)] })
  })

  it('refuses an unknown process without an ecosystem file before anything is changed', async () => {
    home.release({})
    const known = pm2Restart({ process: 'lumiku-backend' })
    expect((await rig.plan(known)).failures).toHaveLength(1)
    const run = await rig.run(known)
    expect(run.failure?.kind).toBe('before-unmet')
    expect(run.performed).toEqual([])
    expect(unmetOf(run.failure)[0]!.seen).toContain('daemon does not run')
  })

  it('sees a program that dies at once, although pm2 reports success, and shows its error', async () => {
    await start()
    home.release({ diesAtOnce: true, error: 'Error: Cannot find module ./client' })
    const run = await rig.run(step())
    expect(run.ended).toBe('failed')
    expect(unmetOf(run.failure)[0]!.seen).toMatch(
      /died within its first second|died and was started again|gave up/,
    )
    expect(run.failure).toMatchObject({ tail: expect.stringContaining('Cannot find module ./client') })
  })

  it('sees one that waits for its restart', async () => {
    home.ecosystem({ name: 'lumiku-backend', script: 'app.cjs', restart_delay: 60_000 })
    await start()
    home.release({ diesAtOnce: true, error: 'Error: no DATABASE_URL' })
    const run = await rig.run(step())
    expect(unmetOf(run.failure)[0]!.seen).toMatch(/^waiting restart: it died/)

    home.release({ revision: head })
    const mended = await rig.run(step())
    expect(mended.failure).toBeUndefined()
    expect(mended.performed).toEqual(['pm2 stop lumiku-backend', 'pm2 restart lumiku-backend'])
  })

  it('sees one that dies after two seconds and is started again', async () => {
    await start()
    home.release({ revision: head, diesAfter: 2000 })
    const run = await rig.run(step({ soak: 3000 }))
    expect(unmetOf(run.failure)[0]).toMatchObject({
      fact: 'lumiku-backend has run for 3 s without a crash',
      seen: expect.stringMatching(/it died and was started again|it died/),
    })
    expect(run.failure).toMatchObject({ tail: expect.stringContaining('the pool is exhausted') })
  })

  it('sees one that answers with the old revision', async () => {
    await start()
    const run = await rig.run(step())
    expect(unmetOf(run.failure)).toEqual([
      {
        fact: 'the application answers with the deployed revision',
        seen: expect.stringMatching(`^200 in \\d+ ms, revision aaaaaaa instead of ${head.slice(0, 7)}$`),
        remedy: expect.any(String),
      },
    ])
  })

  it('waits for an application that comes up late', async () => {
    await start()
    home.release({ revision: head, listensAfter: 1500 })
    const run = await rig.run(step({ soak: 200 }))
    expect(run.failure).toBeUndefined()
  })

  it('gives up on one that never listens, and says so', async () => {
    await start()
    home.release({ revision: head, listensAfter: 600_000, error: 'waiting for the licence server' })
    const run = await rig.run(step({ soak: 200, startup: 600 }))
    expect(unmetOf(run.failure)[0]!.seen).toBe('connection refused')
    expect(run.failure).toMatchObject({ tail: expect.stringContaining('licence server') })
  })

  it('takes a new process for enough where the application reports no revision', async () => {
    await start()
    home.release({})
    expect(unmetOf((await rig.run(step())).failure)[0]!.seen).toContain('without a commit id in `revision`')
    expect((await rig.run(step({ revision: false }))).ended).toBe('done')
  })

  it('reloads all instances of a cluster, and somebody answers all the time', async () => {
    home.ecosystem({ name: 'lumiku-backend', script: 'app.cjs', exec_mode: 'cluster', instances: 2 })
    await start()
    home.release({ revision: head, listensAfter: 300 })
    const planned = (await rig.plan(step())).steps[0]!.actions.map(({ printed }) => printed)
    expect(planned).toEqual(['pm2 reload lumiku-backend --force'])
    const users = asking(home.url)
    const run = await rig.run(step())
    expect(await users.stop()).toEqual({ asked: expect.any(Number), failures: [] })
    expect(run.failure).toBeUndefined()
    expect(run.performed).toEqual(planned)
    const { pids } = run.observed as { pids: number[] }
    const after = (run.output as { pids: number[] }).pids
    expect([pids.length, after.length]).toEqual([2, 2])
    expect(after.filter((pid) => pids.includes(pid))).toEqual([])
  })

  it('reloads although a reload was killed a moment ago, which locks pm2 for half a minute', async () => {
    home.ecosystem({ name: 'lumiku-backend', script: 'app.cjs', exec_mode: 'cluster', instances: 1 })
    await start()
    home.release({ revision: head })
    writeFileSync(join(home.dir, '../.pm2/reload.lock'), String(Date.now()))
    const { ended, failure } = await rig.run(step())
    expect([ended, failure]).toEqual(['done', undefined])
  })

  it('sees a program that dies at once after a reload, too', async () => {
    home.ecosystem({ name: 'lumiku-backend', script: 'app.cjs', exec_mode: 'cluster', instances: 1 })
    await start()
    home.release({ diesAtOnce: true, error: 'Error: Cannot find module ./client' })
    const run = await rig.run(step())
    expect(run.performed).toEqual(['pm2 reload lumiku-backend --force'])
    expect(run.ended).toBe('failed')
    expect(run.failure).toMatchObject({ tail: expect.stringContaining('Cannot find module ./client') })
  })

  it('restarts where it is told to, or nothing serves that could be taken over from', async () => {
    home.ecosystem({ name: 'lumiku-backend', script: 'app.cjs', exec_mode: 'cluster', instances: 1 })
    await start()
    home.release({ revision: head })
    const told = await rig.run(step({ how: 'restart' }))
    expect([told.failure, told.performed]).toEqual([undefined, ['pm2 restart lumiku-backend']])
    await home.pm2('stop', 'lumiku-backend')
    const stopped = await rig.run(step({ how: 'reload' }))
    expect([stopped.failure, stopped.performed]).toEqual([undefined, ['pm2 restart lumiku-backend']])
    // As a restore will have stopped it, whatever a plan sees now.
    const stop = step().stop!({ env: rig.env })
    const started = { ...step(), ...step().stopped!(stop), regardless: true }
    const { steps } = await rig.plan(stop, started)
    expect(steps.flatMap(({ actions }) => actions.map(({ printed }) => printed))).toEqual([
      'pm2 stop lumiku-backend',
      'pm2 restart lumiku-backend',
    ])
    const both = await rig.run([stop, started])
    expect([both.failure, both.performed]).toEqual([
      undefined,
      ['pm2 stop lumiku-backend', 'pm2 restart lumiku-backend'],
    ])
    expect(both.summary).toMatch(/^pid \d+ → \d+$/)
  })

  it('refuses to call a restart a reload', async () => {
    await start()
    const { failures } = await rig.plan(step({ how: 'reload' }))
    expect(unmetOf(failures[0])).toEqual([
      {
        fact: 'lumiku-backend runs in cluster mode, in which it can be reloaded',
        seen: 'fork mode: a reload would be a restart',
        remedy: expect.stringContaining("exec_mode: 'cluster'"),
      },
    ])
    const run = await rig.run(step({ how: 'reload' }))
    expect([run.ended, run.performed]).toEqual(['failed', []])
  })

  it('mends one that crashes again and again', async () => {
    home.release({ diesAfter: 400 })
    await home.pm2('start', 'ecosystem.config.cjs')
    home.release({ revision: head })
    const run = await rig.run(step())
    expect(run.failure).toBeUndefined()
  })

  it('starts one again that pm2 has given up on, or that was stopped', async () => {
    await start()
    await home.pm2('stop', 'lumiku-backend')
    home.release({ revision: head })
    const run = await rig.run(step())
    expect(run.failure).toBeUndefined()
    expect(run.summary).toMatch(/^pid \d+$/)
  })

  it('says which name the ecosystem file does not have', async () => {
    await start()
    const run = await rig.run(step({ process: 'lumiku-frontend' }))
    expect(run.ended).toBe('failed')
    expect(JSON.stringify(run.failure)).toMatch(/lumiku-frontend/)
  })

  it('names pm2 where it is missing', async () => {
    const bare = await stepRig({
      dir: home.dir,
      variables: { ...home.variables, PATH: `${process.execPath.replace(/\/[^/]+$/, '')}:/bin` },
    })
    try {
      expect(unmetOf(await bare.needs(step()))).toEqual([
        { fact: 'pm2 is installed', seen: 'not in PATH', remedy: 'npm install --global pm2' },
      ])
    } finally {
      bare.dispose()
    }
  })

  it('keeps none of the application’s variables in the transcript, which pm2 lists with it', async () => {
    home.ecosystem({ name: 'lumiku-backend', script: 'app.cjs', env: { SMTP_PASS: 'correct-horse' } })
    await start()
    const run = await rig.run(step({ health: false, soak: 0 }))
    expect(run.ended).toBe('done')
    expect(JSON.stringify(run.events)).not.toContain('correct-horse')
  })
})

describe('pm2Restart in a book', () => {
  it.each(['all', '0', '--help', ''])('refuses %j as a name', (process) => {
    expect(pm2Restart({ process }).mistakes).toHaveLength(1)
  })
})
