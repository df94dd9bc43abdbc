import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { describe, expect, test } from 'vitest'
import { bookFolder, bookOf, eventsIn, until } from '../rig/command-line.ts'
import { endsAfterEach } from '../rig/ends.ts'

const ends = endsAfterEach()
const withBook = async (...args: Parameters<typeof bookOf>) => {
  const book = await bookFolder(bookOf(...args))
  ends.push(book.dispose)
  const runs = () => (existsSync(join(book.stateDir, 'runs')) ? readdirSync(join(book.stateDir, 'runs')) : [])
  const transcript = () => readFileSync(join(book.stateDir, 'runs', runs()[0]!, 'journal.jsonl'), 'utf8')
  return { ...book, runs, transcript, done: () => existsSync(book.in('done-one')) }
}
const byHand = `defineStep({
  id: 'by-hand', title: 'Tell the team', about: 'By hand.', sort: 'prepares',
  actions: () => ({ tell: instructs('Tell the team that it begins') }),
  after: () => [defineCheck({ fact: 'somebody confirmed it', remedy: 'tell them', look: async ({ performed }) =>
    performed('tell') ? holds(performed('tell')) : fails('nobody did') })],
  undo: () => nothingToUndo('it was only said'),
})`

describe('without a terminal', () => {
  test.each([
    ['staging', [], '--yes'],
    ['production', [], '--confirm production'],
    ['production', ['--yes'], '--confirm production'],
  ])('%s %j does not begin, and the flag %s is named', async (env, flags, flag) => {
    const { runbook, done, stateDir } = await withBook('does("one")')
    const { exit, err, out } = await runbook(['deploy', env, ...flags])
    expect([exit, out]).toEqual([4, ''])
    expect(err).toContain('there is no terminal')
    expect(err).toContain(`give ${flag}\n`)
    expect(done()).toBe(false)
    expect(existsSync(stateDir)).toBe(false)
  })

  test.each([
    ['staging', '"staging" is not its name'],
    ['Production', '"Production" differs in capital and small letters'],
    ['production ', '"production " has a space too many'],
    ['', 'nothing was typed'],
  ])(
    'the wrong name in --confirm %j is a no, even beside --yes, and the right one is said',
    async (name, why) => {
      const { runbook, done } = await withBook('does("one")')
      const { exit, err } = await runbook(['deploy', 'production', '--yes', '--confirm', name])
      expect(exit).toBe(4)
      expect(err).toContain('not confirmed')
      expect(err).toContain(`${why}: it is production\n`)
      expect(done()).toBe(false)
    },
  )

  test.each([
    ['production', ['--confirm', 'production'], 'production'],
    ['staging', ['--confirm', 'staging'], 'staging'],
    ['staging', ['--yes'], 'yes'],
  ])('%s %j begins, and the transcript tells that a flag answered', async (env, flags, answer) => {
    const { runbook, done } = await withBook('does("one")')
    const { exit, out } = await runbook(['deploy', env, ...flags, '--json'])
    expect(exit).toBe(0)
    expect(done()).toBe(true)
    expect(eventsIn(out).find(({ type }) => type === 'answered')).toMatchObject({ answer, by: 'flag' })
  })

  test('an instruction for a person is an answer that is needed, before anything is done', async () => {
    const { runbook, done } = await withBook(`does("one"), ${byHand}`)
    const { exit, out } = await runbook(['deploy', 'staging', '--confirm', 'staging'])
    expect(exit).toBe(4)
    expect(out).toContain('Tell the team')
    expect(out).toContain('give --yes')
    expect(done()).toBe(false)
  })

  test('--yes confirms an instruction for a person', async () => {
    const { runbook, done } = await withBook(`does("one"), ${byHand}`)
    const { exit } = await runbook(['deploy', 'production', '--confirm', 'production', '--yes'])
    expect(exit).toBe(0)
    expect(done()).toBe(true)
  })
})

