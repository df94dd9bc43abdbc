import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { stripVTControlCharacters } from 'node:util'
import { describe, expect, test } from 'vitest'
import type { Event } from '../../runbook/model/event.ts'
import { bookFolder, eventsIn, prelude } from '../rig/command-line.ts'
import { endsAfterEach } from '../rig/ends.ts'
import { git, gitRemote } from '../rig/git-remote.ts'
import { answer, httpServer } from '../rig/http-server.ts'

// What a run says at its end of everything that verifies: what holds, what no longer does, what never did.

const ends = endsAfterEach()

const NAMES = ['a', 'b', 'c', 'd', 'e']

/**
 * An application that answers /a to /e, each well unless its name stands in `broken.txt` of its folder or it is broken from
 * outside; a clone that is one commit behind; and a book that pulls it, and then asks each of them.
 */
const world = async ({
  now = '',
  next = '',
  steps = NAMES.map((name) => `asks('${name}')`).join(', '),
}: {
  now?: string
  next?: string
  steps?: string
} = {}) => {
  const remote = gitRemote({ 'broken.txt': `${now}\n` })
  ends.push(remote.dispose)
  const from = git(remote.clone, 'rev-parse', 'HEAD')
  const to = remote.push({ 'broken.txt': `${next}\n`, 'app.txt': 'two' }, 'Say two')
  const broken = new Set<string>()
  const server = await httpServer(({ path }, response) => {
    const name = path.slice(1)
    const bad = broken.has(name) || readFileSync(join(remote.clone, 'broken.txt'), 'utf8').includes(name)
    return answer(response, bad ? 500 : 200, { name })
  })
  ends.push(server.close)
  const place = await bookFolder(`${prelude}
    import { pullCode, verifyHttp, shell } from 'runbook/steps'
    const asks = (name, more = {}) => verifyHttp({ id: 'ask-' + name, title: 'Ask ' + name, retry: { times: 0, every: 0 },
      requests: [{ name, url: '/' + name }], ...more })
    export default defineRunbook({
      name: 'tested',
      environments: { staging: { app: { dir: ${JSON.stringify(remote.clone)}, branch: 'main', url: ${JSON.stringify(server.url)} } } },
      deploy: () => [phase('Code', [pullCode()]), phase('Verify', [${steps}])],
    })`)
  ends.push(place.dispose)
  const runs = join(place.stateDir, 'runs')
  const last = (): Event[] =>
    eventsIn(readFileSync(join(runs, readdirSync(runs).sort().at(-1)!, 'journal.jsonl'), 'utf8'))
  return {
    ...place,
    ...{ from, to, broken, server, last, remote },
    head: () => git(remote.clone, 'rev-parse', 'HEAD'),
    deploy: (...flags: string[]) => place.runbook(['deploy', 'staging', '--yes', ...flags]),
    rollback: (...flags: string[]) => place.runbook(['rollback', 'staging', '--yes', ...flags]),
    /** What the transcript says of each at the end. */
    verdicts: () =>
      Object.fromEntries(
        last().flatMap((event) =>
          event.type === 'verified' && event.when === 'after' ? [[event.title, event.holds]] : [],
        ),
      ),
  }
}
/** Everything behind the line with the transcript. */
const lastLines = (out: string) => out.slice(out.lastIndexOf('  transcript')).split('\n').slice(1)

