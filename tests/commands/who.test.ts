import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { describe, expect, inject, test } from 'vitest'
import type { Event, EventOf } from '../../runbook/model/event.ts'
import { bookFolder, bookOf, eventsIn } from '../rig/command-line.ts'
import { endsAfterEach } from '../rig/ends.ts'
import { git, gitVariables } from '../rig/git-remote.ts'

// Who did it: the account, whatever the shell says; what was overridden, by name; what was done outside of a run.

const ends = endsAfterEach()
const withBook = async (...args: Parameters<typeof bookOf>) => {
  const book = await bookFolder(bookOf(...args))
  ends.push(book.dispose)
  const runs = () => readdirSync(join(book.stateDir, 'runs')).sort()
  const transcript = (run: string): Event[] =>
    eventsIn(readFileSync(join(book.stateDir, 'runs', run, 'journal.jsonl'), 'utf8'))
  const started = (run: string) =>
    transcript(run).find((event): event is EventOf<'run-started'> & Event => event.type === 'run-started')!
  return { ...book, runs, transcript, started }
}
const { username, uid } = userInfo()
const isRoot = uid === 0

describe('an operator', () => {
  test('is the account that runs it, with its user id, the machine and the terminal; who called sudo beside it', async () => {
    const { runbook, startOnTerminal, runs, started, stateDir } = await withBook("does('one')")
    const variables = { SUDO_USER: 'ada', USER: 'eve', LOGNAME: 'eve' }
    expect((await runbook(['deploy', 'staging', '--yes'], { variables })).exit).toBe(0)
    const one = started(runs()[0]!)
    expect(one).toMatchObject({
      operator: isRoot ? `${username} (sudo by ada)` : username,
      uid,
      machine: expect.any(String),
    })
    expect(one.sudo).toBe(isRoot ? 'ada' : undefined)
    expect(one.terminal).toBeUndefined()
    const onTerminal = startOnTerminal(['deploy', 'staging', '--yes'])
    expect((await onTerminal.ended).exit).toBe(0)
    const two = started(runs()[1]!)
    expect(two).toMatchObject({
      operator: username,
      uid,
      terminal: expect.stringMatching(/^\/dev\/pts\/\d+$/),
    })
    expect(two.sudo).toBeUndefined()
    const shown = await runbook(['show', runs()[1]!])
    expect(shown.out).toContain(`by ${username}, uid ${uid}, on ${two.machine}, ${two.terminal}, runbook `)
    expect(existsSync(stateDir)).toBe(true)
  })

  test.runIf(isRoot)('who is not the superuser is who the account says, whatever SUDO_USER has', async () => {
    const { folder, start, runs, started } = await withBook("does('one')")
    execFileSync('chown', ['-R', 'nobody', folder])
    chmodSync(inject('commandFolder'), 0o711)
    const variables = { SUDO_USER: 'ada.lovelace', HOME: folder, XDG_CACHE_HOME: folder }
    const through = ['setpriv', '--reuid=nobody', '--clear-groups', '--']
    const ended = await start(['deploy', 'staging', '--yes'], { variables, through }).ended
    expect(ended.exit, ended.out + ended.err).toBe(0)
    const one = started(runs()[0]!)
    expect([one.operator, one.uid, one.sudo]).toEqual(['nobody', 65534, undefined])
  })
})

describe('an approval', () => {
  const back = `does('one', ':', { sort: 'state', undo: () => r.reverse('code', { back: changes('rm', 'done-one') }) })`
  const approved = (steps: string) =>
    bookOf(steps).replace("name: 'tested',", "name: 'tested', approval: { from: 'Grace' },")
  const deployed = async () => {
    const book = await bookFolder(approved(back))
    ends.push(book.dispose)
    git(book.app, 'init', '-q')
    git(book.app, 'commit', '-q', '--allow-empty', '-m', 'one')
    expect((await book.runbook(['deploy', 'staging', '--yes'], { variables: gitVariables })).exit).toBe(0)
    const rollback = (...args: string[]) =>
      book.runbook(['rollback', 'staging', '--yes', ...args], { variables: { SUDO_USER: 'ada' } })
    const answers = (): EventOf<'answered'>[] => {
      const runs = readdirSync(join(book.stateDir, 'runs')).sort()
      const text = readFileSync(join(book.stateDir, 'runs', runs.at(-1)!, 'journal.jsonl'), 'utf8')
      return eventsIn(text).filter((event) => event.type === 'answered')
    }
    return { ...book, rollback, answers }
  }

  test.each(['', ' ', '\t', ' ​', '-', '…'])('by %j is nobody’s: refused before anything', async (name) => {
    const { rollback, in: inApp, stateDir } = await deployed()
    const { exit, err } = await rollback('--approved-by', name)
    expect(exit).toBe(2)
    expect(err).toContain('names nobody')
    expect(existsSync(inApp('done-one'))).toBe(true)
    expect(readdirSync(join(stateDir, 'runs'))).toHaveLength(1)
  })

  test.each([
    ['the account', username],
    ['the account, written otherwise', ` ${username.toUpperCase()} `],
    ['who called sudo', 'Ada'],
    ['the account with a sign behind', `${username}.`],
    ['the account on a machine', `${username}@vm`],
    ['the account with an address', `${username} <${username}@example.com>`],
    ['the account behind a name', `The Boss (${username})`],
    ['the user id', `UID ${uid}`],
    ['the account with what nobody sees', `${username.slice(0, 2)}\u200b${username.slice(2)}`],
    [
      'the account in letters that look the same',
      username.replace(/[oaes]/, (sign) => `оаеѕ`['oaes'.indexOf(sign)]!),
    ],
    ['the account with a digit', username.replaceAll('o', '0').replaceAll('e', '3')],
  ])('by %s is the operator’s own, and the screen and the transcript say so', async (_, name) => {
    const { rollback, answers, runbook } = await deployed()
    const { exit, out } = await rollback('--approved-by', name)
    expect(exit, out).toBe(0)
    expect(out).toContain('the transcript has it as the operator’s own approval')
    expect(answers()[0]).toMatchObject({ answer: name.trim(), own: true })
    expect((await runbook(['show'])).out).toContain('the operator’s own approval')
  })

  test('by somebody else is theirs', async () => {
    const { rollback, answers } = await deployed()
    const { exit, out } = await rollback('--approved-by', ' Grace Hopper ')
    expect(exit, out).toBe(0)
    expect(out).not.toContain('own approval')
    expect(answers()[0]).toMatchObject({ answer: 'Grace Hopper' })
    expect(answers()[0]).not.toHaveProperty('own')
  })

  test('by nobody stops a deployment that would take itself back, and a resume, too', async () => {
    const { runbook, in: inApp } = await deployed()
    for (const args of [
      ['deploy', 'staging', '--yes'],
      ['resume', '--yes'],
    ])
      expect((await runbook([...args, '--approved-by', ' '])).exit).toBe(2)
    expect(existsSync(inApp('done-one'))).toBe(true)
  })
})

