import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { alive, bookFolder, bookOf, eventsIn, until } from '../rig/command-line.ts'
import { endsAfterEach } from '../rig/ends.ts'

const ends = endsAfterEach()

/** A step that hangs, with a grandchild, until it is told to go on; and one after it. */
const family = 'sh -c "echo $$ > grandchild; exec sleep 600"'
const hanging = `does('hang', ${JSON.stringify(`test -e go || { echo $$ > child; ${family.replace('$$', '\\$\\$')} & wait; }`)}), does('later')`
/** The same, deaf to whoever asks it to end. */
const deaf = 'trap "" TERM INT HUP; echo $$ > child; (echo > grandchild; while :; do sleep 1; done) & wait'
const stubborn = `does('hang', ${JSON.stringify(`test -e go || { ${deaf}; }`)})`

const withBook = async (steps: string) => {
  const book = await bookFolder(bookOf(steps))
  const pid = (name: string) => Number(readFileSync(book.in(name), 'utf8'))
  ends.push(book.dispose, () => {
    // Where a test failed, its children must not stay.
    if (existsSync(book.in('child')))
      try {
        process.kill(-pid('child'), 'SIGKILL')
      } catch {}
  })
  return {
    ...book,
    hangs: () => until(() => existsSync(book.in('grandchild')) && readFileSync(book.in('child'), 'utf8')),
    family: () => [pid('child'), pid('grandchild') || pid('child')],
    /** What the transcript, the lock and the children are like afterwards. */
    isClean: async (signal: string, exit: number) => {
      const { out } = await book.runbook(['show', '--json'])
      const events = eventsIn(out)
      expect(events.at(-1)).toMatchObject({
        type: 'run-ended',
        verdict: 'interrupted',
        exit,
        failure: { signal },
      })
      writeFileSync(book.in('go'), '')
      const again = await book.runbook(['deploy', 'staging', '--yes', '--verbose'])
      expect(again.exit, again.out + again.err).toBe(0)
      expect(again.out).not.toContain('taken over')
      return events
    },
  }
}
const cursorIsBack = (printed: string) =>
  expect(printed.lastIndexOf('\u001b[?25h')).toBeGreaterThanOrEqual(printed.lastIndexOf('\u001b[?25l'))

