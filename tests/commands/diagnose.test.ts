import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { bookFolder, eventsIn, prelude } from '../rig/command-line.ts'
import { endsAfterEach } from '../rig/ends.ts'

const ends = endsAfterEach()

/** A book whose `serves` fails where `bad` is there; the entry that explains it mends that. */
const bookWith = ({ diagnoses = 'jam', deploy = 'serves', environment = '' } = {}) => `${prelude}
import { defineDiagnosis } from 'runbook'
const app = { dir: 'app', url: 'http://127.0.0.1:9' }
const lacksBad = defineCheck({
  fact: 'nothing bad is there',
  remedy: 'rm bad',
  look: async ({ attempt }) => ((await attempt(readsFile('bad'))).ok ? fails('bad was found') : holds('none')),
})
const serves = does('serve', 'test ! -e bad || exit 1', { sort: 'verifies' })
const clears = defineStep({
  id: 'clear', title: 'Clear it', about: '', actions: () => ({ clear: changes('rm', '-f', 'bad') }),
  after: () => [lacksBad], undo: () => nothingToUndo('it was bad'),
})
const entry = (more = {}) => defineDiagnosis({
  id: 'jam', symptom: 'It does not serve', cause: 'something bad is in the way', probe: lacksBad,
  fits: ({ kind }) => kind === 'command-failed', ...more,
})
const jam = entry({ remedy: { title: 'Take it away', steps: () => [clears], follows: false } })
const unseen = entry({ id: 'unseen', probe: defineCheck({ fact: 'it can be seen', remedy: 'look', look: async ({ see }) => holds(await see(reads('no-such-program'))) }) })
const hangs = entry({ id: 'hangs', probe: defineCheck({ fact: 'it ends', remedy: 'wait', look: async ({ sleep }) => { await sleep(60_000); return holds('at last') } }) })
const throws = entry({ id: 'throws', probe: defineCheck({ fact: 'it does not throw', remedy: '', look: async () => { throw new Error('a mistake') } }) })
const sign = entry({ id: 'sign', shows: 'sign' })
export default defineRunbook({
  name: 'tested',
  environments: { staging: { app, ${environment} }, production: { protected: true, app } },
  deploy: () => [${deploy}],
  diagnoses: () => [${diagnoses}],
})
`
const withBook = async (options: Parameters<typeof bookWith>[0] = {}, files: Record<string, string> = {}) => {
  const made = await bookFolder(bookWith(options), files)
  ends.push(made.dispose)
  return made
}
const bad = { 'app/bad': '' }

