import { cpSync, existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Event } from '../../runbook/model/event.ts'
import { bookFolder, eventsIn, prelude } from '../rig/command-line.ts'
import { endsAfterEach } from '../rig/ends.ts'
import { git, gitRemote } from '../rig/git-remote.ts'

// The way back as an operator meets with it. What it does to a real application and its database: tests/scenarios.

const ends = endsAfterEach()

/** A clone that is one commit behind, and a book that pulls it and then does these steps. */
const behind = async (steps = "does('more')", more = '') => {
  const remote = gitRemote()
  ends.push(remote.dispose)
  const from = git(remote.clone, 'rev-parse', 'HEAD')
  const to = remote.push({ 'app.txt': 'two\n' }, 'Say two')
  const place = await bookFolder(`${prelude}
    import { pullCode } from 'runbook/steps'
    export default defineRunbook({
      name: 'tested', ${more}
      environments: { staging: { app: { dir: ${JSON.stringify(remote.clone)}, branch: 'main', url: 'http://127.0.0.1:9' } } },
      deploy: () => [pullCode(), ${steps}],
    })`)
  ends.push(place.dispose)
  const transcripts = (): Event[][] => {
    const runs = join(place.stateDir, 'runs')
    if (!existsSync(runs)) return []
    return readdirSync(runs)
      .sort()
      .map((run) => eventsIn(readFileSync(join(runs, run, 'journal.jsonl'), 'utf8')))
  }
  return {
    ...place,
    ...{ from, to, clone: remote.clone, transcripts },
    head: () => git(remote.clone, 'rev-parse', 'HEAD'),
    left: (name: string) => existsSync(join(remote.clone, `done-${name}`)),
    deploy: (...flags: string[]) => place.runbook(['deploy', 'staging', '--yes', ...flags]),
    rollback: (...flags: string[]) => place.runbook(['rollback', 'staging', '--yes', ...flags]),
  }
}
const answersIn = (events: readonly Event[]) =>
  events.flatMap((event) => (event.type === 'answered' ? [[event.question, event.answer, event.by]] : []))
/** On the new revision only; looking takes no more than reading. */
const fails = `sh('broken', '', { sort: 'verifies', actions: () => ({ act: reads('sh', '-c', 'grep -q one app.txt || exit 7') }),
  after: () => [defineCheck({ fact: 'it says one', remedy: 'look at app.txt', look: async ({ performed }) =>
    performed('act') ? holds('it does') : fails('it was not asked') })] })`

describe('a revision that was taken back', () => {
  test('is deployed again only when that is asked: when and why it was taken back is said', async () => {
    const { deploy, rollback, startOnTerminal, head, from, to } = await behind()
    expect((await deploy()).exit).toBe(0)
    expect((await rollback('--reason', 'it was slow')).exit).toBe(0)
    expect(head()).toBe(from)
    const no = startOnTerminal(['deploy', 'staging'])
    await no.shows(
      new RegExp(
        `${to.slice(0, 7)} was taken back on \\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d UTC by \\w+: it was slow`,
      ),
    )
    no.type('n\r')
    expect((await no.ended).exit).toBe(4)
    expect(head()).toBe(from)
    const yes = await deploy()
    expect(yes.exit, yes.out + yes.err).toBe(0)
    expect(head()).toBe(to)
  })

  test('is not taken back twice', async () => {
    const { deploy, rollback, transcripts } = await behind()
    await deploy()
    await rollback()
    const before = transcripts().length
    const { exit, out } = await rollback()
    expect([exit, out]).toEqual([
      0,
      expect.stringMatching(/^Nothing to undo: \S+ was taken back by \S+, by \S+ on \S+\.\n {2}HEAD is /),
    ])
    expect(transcripts()).toHaveLength(before)
  })
})

describe('only what the transcript shows', () => {
  test('a deployment that changed nothing before it failed takes nothing away', async () => {
    const { runbook, rollback, folder, clone } = await behind(fails)
    rmSync(join(clone, '..', 'the remote.git'), { recursive: true })
    expect((await runbook(['deploy', 'staging', '--yes'])).exit).toBe(3)
    const { exit, out } = await rollback()
    expect([exit, out]).toEqual([
      0,
      expect.stringMatching(
        /^Nothing to undo: no run has changed staging; its ledger, .*ledger.jsonl, has none\.\n$/,
      ),
    ])
    expect(existsSync(folder)).toBe(true)
  })

  test('with its state directory copied elsewhere, and what it had left behind cleaned away', async () => {
    const { deploy, runbook, head, stateDir, folder, clone, from } = await behind()
    await deploy()
    const copy = join(folder, 'copied')
    cpSync(stateDir, copy, { recursive: true })
    rmSync(stateDir, { recursive: true })
    git(clone, 'clean', '-fdxq')
    const { exit, out, err } = await runbook(['rollback', 'staging', '--yes', '--state-dir', copy])
    expect(exit, out + err).toBe(0)
    expect(head()).toBe(from)
  })
})