describe('Ctrl-C on a terminal', () => {
  test('at a question ends the run before anything was done', async () => {
    const { startOnTerminal, isClean } = await withBook("does('one')")
    const { type, shows, ended, printed } = startOnTerminal(['deploy', 'staging'])
    await shows('Deploy tested to staging?')
    type('\u0003')
    expect(await ended).toEqual({ exit: 130, signal: 0 })
    cursorIsBack(printed.all)
    expect(printed.all).toContain('interrupted by SIGINT')
    await isClean('SIGINT', 130)
  })

  test('at a question of one step ends the steps beside it too', async () => {
    const { startOnTerminal, hangs, family, isClean } = await withBook(
      `parallel([r.defineStep({ id: 'by-hand', title: 'Tell them', about: '', sort: 'prepares', actions: () => ({ tell: instructs('Tell the team') }),
         after: () => [left('never')], undo: () => nothingToUndo('') }), sequence([${hanging}])])`.replace(
        "left('never')",
        "defineCheck({ fact: 'told', remedy: '', look: async () => holds('told') })",
      ),
    )
    const { type, shows, ended, printed } = startOnTerminal(['deploy', 'staging', '--confirm', 'staging'])
    await hangs()
    await shows('Tell the team')
    type('\u0003')
    expect(await ended).toEqual({ exit: 130, signal: 0 })
    for (const pid of family()) expect(alive(pid)).toBe(false)
    cursorIsBack(printed.all)
    await isClean('SIGINT', 130)
  })

  test('in a step ends its whole process tree, and says what stands', async () => {
    const { startOnTerminal, hangs, family, isClean, in: inApp } = await withBook(hanging)
    const { type, ended, printed, shows } = startOnTerminal(['deploy', 'staging', '--yes'])
    await hangs()
    await shows(/Do hang {2}\d/)
    type('\u0003')
    expect(await ended).toEqual({ exit: 130, signal: 0 })
    for (const pid of family()) expect(alive(pid)).toBe(false)
    cursorIsBack(printed.all)
    expect(printed.all).toContain('interrupted by SIGINT')
    expect(printed.all).toContain('not begun   Do later')
    expect(printed.all).toContain('runbook resume')
    expect(existsSync(inApp('done-later'))).toBe(false)
    const events = await isClean('SIGINT', 130)
    expect(events.slice(-3).map(({ type }) => type)).toEqual(['action-ended', 'step-failed', 'run-ended'])
  })

  test('a second time does not wait for a child that will not end', async () => {
    const { startOnTerminal, hangs, family, runbook, in: inApp } = await withBook(stubborn)
    const { type, ended, printed, shows } = startOnTerminal(['deploy', 'staging', '--yes'])
    await hangs()
    await shows(/Do hang {2}\d/)
    const began = performance.now()
    let over = false
    void ended.then(() => {
      over = true
    })
    await until(() => {
      type('\u0003')
      return over
    })
    expect(await ended).toEqual({ exit: 130, signal: 0 })
    expect(performance.now() - began).toBeLessThan(4_000)
    await until(() => family().every((pid) => !alive(pid)))
    cursorIsBack(printed.all)
    writeFileSync(inApp('go'), '')
    const again = await runbook(['deploy', 'staging', '--yes', '--json'])
    expect(again.exit).toBe(0)
    expect(eventsIn(again.out)[0]).toMatchObject({ type: 'run-started' })
    expect(again.out).toContain('taken over from run')
  })

  test('a terminal that vanishes is an interrupt like any other', async () => {
    const { startOnTerminal, hangs, family, isClean } = await withBook(hanging)
    const { pty, ended } = startOnTerminal(['deploy', 'staging', '--yes'])
    await hangs()
    // Closes the terminal's own end: the kernel tells its processes by SIGHUP.
    ;(pty as unknown as { destroy(): void }).destroy()
    await ended
    await until(() => family().every((pid) => !alive(pid)))
    await isClean('SIGHUP', 129)
  })

  test('a terminal that vanishes while it is asked something is an interrupt too', async () => {
    const { startOnTerminal, isClean } = await withBook("does('one')")
    const { pty, shows, ended } = startOnTerminal(['deploy', 'staging'])
    await shows('Deploy tested to staging?')
    ;(pty as unknown as { destroy(): void }).destroy()
    await ended
    await isClean('SIGHUP', 129)
  })
})

