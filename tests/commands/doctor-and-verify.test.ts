import { existsSync, readdirSync, rmSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { eventsIn } from '../rig/command-line.ts'
import { booksEndedBy, endsAfterEach } from '../rig/ends.ts'

const ends = endsAfterEach()
const withBook = booksEndedBy(ends)
const need = (fact: string, verdict: string) =>
  `{ needs: () => [defineCheck({ fact: '${fact}', remedy: 'mend ${fact}', look: async ({ see }) => ${verdict} })] }`

describe('doctor', () => {
  test('shows the checklist, each fact once with its evidence, and leaves with 0', async () => {
    const {
      runbook,
      stateDir,
      in: inApp,
    } = await withBook(
      `does('one', ':', ${need('the tool is there', "holds('version 3')")}), does('two', ':', ${need('the tool is there', "holds('version 3')")})`,
    )
    const { exit, out } = await runbook(['doctor', 'staging'])
    expect(exit).toBe(0)
    expect(out.match(/✔ the tool is there · version 3/g)).toHaveLength(1)
    expect(out).toContain('all 1 hold')
    expect([existsSync(stateDir), existsSync(inApp('done-one'))]).toEqual([false, false])
  })

  test('names everything that does not hold with its remedy, and leaves with 3', async () => {
    const { runbook } = await withBook(
      `does('one', ':', ${need('a', "fails('no a')")}), does('two', ':', ${need('b', "holds(await see(reads('no-such-program')))")}), does('three', ':', ${need('c', "holds('c')")})`,
    )
    const { exit, out } = await runbook(['doctor', 'staging'])
    expect(exit).toBe(3)
    for (const word of [
      '✖ a · no a',
      '✖ b · the program `no-such-program` was not found',
      '✔ c',
      'mend a',
      'install no-such-program',
    ])
      expect(out).toContain(word)
  })

  test('names a secret that is missing, and one that is empty', async () => {
    const { runbook } = await withBook(
      `does('one', ':', { needs: () => [
         defineCheck({ fact: 'A is there', remedy: '', look: async ({ see }) => holds(await see({ ...reads('true'), env: { A: secret('A') } })) }),
         defineCheck({ fact: 'B is there', remedy: '', look: async ({ see }) => holds(await see({ ...reads('true'), env: { B: secret('B') } })) }),
       ] })`,
    )
    const { exit, out } = await runbook(['doctor', 'staging'], { variables: { B: '' } })
    expect(exit).toBe(3)
    expect(out).toContain('the secret A is not set')
    expect(out).toContain('the secret B is empty')
    expect(out).toMatch(/export A=…, or write it into .*\/\.env\.staging/)
  })
})

describe('verify', () => {
  const book = "does('one'), does('two'), does('prepare', ':', { sort: 'prepares' })"

  test('asks what should hold after a deployment, and performs nothing', async () => {
    const { runbook, in: inApp } = await withBook(book)
    await runbook(['deploy', 'staging', '--yes'])
    rmSync(inApp('done-prepare'))
    const { exit, out } = await runbook(['verify', 'staging', '--json'])
    expect(exit).toBe(0)
    const events = eventsIn(out)
    expect(events.map(({ type }) => type)).not.toContain('action-started')
    expect(events.filter(({ type }) => type === 'looked')).toMatchObject([
      { step: 'one', side: 'after', holds: true },
      { step: 'two', side: 'after', holds: true },
    ])
    expect(events[0]).toMatchObject({ type: 'run-started', command: 'verify' })
  })

  test('names everything that does not hold any more, and leaves with 1', async () => {
    const { runbook, in: inApp } = await withBook(book)
    await runbook(['deploy', 'staging', '--yes'])
    rmSync(inApp('done-one'))
    rmSync(inApp('done-two'))
    const { exit, out } = await runbook(['verify', 'staging'])
    expect(exit).toBe(1)
    expect(out).toContain('not so: done-one is there; seen: it is not')
    expect(out).toContain('not so: done-two is there; seen: it is not')
    expect(out).toContain('look at done-one')
    expect(existsSync(inApp('done-one'))).toBe(false)
  })

  test('runs the steps that verify, and goes on after one that fails in any way', async () => {
    const { runbook } = await withBook(
      `does('one'), does('tests', 'exit 4', { sort: 'verifies' }), does('missing', ':', { sort: 'verifies', actions: () => ({ act: changes('no-such-program') }) }), does('last', ':', { sort: 'verifies' })`,
    )
    const { exit, out } = await runbook(['verify', 'staging'])
    expect(exit).toBe(1)
    expect(out).toContain('done-one is there')
    expect(out).toContain('ended with exit 4')
    expect(out).toContain('the program `no-such-program` was not found')
    expect(out).toContain('✔ Do last')
  })

  test('asks for what a step has left under the time of its run', async () => {
    const { runbook, in: inApp } = await withBook('marks', {
      before: `
        const marks = defineStep({
          id: 'mark', title: 'Mark', about: 'Leaves a file that bears the time of the run.',
          actions: ({ run }) => ({ act: changes('touch', 'at-' + run.stamp) }),
          after: ({ run }) => [defineCheck({ fact: 'the mark is there', remedy: '', look: async ({ attempt }) =>
            ((await attempt(readsFile('at-' + run.stamp))).ok ? holds('it is') : fails('it is not')) })],
          undo: () => nothingToUndo('it is a test'),
        })`,
    })
    await runbook(['deploy', 'staging', '--yes'])
    // Of another second.
    await sleep(1000)
    expect(await runbook(['verify', 'staging'])).toMatchObject({ exit: 0 })
    for (const name of readdirSync(inApp('.'))) if (name.startsWith('at-')) rmSync(inApp(name))
    expect(await runbook(['verify', 'staging'])).toMatchObject({ exit: 1 })
  })

  test('gives steps the outputs of others, also of what only prepared the deployment', async () => {
    const { runbook } = await withBook('prepared, followed, verified', {
      before: `
        const prepared = does('prepare', ':', { sort: 'prepares', output: async () => ({ dump: 'a.dump' }) })
        const followed = does('follow', ':', { output: async ({ see }) => see(reads('echo', 'from the world')) })
        const verified = does('verify', ':', { sort: 'verifies', after: () => [defineCheck({ fact: 'outputs are there', remedy: '', look: async ({ outputOf }) =>
          holds(outputOf(prepared).dump + ', ' + outputOf(followed)) })] })`,
    })
    const before = await runbook(['verify', 'staging'])
    expect(before.exit).toBe(1)
    expect(before.out).toContain('the step prepare is done')
    expect(before.out).not.toContain('mistake in runbook')
    expect((await runbook(['deploy', 'staging', '--yes'])).exit).toBe(0)
    const { exit, out } = await runbook(['verify', 'staging'])
    expect(exit).toBe(0)
    expect(out).toContain('outputs are there: a.dump, from the world')
  })
})
