import { existsSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { bookFolder, eventsIn, prelude, until } from '../rig/command-line.ts'
import { endsAfterEach } from '../rig/ends.ts'
import { answer, httpServer } from '../rig/http-server.ts'

const ends = endsAfterEach()

/** A book that has changed a state before it watches, and the application that it watches. */
const watched = async ({ deploys = '', own = 'watch: () => watch(options),' } = {}) => {
  let status = 200
  const server = await httpServer((_, response) => answer(response, status))
  const book = await bookFolder(
    `${prelude}
import { watch } from 'runbook/steps'
const app = { dir: 'app', url: '${server.url}', health: '/well', probe: ['/list'] }
const options = { for: '60s', every: 40, sampleEvery: 200, timeout: 30_000, limits: { p95: 30_000 } } as const
const change = does('change', ':', { sort: 'state', undo: () => r.reverse('code', { back: changes('rm', 'done-change') }) })
export default defineRunbook({
  name: 'tested',
  environments: { staging: { app } },
  ${own}
  deploy: () => [change, ${deploys}],
})`,
  )
  ends.push(server.close, book.dispose)
  return {
    ...book,
    server,
    breaks: () => {
      status = 500
    },
    transcript: async () => eventsIn((await book.runbook(['show', '--json'])).out),
  }
}

describe('runbook watch', () => {
  test('says at the end what was seen, and its figures stand in the transcript', async () => {
    const { runbook, transcript } = await watched()
    const { exit, out } = await runbook(['watch', 'staging', '--for', '1s'])
    expect(out).toMatch(/✔ Watch for 1s · [\d,]+ requests, 0 failed, p95 \d+ ms \(limit 30000, GET \/\w+\)/)
    expect(exit).toBe(0)
    const samples = (await transcript()).flatMap((event) =>
      event.type === 'looked' && event.sample ? [event.sample] : [],
    )
    expect(samples.length).toBeGreaterThan(1)
    expect(samples.at(-1)).toMatchObject({ elapsed: 1000, of: 1000, failed: 0 })
  })

  test('a limit that is passed: exit 1, what was seen, and the way back', async () => {
    const { runbook, start, breaks, server } = await watched()
    await runbook(['deploy', 'staging', '--yes'])
    const { ended } = start(['watch', 'staging'])
    await until(() => server.asked.length > 10)
    breaks()
    const { exit, out } = await ended
    expect(exit).toBe(1)
    expect(out).toContain('not so: at most 5 % of the requests fail; seen:')
    expect(out).toMatch(/ {2}seen {8}.* of 1 min 00 s: .* failed \(\d+ × 500\)/)
    expect(out).toContain('or back     runbook rollback staging')
  })

  test('Ctrl-C ends it at once with what was seen until then', async () => {
    const { startOnTerminal, server, transcript } = await watched()
    const { shows, type, ended, printed } = startOnTerminal(['watch', 'staging', '--for', '24h'])
    await until(() => server.asked.length > 10)
    await shows(/of 1440 min 00 s/)
    type('\u0003')
    expect(await ended).toEqual({ exit: 130, signal: 0 })
    expect(printed.all).toMatch(/seen .* of 1440 min 00 s: \d+ requests, 0 failed/)
    expect((await transcript()).at(-1)).toMatchObject({ verdict: 'interrupted', exit: 130 })
  })

  test('takes no lock: a deployment begins meanwhile, is named, and what it does is not held against the watch', async () => {
    const slow = `does('slow', 'while ! test -e go; do sleep 0.05; done')`
    const { runbook, start, server, breaks, ...book } = await watched({ deploys: slow })
    const watching = start(['watch', 'staging'])
    await until(() => server.asked.length > 10)
    const deploying = start(['deploy', 'staging', '--yes'])
    await until(() => existsSync(book.in('done-change')))
    breaks()
    await until(() => /meanwhile \w+-staging-deploy-\w+ was at work/.test(watching.printed.out))
    const sofar = server.asked.length
    await until(() => server.asked.length > sofar + 20)
    watching.child.kill('SIGINT')
    // Not 1: while somebody else was at work no limit was passed.
    expect((await watching.ended).exit).toBe(130)
    writeFileSync(book.in('go'), '')
    expect((await deploying.ended).exit).toBe(0)
  })

  test('without a watch of its own the book is asked what it starts; where that is nothing, it says so', async () => {
    const inDeploy = await watched({ own: '', deploys: 'watch(options)' })
    expect((await inDeploy.runbook(['watch', 'staging', '--for', '1s'])).exit).toBe(0)
    const nothing = await watched({ own: '' })
    const { exit, err } = await nothing.runbook(['watch', 'staging'])
    expect(err).toContain('the book does not say what is to be watched in staging')
    expect(exit).toBe(2)
  })

  test.each(['soon', '10', '0m', '-5m'])('--for %s is a mistake of usage', async (span) => {
    const { runbook } = await watched()
    const { exit, err } = await runbook(['watch', 'staging', `--for=${span}`])
    expect(err).toMatch(/is no span of time|is no time to watch/)
    expect(err).toContain('write it as 90s, 10m or 24h')
    expect(exit).toBe(2)
  })
})

describe('a watch inside of a deployment', () => {
  test('that passes a limit takes everything back with --on-failure=rollback', async () => {
    const { start, server, breaks, ...book } = await watched({ deploys: 'watch(options)' })
    const { ended } = start(['deploy', 'staging', '--yes', '--on-failure=rollback'])
    await until(
      () =>
        existsSync(book.in('done-change')) &&
        server.calls().filter((call) => call === 'GET /well').length > 3,
    )
    breaks()
    const { exit, out } = await ended
    expect(out).toContain('at most 5 % of the requests fail')
    expect(exit).toBe(6)
    expect(existsSync(book.in('done-change'))).toBe(false)
  })

  test('verify leaves it out', async () => {
    const { runbook, server } = await watched({ deploys: 'watch(options)' })
    expect((await runbook(['verify', 'staging'])).exit).toBe(1)
    expect(server.asked).toEqual([])
  })
})