test.each([
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const)('%s at a question ends the run with %i, and the cursor is back', async (signal, exit) => {
  const { startOnTerminal, isClean } = await withBook("does('one')")
  const { pty, shows, ended, printed } = startOnTerminal(['deploy', 'staging'])
  await shows('Deploy tested to staging?')
  process.kill(pty.pid, signal)
  expect(await ended).toEqual({ exit, signal: 0 })
  cursorIsBack(printed.all)
  await isClean(signal, exit)
})

describe('without a terminal', () => {
  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)('%s ends the run with %i', async (signal, exit) => {
    const { start, hangs, family, isClean } = await withBook(hanging)
    const { child, ended } = start(['deploy', 'staging', '--yes'])
    await hangs()
    child.kill(signal)
    expect(await ended).toMatchObject({ exit, signal: null })
    for (const pid of family()) expect(alive(pid)).toBe(false)
    await isClean(signal, exit)
  })

  test.each([
    [
      'a look',
      `does('look', ':', { observe: async ({ see }) => see(reads('sh', '-c', 'echo $$ > child; echo > grandchild; test -e go || exec sleep 600')) })`,
    ],
    [
      'the patience of a proof',
      `does('wait', ':', { after: () => [r.within(defineCheck({ fact: 'it goes on', remedy: '', look: async ({ attempt, see }) => {
       await see(reads('sh', '-c', 'echo $$ > child; echo > grandchild')); return (await attempt(readsFile('go'))).ok ? holds('go') : fails('not yet') } }), 600_000, 20)] })`,
    ],
    [
      'a wait of the step’s own',
      `does('wait', 'echo $$ > child; echo > grandchild', { run: async ({ perform, sleep, attempt }) => { await perform('act'); if (!(await attempt(readsFile('go'))).ok) await sleep(600_000) } })`,
    ],
  ])('interrupts %s', async (_, steps) => {
    const { start, hangs, isClean } = await withBook(steps)
    const { child, ended } = start(['deploy', 'staging', '--yes'])
    await hangs()
    child.kill('SIGTERM')
    expect((await ended).exit).toBe(143)
    await isClean('SIGTERM', 143)
  })

  test.each(['plan', 'doctor'])('interrupts %s, which leaves nothing behind', async (verb) => {
    const look = `look: async ({ see }) => { await see(reads('sh', '-c', 'echo $$ > child; echo > grandchild; exec sleep 600')); return holds('') }`
    const { start, hangs, family, stateDir } = await withBook(
      `does('look', ':', { needs: () => [defineCheck({ fact: 'a', remedy: '', ${look} })] })`,
    )
    const { child, ended } = start([verb, 'staging'])
    await hangs()
    child.kill('SIGINT')
    const { exit, out, err } = await ended
    expect(exit).toBe(130)
    expect(out + err).toContain('interrupted by SIGINT')
    expect(alive(family()[0]!)).toBe(false)
    expect(existsSync(stateDir)).toBe(false)
  })

  test('a signal that comes many times at once, as through npx, is one', async () => {
    const { start, hangs, family, isClean } = await withBook(hanging)
    const { child, ended } = start(['deploy', 'staging', '--yes'])
    await hangs()
    for (let i = 0; i < 20; i++) {
      child.kill('SIGINT')
      await new Promise(setImmediate)
    }
    expect(await ended).toMatchObject({ exit: 130, signal: null })
    for (const pid of family()) expect(alive(pid)).toBe(false)
    await isClean('SIGINT', 130)
  })

  test('a second SIGHUP changes nothing: the kernel and the shell both tell of a terminal that vanished', async () => {
    const slow = `trap 'echo > ending; until [ -e finish ]; do sleep 0.02; done; exit' TERM; echo $$ > child; echo > grandchild; while :; do sleep 0.05; done`
    const {
      start,
      hangs,
      isClean,
      in: inApp,
    } = await withBook(`does('hang', ${JSON.stringify(`test -e go || { ${slow}; }`)})`)
    const { child, ended } = start(['deploy', 'staging', '--yes'])
    await hangs()
    child.kill('SIGHUP')
    await until(() => existsSync(inApp('ending')))
    // Later than one signal that comes twice.
    const since = performance.now()
    await until(() => performance.now() - since > 350)
    child.kill('SIGHUP')
    await new Promise(setImmediate)
    writeFileSync(inApp('finish'), '')
    expect(await ended).toMatchObject({ exit: 129, signal: null })
    await isClean('SIGHUP', 129)
  })

  test('a run whose process was killed is not ended, and the next one says whose lock it takes over', async () => {
    const { start, hangs, family, runbook, in: inApp } = await withBook(hanging)
    const { child, ended } = start(['deploy', 'staging', '--yes'])
    await hangs()
    child.kill('SIGKILL')
    await ended
    process.kill(-family()[0]!, 'SIGKILL')
    const { out } = await runbook(['runs'])
    expect(out).toMatch(/-staging-deploy-\w+ +not ended/)
    const shown = await runbook(['show', '--json'])
    expect(shown.exit).toBe(0)
    expect(eventsIn(shown.out).at(-2)).toMatchObject({ type: 'action-started', step: 'hang' })
    writeFileSync(inApp('go'), '')
    const again = await runbook(['deploy', 'staging', '--yes', '--verbose'])
    expect(again.exit).toBe(0)
    expect(again.out).toMatch(/taken over from run \S+-staging-deploy-\w+: its process \d+ is gone/)
  })
})