describe('on a terminal', () => {
  test.each([
    ['staging', 'Deploy tested to staging?', '\r'],
    ['staging', 'Deploy tested to staging?', 'n\r'],
  ])('%s: %s answered with %j is declined', async (env, question, answer) => {
    const { startOnTerminal, done, runs, runbook } = await withBook('does("one")')
    const { type, shows, ended, printed } = startOnTerminal(['deploy', env])
    await shows(question)
    type(answer)
    expect((await ended).exit).toBe(4)
    expect(printed.all).toContain('Not confirmed. Nothing was changed.')
    expect(done()).toBe(false)
    const { out } = await runbook(['show', '--json'])
    expect(eventsIn(out).at(-1)).toMatchObject({ type: 'run-ended', verdict: 'declined', exit: 4 })
    expect(runs()).toHaveLength(1)
  })

  test('a wrong name is answered with the right one and asked again, three times in all', async () => {
    const { startOnTerminal, done, runs, runbook } = await withBook('does("one")')
    const { type, shows, ended, printed } = startOnTerminal(['deploy', 'production'])
    await shows('Deploy tested to production?')
    type('Production\r')
    await shows('"Production" differs in capital and small letters: it is production.')
    type('\r')
    await shows('nothing was typed: it is production.')
    type('prod\r')
    expect((await ended).exit).toBe(4)
    const text = stripVTControlCharacters(printed.all)
    expect(text).toContain('Not confirmed. Nothing was changed.')
    expect(text).toMatch(/"prod" is not its\s+name: it is\s+production/)
    expect(done()).toBe(false)
    const { out } = await runbook(['show', '--json'])
    const answers = eventsIn(out).flatMap((event) => (event.type === 'answered' ? [event.answer] : []))
    expect(answers).toEqual(['Production', 'no', 'prod'])
    expect(eventsIn(out).at(-1)).toMatchObject({ type: 'run-ended', verdict: 'declined', exit: 4 })
    expect(runs()).toHaveLength(1)
  })

  test('the right name at the third time goes on, with what was prepared before', async () => {
    const { startOnTerminal, done } = await withBook('does("one")')
    const { type, shows, ended } = startOnTerminal(['deploy', 'production'])
    await shows('Deploy tested to production?')
    type('prod\r')
    await shows('2 tries left')
    type('produciton\r')
    await shows('one try left')
    type('production\r')
    expect((await ended).exit).toBe(0)
    expect(done()).toBe(true)
  })

  test.each([
    ['staging', 'Deploy tested to staging?', 'y\r'],
    ['production', 'Deploy tested to production?', 'production\r'],
  ])('%s: %s answered with %j goes on', async (env, question, answer) => {
    const { startOnTerminal, done, runbook } = await withBook('does("one")')
    const { type, shows, ended } = startOnTerminal(['deploy', env])
    await shows(question)
    type(answer)
    expect((await ended).exit).toBe(0)
    expect(done()).toBe(true)
    const { out } = await runbook(['show', '--json'])
    expect(eventsIn(out).find(({ type }) => type === 'answered')).toMatchObject({ by: 'operator' })
  })

  test('--yes never stands for the name of a protected environment', async () => {
    const { startOnTerminal, done } = await withBook('does("one")')
    const { type, shows, ended } = startOnTerminal(['deploy', 'production', '--yes'])
    await shows('Deploy tested to production?')
    type('y\r')
    await shows('"y" is not its name: it is production.')
    type('\u0003')
    expect((await ended).exit).toBe(130)
    expect(done()).toBe(false)
  })

  test('an instruction is confirmed with a note, which the transcript keeps', async () => {
    const { startOnTerminal, runbook } = await withBook(byHand)
    const { type, shows, ended } = startOnTerminal(['deploy', 'staging', '--confirm', 'staging'])
    await shows('Tell the team that it begins')
    type('y\r')
    await shows('A note for the transcript')
    type('told Ada\r')
    expect((await ended).exit).toBe(0)
    const { out } = await runbook(['show', '--json'])
    expect(eventsIn(out).find(({ type }) => type === 'action-ended')).toMatchObject({ note: 'told Ada' })
  })

  test('an instruction that is not confirmed after something was done leaves with 1, and a reason', async () => {
    const { startOnTerminal, done, transcript } = await withBook(`does("one"), ${byHand}`)
    const { type, shows, ended, printed } = startOnTerminal(['deploy', 'staging', '--confirm', 'staging'])
    await shows('Tell the team that it begins')
    type('n\r')
    await shows('What is wrong?')
    type('nobody answers\r')
    await shows('"Tell the team" failed. What now?')
    type('\u001b[B')
    await shows(/❯ Stop, and leave it/)
    type('\r')
    await shows('Why is it left as it is?')
    type('the team sleeps\r')
    expect((await ended).exit).toBe(1)
    expect(transcript()).toContain('nobody answers')
    expect(transcript()).toContain('the team sleeps')
    expect(done()).toBe(true)
    expect(printed.all).toContain('Do one')
  })

  test('what explains a failure stands above the question what to do about it', async () => {
    const { startOnTerminal } = await withBook('sh("one", "echo the cause >&2; exit 3")')
    const { type, shows, ended, printed } = startOnTerminal(['deploy', 'staging', '--confirm', 'staging'])
    await shows('"Do one" failed. What now?')
    const text = stripVTControlCharacters(printed.all)
    expect(text.indexOf('│ the cause')).toBeGreaterThan(0)
    expect(text.indexOf('│ the cause')).toBeLessThan(text.indexOf('What now?'))
    type('\u0003')
    expect((await ended).exit).toBe(130)
  })

  test('two steps beside each other ask one after the other, and nothing is drawn over a question', async () => {
    const second = byHand
      .replace("'by-hand'", "'also'")
      .replace('Tell the team that it begins', 'Open the door')
    const {
      startOnTerminal,
      transcript,
      in: inApp,
    } = await withBook(
      `parallel([${byHand}, ${second}, does("one", "until [ -e go ]; do sleep 0.02; done; echo noise"), does("two", "sleep 0.3; echo more noise")])`,
    )
    const { type, shows, ended, printed } = startOnTerminal(['deploy', 'staging', '--confirm', 'staging'])
    await shows('Tell the team that it begins')
    await until(() => /"step-done","step":"two"/.test(transcript()))
    expect(printed.all).not.toContain('Open the door')
    expect(printed.all.split('Tell the team that it begins').at(-1)).not.toMatch(/Do two|noise/)
    type('y\r')
    await shows('A note for the transcript')
    type('first\r')
    await shows('Open the door')
    type('y\r')
    await shows('A note for the transcript')
    type('second\r')
    await shows('Do one')
    writeFileSync(inApp('go'), '')
    expect((await ended).exit).toBe(0)
  })
})