describe('a deployment', () => {
  test('that breaks what held before fails, and names it; what was not reached is asked all the same', async () => {
    const { deploy, verdicts, runbook } = await world({ next: 'b' })
    const { exit, out } = await deploy()
    expect(exit).toBe(1)
    expect(out.indexOf('before  ✔ Ask b')).toBeLessThan(out.indexOf('✔ Pull the latest code'))
    expect(out.indexOf('before  ✔ Ask b')).toBeGreaterThan(0)
    expect(verdicts()).toEqual({ 'Ask a': true, 'Ask b': false, 'Ask c': true, 'Ask d': true, 'Ask e': true })
    const said = [
      '  verified    4 of 5 verifications hold',
      expect.stringMatching(
        /✖ Ask b held before, and does not hold any more: "b" answers 200: 500 in \d+ ms/,
      ),
    ]
    expect(lastLines(out).slice(0, 2)).toEqual(said)
    expect((await runbook(['show'])).out).toContain('Ask b held before, and does not hold any more')
    const { path } = JSON.parse((await runbook(['report', '--json'])).out)
    expect(readFileSync(path, 'utf8')).toContain('Ask b held before, and does not hold any more')
  })

  test('names what held neither before nor now, and what it has mended', async () => {
    const { deploy, verdicts } = await world({ now: 'a c', next: 'a' })
    const { exit, out } = await deploy()
    // The book says that it must hold.
    expect(exit).toBe(1)
    expect(out).toMatch(/before {2}✖ Ask a · "a" answers 200: 500/)
    expect(verdicts()).toMatchObject({ 'Ask a': false, 'Ask c': true })
    expect(lastLines(out).slice(0, 3)).toEqual([
      '  verified    4 of 5 verifications hold',
      expect.stringContaining('✔ Ask c holds now, and did not before'),
      expect.stringContaining('! Ask a holds neither before nor now'),
    ])
  })

  test('that mends everything is green, and says what it has mended', async () => {
    const { deploy } = await world({ now: 'd' })
    const { exit, out } = await deploy()
    expect(exit, out).toBe(0)
    expect(out).toContain('✔ Done in ')
    expect(lastLines(out)).toEqual([
      '  verified    5 of 5 verifications hold',
      expect.stringContaining('✔ Ask d holds now, and did not before'),
      '',
    ])
  })

  test('does not stay green where a later step breaks what was asked before it', async () => {
    const breaks = `sh('later', 'echo a > broken.txt; touch done-later', { sort: 'state' })`
    const { deploy } = await world({ steps: `asks('a'), ${breaks}` })
    const { exit, out } = await deploy()
    expect(exit).toBe(1)
    expect(out).toContain('✔ Ask a')
    expect(lastLines(out)[1]).toMatch(/✖ Ask a held before, and does not hold any more/)
    expect(out).toContain('✖ Performed, but only 0 of 1 verification holds')
  })

  test('what was left out by the operator is not green, and fails where it held before', async () => {
    const { startOnTerminal, broken } = await world({
      next: 'a',
      steps: `asks('a', { optional: true }), asks('b', { optional: true })`,
    })
    broken.add('b')
    const run = startOnTerminal(['deploy', 'staging', '--yes'], { cols: 200 })
    await run.shows('"Ask a" failed. What now?')
    run.type('\x1b[B\r')
    await run.shows('"Ask b" failed. What now?')
    run.type('\x1b[B\r')
    expect((await run.ended).exit).toBe(1)
    const text = stripVTControlCharacters(run.printed.all)
    expect(text).toContain('✖ Ask a held before, and does not hold any more')
    expect(text).toContain('! Ask b holds neither before nor now')
    expect(text).not.toMatch(/✔ Done/)
  })

  test('that fails asks with what users meet with right now, and what each answer would do', async () => {
    const { startOnTerminal, from, to, last } = await world({ next: 'a', steps: `asks('a')` })
    const run = startOnTerminal(['deploy', 'staging', '--yes'], { cols: 120 })
    await run.shows('"Ask a" failed. What now?')
    const text = stripVTControlCharacters(run.printed.all)
    const about = text
      .slice(text.indexOf('· right now'))
      .split('\n')
      .map((line) => line.trim())
    expect(about.slice(0, 4)).toEqual([
      expect.stringMatching(/^· right now: GET \/health answers 200 in \d+ ms$/),
      '· try again: it is asked once more',
      `· roll back: the code goes back to ${from.slice(0, 7)}`,
      `· stop: nothing more is done; the code stays at ${to.slice(0, 7)}`,
    ])
    run.type('\u0003')
    expect((await run.ended).exit).toBe(130)
    expect(last().find((event) => event.type === 'asked' && event.about)).toBeDefined()
  })

  test('asks beforehand what changes something only where the book allows that', async () => {
    const post = (more: string) =>
      `verifyHttp({ id: 'make', title: 'Make one', retry: { times: 0, every: 0 }, ${more}
        requests: [{ name: 'make', method: 'POST', url: '/make', json: {}, expect: { status: 200 } }] })`
    const never = await world({ steps: post('') })
    const asked = await never.deploy()
    expect(asked.exit, asked.out).toBe(0)
    expect(asked.out).toMatch(/before {2}\? Make one · not asked: it would send POST \S+\/make/)
    expect(never.server.calls()).toEqual(['POST /make'])
    const allowed = await world({ steps: post('baseline: true,') })
    const { exit, out } = await allowed.deploy()
    expect(exit, out).toBe(0)
    expect(out).toMatch(/before {2}✔ Make one/)
    expect(allowed.server.calls()).toEqual(['POST /make', 'POST /make'])
    expect(out.indexOf('before  ✔ Make one')).toBeLessThan(out.indexOf('✔ Pull the latest code'))
  })

  test('is not held up by what does not answer beforehand, and says so', async () => {
    const slow = `defineStep({ id: 'slow', title: 'Ask the slow one', about: '', sort: 'verifies',
      after: () => [defineCheck({ fact: 'it answers', remedy: '', look: async ({ sleep, once }) => {
        if (once) await sleep(3600000)
        return holds('it does') } })], undo: () => nothingToUndo('it only looks') })`
    const { deploy } = await world({ steps: slow })
    const { exit, out } = await deploy()
    expect(exit, out).toBe(0)
    expect(out).toContain('before  ? Ask the slow one · it did not answer within 5 s')
  })
})

