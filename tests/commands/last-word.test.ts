import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { describe, expect, test, vi } from 'vitest'
import { alive, bookFolder, bookOf, eventsIn, until } from '../rig/command-line.ts'
import { endsAfterEach } from '../rig/ends.ts'

vi.setConfig({ testTimeout: 120_000 })

const ends = endsAfterEach()

/** A step that waits until it is told to go on, and says that it runs; then another line. */
const waiting = `does('one', 'echo $$ > child; until [ -e go ]; do sleep 0.02; done; touch next')`

const withBook = async (before: string, steps = waiting, files: Record<string, string> = {}) => {
  const book = await bookFolder(bookOf(steps, { before }), files)
  ends.push(book.dispose)
  return {
    ...book,
    path: join(book.folder, 'runbook.config.ts'),
    /** The last line of the only transcript. */
    end: () => {
      const [run] = readdirSync(join(book.stateDir, 'runs'))
      const lines = readFileSync(join(book.stateDir, 'runs', run!, 'journal.jsonl'), 'utf8')
        .trimEnd()
        .split('\n')
      return JSON.parse(lines.at(-1)!)
    },
  }
}
const deploy = ['deploy', 'staging', '--yes']

describe('a book that would end the process while it is read', () => {
  test.each([
    ['process.exit()', 'calls process.exit()'],
    ['process.exit(0)', 'calls process.exit(0)'],
    ['try { process.exit(0) } catch {}', 'calls process.exit(0)'],
    ['process.reallyExit(0)', 'calls process.reallyExit(0)'],
    ['process.abort()', 'calls process.abort()'],
    ["process.kill(process.pid, 'SIGKILL')", "calls process.kill(process.pid, 'SIGKILL')"],
    ["Promise.reject(new Error('boom'))", 'rejects a promise that nothing handles: boom'],
    ["Promise.reject('a text')", 'rejects a promise that nothing handles: a text'],
    [
      "setTimeout(() => { throw new Error('late') }, 20); await new Promise((r) => setTimeout(r, 500))",
      'throws an error that nothing handles: late',
    ],
    ['await new Promise(() => {})', 'waits for something that never comes'],
    ["await import('./package.ts')", 'calls process.exit(7)'],
  ])('%s', async (before, did) => {
    const { runbook, path, stateDir } = await withBook(`// @ts-nocheck\n${before}`, waiting, {
      'package.ts': 'process.exit(7)',
    })
    for (const args of [deploy, ['plan', 'staging']]) {
      const { exit, out, err } = await runbook(args)
      expect([exit, out]).toEqual([2, ''])
      expect(err).toContain(`${path}, or a package that it imports, ${did} while it is read`)
    }
    expect(existsSync(join(stateDir, 'runs'))).toBe(false)
  })

  test('has no say in the exit status either', async () => {
    const { runbook, path } = await withBook(
      `process.on('exit', () => process.exit(0))
       process.on('exit', () => { process.exitCode = 0 })
       process.exitCode = 0
       throw new Error('the moon is down')`,
    )
    const { exit, err } = await runbook(deploy)
    expect(exit).toBe(2)
    expect(err).toContain(`${path} cannot be loaded: Error: the moon is down`)
  })

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)('%s ends it', async (signal, exit) => {
    // One that does not let go of the process, and that takes all listeners away.
    const { start, in: inApp } = await withBook(
      `import { writeFileSync } from 'node:fs'
       process.removeAllListeners()
       process.removeAllListeners('${signal}')
       writeFileSync('app/reads', '')
       await new Promise(() => setInterval(() => {}, 1000))`,
    )
    const { child, ended } = start(deploy)
    await until(() => existsSync(inApp('reads')))
    child.kill(signal)
    expect(await ended).toMatchObject({ exit, signal: null, err: expect.stringContaining(signal) })
  })
})