describe('what goes forward only', () => {
  const sends = `does('mails', ':', { sort: 'state', undo: () => r.forwardOnly('mails were sent', 'send another one') })`

  test('stops a rollback before anything, with the reason and what to do instead', async () => {
    const { deploy, rollback, head, to } = await behind(sends)
    await deploy()
    const { exit, err, out } = await rollback()
    expect(exit).toBe(3)
    expect(out + err).toMatch(
      /"Do mails" can be taken back.*mails were sent.*send another one.*--around mails/s,
    )
    expect(head()).toBe(to)
  })

  test('is left as it is where the operator goes on around it, and that is said', async () => {
    const { deploy, rollback, head, left, from } = await behind(sends)
    await deploy()
    const { exit, out, err } = await rollback('--around', 'mails')
    expect(exit, out + err).toBe(0)
    expect(out).toMatch(/stays\s+Do mails: mails were sent/)
    expect(head()).toBe(from)
    expect(left('mails')).toBe(true)
  })
})

describe('a deployment that failed', () => {
  test('takes itself back where it was told so: exit 6, and both transcripts', async () => {
    const { deploy, head, from, to, transcripts } = await behind(fails)
    const { exit, out } = await deploy('--on-failure', 'rollback')
    expect(exit).toBe(6)
    expect(head()).toBe(from)
    const [deployed, rolledBack] = transcripts()
    expect(deployed!.at(-1)).toMatchObject({ type: 'run-ended', verdict: 'rolled-back', exit: 6 })
    expect(rolledBack![0]).toMatchObject({
      command: 'rollback',
      reason: expect.stringContaining('it failed'),
    })
    expect(rolledBack!.at(-1)).toMatchObject({ verdict: 'rolled-back', exit: 0 })
    expect(out).toContain(`${to.slice(0, 7)} → ${from.slice(0, 7)}`)
  })

  test('stays as it is where it was told to stop: exit 1, and what to type is said', async () => {
    const { deploy, head, to } = await behind(fails)
    const { exit, out } = await deploy('--on-failure', 'stop')
    expect(exit).toBe(1)
    expect(head()).toBe(to)
    expect(out).toMatch(/changed\s+Pull the latest code.*runbook resume.*runbook rollback staging/s)
  })

  test('asks on a terminal: again, back, or stop with a reason for the transcript', async () => {
    const { startOnTerminal, head, from, to, transcripts, rollback } = await behind(fails)
    const run = startOnTerminal(['deploy', 'staging', '--yes'])
    await run.shows('What now?')
    run.type('\r')
    // The question that was answered is drawn once more.
    await run.shows(/ended with exit 7[\s\S]*What now\?/)
    run.type('\x1b[B\x1b[B\r')
    await run.shows('Why is it left as it is?')
    run.type('the vendor looks into it\r')
    expect((await run.ended).exit).toBe(1)
    expect(head()).toBe(to)
    const answers = answersIn(transcripts()[0]!)
    expect(answers.map(([, answer]) => answer)).toEqual(['yes', 'retry', 'stop', 'the vendor looks into it'])

    expect((await rollback()).exit).toBe(0)
    const again = startOnTerminal(['deploy', 'staging', '--yes'])
    await again.shows('What now?')
    again.type('\x1b[B\r')
    expect((await again.ended).exit).toBe(6)
    expect(head()).toBe(from)
  })
})

describe('an approval that the book asks for', () => {
  const approval = `approval: { from: 'the Technical Lead', contact: '+49 30 1234' },`

  test('without a terminal and without its flag nothing begins, and the flag is named', async () => {
    const { deploy, rollback, head, to, transcripts } = await behind("does('more')", approval)
    await deploy()
    const before = transcripts().length
    const { exit, err } = await rollback()
    expect(exit).toBe(4)
    expect(err).toMatch(/the Technical Lead.*\+49 30 1234.*--approved-by <name>/s)
    expect(head()).toBe(to)
    expect(transcripts()).toHaveLength(before)
    // Nor does a deployment that would have to take itself back.
    expect((await deploy('--on-failure', 'rollback')).exit).toBe(4)
  })

  test('who approved it, when, and in which words stands in the transcript', async () => {
    const { deploy, rollback, head, from, transcripts } = await behind("does('more')", approval)
    await deploy()
    const { exit, out, err } = await rollback('--approved-by', 'Grace', '--approval-note', 'go ahead')
    expect(exit, out + err).toBe(0)
    expect(head()).toBe(from)
    const [asked, said] = answersIn(transcripts().at(-1)!)
    expect(asked).toEqual([expect.stringContaining('the Technical Lead'), 'Grace', 'flag'])
    expect(said).toEqual([expect.any(String), 'go ahead', 'flag'])
  })

  test('is asked for on a terminal; nobody’s name is a no', async () => {
    const { deploy, startOnTerminal, head, from, to, transcripts } = await behind("does('more')", approval)
    await deploy()
    const no = startOnTerminal(['rollback', 'staging', '--yes'])
    await no.shows('Who approved it?')
    no.type('\r')
    expect((await no.ended).exit).toBe(4)
    expect(head()).toBe(to)
    const yes = startOnTerminal(['rollback', 'staging', '--yes'])
    await yes.shows('Who approved it?')
    yes.type('Grace\r')
    await yes.shows('What did they say?')
    yes.type('go ahead\r')
    expect((await yes.ended).exit).toBe(0)
    expect(head()).toBe(from)
    expect(answersIn(transcripts().at(-1)!).map(([, answer, by]) => [answer, by])).toEqual([
      ['Grace', 'operator'],
      ['go ahead', 'operator'],
      ['yes', 'flag'],
    ])
  })
})