describe('what is done outside of a run', () => {
  test('a lock, and that it was taken away, when, by whom and whose it was, are transcripts of their own', async () => {
    const { runbook, runs, transcript, stateDir } = await withBook("does('one')")
    await runbook(['deploy', 'staging', '--yes'])
    await runbook(['lock', 'staging', '--reason', 'until the audit is over'])
    const file = join(stateDir, 'locks/staging.json')
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ operator: username, uid })
    writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), operator: 'grace' }))
    const declined = await runbook(['unlock', 'staging'])
    expect(declined.exit).toBe(4)
    expect(runs()).toHaveLength(2)
    expect((await runbook(['unlock', 'staging', '--yes'])).exit).toBe(0)
    expect(runs().map((run) => run.split('-').at(-2))).toEqual(['deploy', 'lock', 'unlock'])
    const [locked, unlocked] = runs().slice(1).map(transcript)
    expect(locked).toMatchObject([
      { type: 'run-started', command: 'lock', reason: 'until the audit is over', operator: username, uid },
      { type: 'run-ended', verdict: 'done', exit: 0 },
    ])
    expect(unlocked).toMatchObject([
      { type: 'run-started', command: 'unlock', operator: username, uid },
      { type: 'looked', seen: expect.stringMatching(/by grace on .*: until the audit is over/) },
      { type: 'asked' },
      { type: 'answered', answer: 'yes', by: 'flag', who: username },
      { type: 'run-ended', verdict: 'done' },
    ])
    for (const run of runs()) expect((await runbook(['show', run, '--check'])).exit).toBe(0)
    // Whoever names no run means what was performed.
    expect((await runbook(['show'])).out).toContain(runs()[0]!)
    expect((await runbook(['runs'])).out).toMatch(/-staging-unlock-.* done/)
    // A lock that is there already is not recorded again.
    expect((await runbook(['unlock', 'staging'])).exit).toBe(0)
    expect(runs()).toHaveLength(3)
  })

  test('a reason of several lines feigns no line, wherever it is printed', async () => {
    const { runbook } = await withBook("does('one')")
    const reason = 'audit\nstaging is unlocked. It was: nothing\u2028✔ all well\r\nmore'
    const said = [
      await runbook(['lock', 'staging', '--reason', reason]),
      await runbook(['lock', 'staging', '--reason', 'again']),
      await runbook(['deploy', 'staging', '--yes']),
      await runbook(['unlock', 'staging', '--yes']),
    ]
    for (const { out, err } of said) {
      expect(out + err).toContain('audit staging is unlocked. It was: nothing ✔ all well more')
      expect(out + err).not.toMatch(/^\s*(✔ all well|more|staging is unlocked. It was: nothing)/m)
    }
  })

  test('where it cannot be recorded, nothing is locked, and a lock stays', async () => {
    const { runbook, stateDir } = await withBook("does('one')")
    const file = join(stateDir, 'locks/staging.json')
    const unwritable = async (...args: string[]) => {
      renameSync(join(stateDir, 'runs'), join(stateDir, 'kept'))
      writeFileSync(join(stateDir, 'runs'), '')
      const { exit, out } = await runbook(args)
      expect([exit, out]).toEqual([3, expect.stringContaining('the transcript cannot be written')])
      rmSync(join(stateDir, 'runs'))
      renameSync(join(stateDir, 'kept'), join(stateDir, 'runs'))
    }
    await runbook(['deploy', 'staging', '--yes'])
    await unwritable('lock', 'staging', '--reason', 'x')
    expect(existsSync(file)).toBe(false)
    await runbook(['lock', 'staging', '--reason', 'x'])
    await unwritable('unlock', 'staging')
    expect(existsSync(file)).toBe(true)
  })
})

test('what is overridden by name stands in the transcript, whether it came to count or not', async () => {
  const { runbook, runs, started } = await withBook("does('one')")
  const given = ['--allow', 'drop:avatars.bio', 'over:8f9abcd', '--on-failure', 'stop', '--other-way']
  expect((await runbook(['deploy', 'staging', '--yes', ...given])).exit).toBe(0)
  expect(started(runs()[0]!).told).toEqual({
    allow: ['drop:avatars.bio', 'over:8f9abcd'],
    onFailure: 'stop',
    otherWay: true,
  })
  expect((await runbook(['show'])).out).toContain('told by name: --allow over:8f9abcd')
})