describe('runbook diagnose', () => {
  test('where nothing is the matter: what was looked at, and exit 0', async () => {
    const { runbook, stateDir } = await withBook()
    const { exit, out } = await runbook(['diagnose', 'staging'])
    expect([exit, out]).toEqual([0, expect.stringContaining('✔ nothing bad is there · none')])
    expect(out).toContain('nothing was found, in 1 look')
    expect(existsSync(stateDir), 'it leaves nothing').toBe(false)
  })

  test('a cause is named with what was seen and what mends it, before mere signs; exit 1; then it is mended', async () => {
    const { runbook, in: inApp } = await withBook({ diagnoses: 'sign, jam' }, bad)
    const { exit, out } = await runbook(['diagnose', 'staging'])
    expect(exit, out).toBe(1)
    const findings = out.slice(out.indexOf('\n\n'))
    expect(findings).toMatch(
      /✖ something bad is in the way\n {2}seen {2}bad was found\n {2}→ runbook run mend-jam staging/,
    )
    expect(findings.indexOf('✖')).toBeLessThan(findings.indexOf('!'))
    expect(existsSync(inApp('bad')), 'it changes nothing').toBe(true)
    const planned = await runbook(['run', 'mend-jam', 'staging', '--plan'])
    expect([planned.exit, planned.out]).toEqual([0, expect.stringContaining('$ rm -f bad')])
    const mended = await runbook(['run', 'mend-jam', 'staging', '--yes', '--json'])
    expect([mended.exit, existsSync(inApp('bad'))]).toEqual([0, false])
    expect(eventsIn(mended.out)[0]).toMatchObject({ command: 'run', told: { procedure: 'mend-jam' } })
    expect((await runbook(['diagnose', 'staging'])).exit).toBe(0)
  })

  test('--json gives events and nothing else', async () => {
    const { runbook } = await withBook({}, bad)
    const { exit, out } = await runbook(['diagnose', 'staging', '--json'])
    expect(exit).toBe(1)
    expect(eventsIn(out)).toMatchObject([
      {
        type: 'looked',
        side: 'diagnosis',
        holds: false,
        diagnosed: { id: 'jam', found: 'cause', mends: 'mend-jam' },
      },
    ])
  })

  test('where nothing could be looked at: exit 3', async () => {
    const { runbook } = await withBook({ diagnoses: 'unseen' })
    const { exit, out } = await runbook(['diagnose', 'staging'])
    expect([exit, out]).toEqual([
      3,
      expect.stringContaining('? it can be seen · the program `no-such-program`'),
    ])
  })

  test('another environment under this name is the cause, and nothing else is looked at', async () => {
    const environment = "database: { url: secret('DATABASE_URL') }, identify: { database: 'shop_staging' }"
    const { runbook } = await withBook({ environment }, bad)
    const variables = { DATABASE_URL: 'postgresql://app:secret@127.0.0.1:9/shop_production' }
    const { exit, out } = await runbook(['diagnose', 'staging'], { variables })
    expect(exit, out).toBe(1)
    expect(out).toContain('what is called staging here is another environment')
    expect(out).toContain('shop_production')
    expect(out).not.toContain('bad was found')
  })

  test('on a terminal a remedy can be performed at once', async () => {
    const { startOnTerminal, in: inApp } = await withBook({}, bad)
    const { type, shows, ended } = startOnTerminal(['diagnose', 'staging'])
    await shows('Mend it now?')
    type('\r')
    await shows('Run mend-jam of tested in staging?')
    type('y\r')
    expect(await ended).toMatchObject({ exit: 0 })
    expect(existsSync(inApp('bad'))).toBe(false)
  })

  test('a remedy that there is not is answered with the nearest', async () => {
    const { runbook } = await withBook()
    const { exit, err } = await runbook(['run', 'mend-jan', 'staging'])
    expect([exit, err]).toEqual([2, expect.stringContaining('did you mean mend-jam?')])
  })

  test('mistakes in the book’s own entries are named, all at once', async () => {
    const wrong =
      "{ ...jam, id: 'Jam', cause: '' }, { ...jam, probe: 1 }, entry({ id: 'twice' }), entry({ id: 'twice' })"
    const { runbook } = await withBook({ diagnoses: wrong })
    const { exit, err } = await runbook(['diagnose', 'staging'])
    expect(exit).toBe(2)
    for (const words of [
      'diagnoses.Jam.id',
      'diagnoses.Jam.cause',
      'diagnoses.jam.probe: must be a check',
      'diagnoses.twice: stands twice',
    ])
      expect(err).toContain(words)
  })
})

describe('by itself, when a step fails', () => {
  test('what is behind it stands under the failure, at the end and in the transcript', async () => {
    const { runbook } = await withBook({}, bad)
    const { exit, out } = await runbook(['deploy', 'staging', '--yes'])
    expect(exit).toBe(1)
    expect(out).toContain('ended with exit 1')
    expect(out).toContain('probably: something bad is in the way · bad was found')
    const outcome = out.slice(out.lastIndexOf('\n✖ '))
    expect(outcome).toMatch(
      / {2}probably {4}something bad is in the way · bad was found\n +→ runbook run mend-jam staging/,
    )
    const shown = await runbook(['show', '--json'])
    expect(eventsIn(shown.out)).toContainEqual(
      expect.objectContaining({
        type: 'looked',
        step: 'serve',
        diagnosed: expect.objectContaining({ found: 'cause' }),
      }),
    )
    const verified = await runbook(['verify', 'staging'])
    expect([verified.exit, verified.out]).toEqual([1, expect.stringContaining('something bad is in the way')])
  })

  test('it is seen before the question, and what was tried again well leaves nothing of it', async () => {
    const { startOnTerminal, in: inApp } = await withBook({}, bad)
    const { type, shows, printed, ended } = startOnTerminal(['deploy', 'staging', '--yes'])
    await shows('What now?')
    expect(printed.all.indexOf('something bad is in the way')).toBeGreaterThan(0)
    expect(printed.all.indexOf('something bad is in the way')).toBeLessThan(printed.all.indexOf('What now?'))
    await rm(inApp('bad'))
    type('\r')
    expect(await ended).toMatchObject({ exit: 0 })
  })

  test('one that hangs, throws or cannot look is silent, and hides neither the failure nor another', async () => {
    const { runbook } = await withBook({ diagnoses: 'hangs, throws, unseen, jam' }, bad)
    const { exit, out, err } = await runbook(['deploy', 'staging', '--yes'])
    expect(exit).toBe(1)
    expect(out).toContain('ended with exit 1')
    expect(out).toContain('something bad is in the way')
    for (const silent of ['a mistake', 'no-such-program', 'it ends']) expect(out + err).not.toContain(silent)
  })

  test('what does not fit is not looked at', async () => {
    const { runbook } = await withBook(
      { diagnoses: "entry({ fits: ({ kind }) => kind === 'timeout' })" },
      bad,
    )
    expect((await runbook(['deploy', 'staging', '--yes'])).out).not.toContain('probably')
  })
})