describe('a rollback', () => {
  test('after which four of five do not hold fails with 7, and its last lines name them', async () => {
    const { deploy, rollback, broken, head, from, runbook } = await world()
    expect((await deploy()).exit).toBe(0)
    for (const name of ['a', 'b', 'c', 'd']) broken.add(name)
    const { exit, out } = await rollback()
    expect(exit).toBe(7)
    expect(head()).toBe(from)
    expect(out).not.toMatch(/✔ Rolled back/)
    expect(out).toMatch(/✖ The code is back at \w{7}, but only 1 of 5 verifications hold/)
    expect(lastLines(out).slice(0, 5)).toEqual([
      '  verified    1 of 5 verifications holds',
      ...['a', 'b', 'c', 'd'].map((name) =>
        expect.stringContaining(`✖ Ask ${name} held before, and does not hold any more`),
      ),
    ])
    // Nothing is said of it that was not so afterwards.
    expect((await runbook(['runs'])).out).toMatch(/rollback\S+ +rollback-failed/)
    const { path } = JSON.parse((await runbook(['report', '--json'])).out)
    expect(readFileSync(path, 'utf8')).toMatch(/the rollback failed.*Ask d held before/s)
    // Once it is mended, the same rollback goes on, and asks again.
    broken.clear()
    const resumed = await runbook(['resume', '--yes'])
    expect(resumed.exit, resumed.out).toBe(0)
    expect(resumed.out).toContain('✔ Rolled back')
    expect(resumed.out).toContain('verified    5 of 5 verifications hold')
  })

  test('to a revision on which it did not hold either is one, and says so last', async () => {
    const { deploy, rollback } = await world({ now: 'c', next: 'c' })
    expect((await deploy()).exit).toBe(1)
    const { exit, out } = await rollback()
    expect(exit, out).toBe(0)
    expect(out).toContain('! Rolled back')
    expect(lastLines(out).at(-2)).toContain('! Ask c holds neither before nor now')
  })

  test('is held against the end of the deployment before, where its own has no baseline', async () => {
    const { deploy, rollback, broken, remote } = await world({ steps: `asks('a', { baseline: false })` })
    expect((await deploy()).exit).toBe(0)
    remote.push({ 'app.txt': 'three' }, 'Say three')
    broken.add('a')
    expect((await deploy()).exit).toBe(1)
    const { exit, out } = await rollback()
    expect(exit).toBe(7)
    expect(lastLines(out)[1]).toContain('✖ Ask a held before')
  })

  test('is not green where nobody knows whether it held, and named where it could not be asked', async () => {
    const { deploy, rollback } = await world({ now: 'a', next: 'a', steps: `asks('a', { baseline: false })` })
    expect((await deploy()).exit).toBe(1)
    const { exit, out } = await rollback()
    expect(exit, out).toBe(0)
    expect(out).toContain('! Rolled back')
    expect(lastLines(out)[1]).toContain('✖ Ask a does not hold; whether it did before nobody knows')
  })

  test('fails where it could have been asked before, and nobody did', async () => {
    const { deploy, rollback, stateDir, broken } = await world({ steps: `asks('a')` })
    expect((await deploy()).exit).toBe(0)
    // Another operator has only what the ledger tells.
    rmSync(stateDir, { recursive: true })
    broken.add('a')
    const { exit, out } = await rollback('--run', 'deploy')
    expect(exit, out).toBe(7)
    expect(lastLines(out)[1]).toContain('whether it did before nobody knows (it was not asked)')
  })

  test('by itself, after a failure, says the same: 6 only where everything holds again', async () => {
    const well = await world({ next: 'e' })
    const done = await well.deploy('--on-failure', 'rollback')
    expect(done.exit, done.out).toBe(6)
    expect(done.out).toContain('verified    5 of 5 verifications hold')
    const bad = await world({ next: 'e' })
    bad.broken.add('a')
    const { exit, out } = await bad.deploy('--on-failure', 'rollback')
    // It held neither before nor now: that is no fault of the rollback.
    expect(exit, out).toBe(6)
    expect(out).toContain('! Ask a holds neither before nor now')
  })
})