describe('a book that would end the process in mid-run', () => {
  const late = (what: string) =>
    `import { existsSync } from 'node:fs'
     const looking = setInterval(() => { if (!existsSync('app/child')) return; clearInterval(looking); ${what} }, 20)`

  test.each([
    ['process.exit(0)', 'calls process.exit(0)'],
    ['process.abort()', 'calls process.abort()'],
    ["process.kill(0, 'SIGTERM')", "calls process.kill(0, 'SIGTERM')"],
    ["Promise.reject(new Error('boom'))", 'rejects a promise that nothing handles: boom'],
    ["throw new Error('boom')", 'throws an error that nothing handles: boom'],
    [
      "process.removeAllListeners(); Promise.reject(new Error('boom'))",
      'rejects a promise that nothing handles: boom',
    ],
    [
      "for (const each of process.listeners('uncaughtException')) process.off('uncaughtException', each); throw new Error('boom')",
      'throws an error that nothing handles: boom',
    ],
    // What a reporter of errors does, which a book imports with the application's own code.
    [
      "process.prependListener('uncaughtException', () => process.exit(1)); throw new Error('boom')",
      'calls process.exit(1)',
    ],
    [
      "process.on('uncaughtException', () => process.exit(0)); throw new Error('boom')",
      'throws an error that nothing handles: boom',
    ],
    [
      "process.on('uncaughtExceptionMonitor', () => { throw new Error('bang') }); throw new Error('boom')",
      'throws an error that nothing handles: boom',
    ],
    [
      "process.prependListener('uncaughtException', (e) => { throw new Error('bang') }); throw new Error('boom')",
      'throws an error that nothing handles: boom',
    ],
    [
      "process.on('unhandledRejection', () => process.exit(0)); Promise.reject(new Error('boom'))",
      'rejects a promise that nothing handles: boom',
    ],
  ])('%s', async (what, did) => {
    const { runbook, path, end, in: inApp } = await withBook(late(what))
    const { exit, out } = await runbook(deploy)
    expect(exit, out).toBe(1)
    expect(out).toContain(`the book ${path}, or a package that it imports, ${did}`)
    expect(out).toContain('runbook resume')
    expect(end()).toMatchObject({
      type: 'run-ended',
      verdict: 'failed',
      exit: 1,
      failure: { kind: 'book-broke' },
    })
    expect(alive(Number(readFileSync(inApp('child'), 'utf8')))).toBe(false)
    expect(existsSync(inApp('next'))).toBe(false)
    // Without that it goes on.
    writeFileSync(inApp('go'), '')
    writeFileSync(path, bookOf(waiting))
    const resumed = await runbook(['resume', '--yes'])
    expect(resumed.exit, resumed.out).toBe(0)
  })

  test('a step that waits for what never comes, before it has changed anything', async () => {
    for (const part of ['observe', 'run']) {
      const { runbook, end } = await withBook(
        '',
        `does('one', ':', { ${part}: () => new Promise(() => {}) })`,
      )
      const { exit, out } = await runbook(deploy)
      expect(exit).toBe(3)
      expect(out).toContain('waits for something that never comes')
      expect(end()).toMatchObject({ type: 'run-ended', verdict: 'failed', exit: 3 })
    }
  })

  test('and one that does so after it has', async () => {
    const { runbook, end } = await withBook(
      '',
      `does('one', ':', { run: async ({ perform }) => { await perform('act'); await new Promise(() => {}) } })`,
    )
    const { exit, out } = await runbook(deploy)
    expect(exit, out).toBe(1)
    expect(end()).toMatchObject({ type: 'run-ended', verdict: 'failed', exit: 1 })
  })

  test('a rollback that it breaks has failed, and says so', async () => {
    const steps = `does('one', ':', { sort: 'state', undo: () => r.reverse('code', { back: changes('touch', 'back') }) }),
      does('two', 'exit 1', { run: async ({ perform }) => { if (existsSync('app/back')) process.exit(0); await perform('act') } })`
    const { runbook, in: inApp } = await withBook("import { existsSync } from 'node:fs'", steps)
    expect((await runbook(deploy)).exit).toBe(1)
    const back = await runbook(['rollback', 'staging', '--yes'])
    expect(existsSync(inApp('back'))).toBe(true)
    expect(back.exit, back.out).toBe(7)
    expect(back.out).toContain('calls process.exit(0)')
  })

  test.each(['undefined', 'true', 'holds()', 'fails({})'])('a check that gives %s', async (given) => {
    const {
      runbook,
      end,
      in: inApp,
    } = await withBook(
      '// @ts-nocheck',
      `does('one', 'touch did', { after: () => [defineCheck({ fact: 'all is well', remedy: 'x', look: async () => ${given} })] })`,
    )
    const { exit, out } = await runbook(deploy)
    expect(exit, out).toBe(1)
    expect(out).toContain('the check “all is well” must give')
    expect(out).not.toMatch(/undefined|^ +at /m)
    expect(existsSync(inApp('did'))).toBe(false)
    expect(end()).toMatchObject({ type: 'run-ended', verdict: 'failed' })
  })

  test('an error that is none', async () => {
    const { runbook } = await withBook('', `does('one', ':', { observe: async () => { throw undefined } })`)
    const { exit, out } = await runbook(deploy)
    expect(exit, out).toBe(1)
    expect(out).toContain('it throws undefined')
    expect(out).not.toMatch(/^ +│? +at /m)
  })

  test('what it leaves behind does not keep a run that is done from ending', async () => {
    const { runbook } = await withBook('setInterval(() => {}, 1000)', "does('one')")
    expect((await runbook(deploy)).exit).toBe(0)
  })
})