describe('verify', () => {
  test('looks: what the service answers now, and not what a deployment saw', async () => {
    const { deploy, runbook, broken } = await world()
    expect((await deploy()).exit).toBe(0)
    expect(await runbook(['verify', 'staging'])).toMatchObject({ exit: 0 })
    broken.add('c')
    const { exit, out } = await runbook(['verify', 'staging'])
    expect(exit).toBe(1)
    expect(out).toMatch(/✖ Ask c[\s\S]*500 in/)
  })

  test('does not say of what only a transcript knows that it is so', async () => {
    const { deploy, runbook } = await world({
      steps: `shell({ id: 'warm', title: 'Warm it', block: 'true', sort: 'follows', undo: { nothing: 'a test' } }), asks('a')`,
    })
    expect((await deploy()).exit).toBe(0)
    const { exit, out } = await runbook(['verify', 'staging'])
    expect(exit, out).toBe(0)
    expect(out).toMatch(/↷ Warm it · not known: \S+ performed it, and nothing shows now whether it is so/)
    expect(out).not.toMatch(/✔ Warm it|exit 0 in/)
    expect(out).toMatch(/! Done in .*; of 1 step nothing can be known now/)
  })

  test('says what it does not know where the transcript of the deployment is not here, or was taken back', async () => {
    const { deploy, rollback, runbook, folder, remote } = await world({ steps: `asks('a')` })
    expect((await deploy()).exit).toBe(0)
    remote.push({ 'app.txt': 'three' }, 'Say three')
    const elsewhere = await runbook(['verify', 'staging', '--state-dir', join(folder, 'empty')])
    // The ledger of the environment knows what was deployed.
    expect(elsewhere.exit, elsewhere.out).toBe(0)
    expect(elsewhere.out).toContain('✔ Pull the latest code')
    const nobody = await world({ steps: `asks('a')` })
    const never = await nobody.runbook(['verify', 'staging'])
    expect(never.exit).toBe(1)
    expect(never.out).toContain('the transcript of the last deployment is not here')
    expect((await rollback()).exit).toBe(0)
    const { exit, out } = await runbook(['verify', 'staging'])
    expect(exit, out).toBe(0)
    expect(out).toMatch(/Pull the latest code · not known: \S+-rollback-\S+ has taken it back/)
  })
})

describe('how long a run took', () => {
  test('is the sum of its parts, without the time that it waited for answers', async () => {
    const { runbook, startOnTerminal, last, remote } = await world({
      steps: `sh('slow', 'sleep 1.2; touch done-slow'), sh('checked', 'test -e may && touch done-checked')`,
    })
    const first = startOnTerminal(['deploy', 'staging', '--yes'])
    await first.shows('What now?')
    await sleep(1500)
    first.type('\u0003')
    expect((await first.ended).exit).toBe(130)
    const before = last().at(-1)
    writeFileSync(join(remote.clone, 'may'), '')
    const { exit, out } = await runbook(['resume', '--yes'])
    expect(exit, out).toBe(0)
    const ended = last().at(-1)
    if (before?.type !== 'run-ended' || ended?.type !== 'run-ended') throw new Error('no end')
    expect(ended.ms).toBeGreaterThanOrEqual(before.ms)
    expect(ended.waited).toBeGreaterThanOrEqual(1400)
    expect(ended.ms - ended.waited!).toBeGreaterThanOrEqual(1200)
    expect(out).toMatch(/Done in .* \(and [\d.]+ s of waiting for answers\)/)
  })
})