describe('a loop without end', () => {
  const loops = (part: string) =>
    `does('one', 'echo $$ > child', { ${part}: async ({ perform }) => { await perform?.('act'); writeFileSync('app/loops', ''); for (;;); } })`

  test.each([
    ['SIGTERM', 143, 'run'],
    ['SIGINT', 130, 'run'],
    ['SIGHUP', 129, 'run'],
    ['SIGTERM', 143, 'observe'],
  ] as const)('%s ends it in mid-run, with its last words', async (signal, exit, part) => {
    const { start, in: inApp, end } = await withBook("import { writeFileSync } from 'node:fs'", loops(part))
    const { child, ended } = start(deploy)
    await until(() => existsSync(inApp('loops')))
    const began = performance.now()
    child.kill(signal)
    expect(await ended).toMatchObject({ exit, signal: null, err: expect.stringContaining(signal) })
    expect(performance.now() - began).toBeLessThan(15_000)
    expect(end()).toMatchObject({ type: 'run-ended', verdict: 'interrupted', exit })
  })

  test('a second Ctrl-C does not wait, and while the book is read one is heard too', async () => {
    const {
      start,
      in: inApp,
      stateDir,
    } = await withBook("import { writeFileSync } from 'node:fs'\nwriteFileSync('app/loops', '')\nfor (;;);")
    const { child, ended } = start(deploy)
    await until(() => existsSync(inApp('loops')))
    await setTimeout(600)
    child.kill('SIGINT')
    await setTimeout(500)
    const began = performance.now()
    child.kill('SIGINT')
    expect(await ended).toMatchObject({ exit: 130, signal: null })
    expect(performance.now() - began).toBeLessThan(4_000)
    expect(existsSync(join(stateDir, 'runs'))).toBe(false)
  })

  test('is said, with when it will be ended', async () => {
    const { start } = await withBook("import { writeFileSync } from 'node:fs'", loops('run'))
    const { child, printed, ended } = start(deploy)
    await until(() => printed.err.includes('keeps runbook busy'))
    expect(printed.err).toContain('it is ended after 5 min, or 5 s after a Ctrl-C.')
    child.kill('SIGTERM')
    expect((await ended).exit).toBe(143)
  })
})

describe('what a book prints', () => {
  test('goes to standard error, and only events to standard output with --json', async () => {
    const { runbook } = await withBook(
      `console.log('a word of the book')
       setTimeout(() => process.stdout.write('a late word\\n'), 0)
       process.stderr.write('another\\n')`,
      `does('one', ':', { observe: async () => { console.log('from a step'); return null } })`,
    )
    const { exit, out, err } = await runbook([...deploy, '--json'])
    expect(exit).toBe(0)
    expect(eventsIn(out).at(-1)).toMatchObject({ type: 'run-ended', verdict: 'done' })
    for (const word of ['a word of the book', 'a late word', 'another', 'from a step'])
      expect(err).toContain(word)
    const guide = await runbook(['guide', 'staging'])
    expect(guide.out).not.toContain('a word of the book')
  })

  test('and what it replaces does not silence the run', async () => {
    const { runbook, stateDir } = await withBook(
      `process.stdout.write = () => true
       process.stderr.write = () => true
       console.log = () => {}
       process.chdir('/')`,
      "does('one')",
    )
    const { exit, out } = await runbook(deploy)
    expect(exit).toBe(0)
    expect(out).toMatch(/Done in .*\n/)
    expect(out).toMatch(/transcript {2}\.runbook\/runs/)
    expect(existsSync(join(stateDir, 'runs'))).toBe(true)
    const json = await runbook([...deploy, '--json'])
    expect(eventsIn(json.out).at(-1)).toMatchObject({ type: 'run-ended' })
  })
})
