import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { killEverything, type Spawned, spawn } from '../../runbook/doors/process.ts'
import { type Failure, failureOf } from '../../runbook/model/failure.ts'
import { alive, until } from '../rig/command-line.ts'

let folder = ''
const ends: (() => unknown)[] = []
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'runbook process '))
})
afterEach(() => {
  for (const end of ends.splice(0)) end()
  rmSync(folder, { recursive: true, force: true })
})

const run = async (
  argv: string[],
  { signal = new AbortController().signal, ...more }: Partial<Spawned> & { signal?: AbortSignal } = {},
) => {
  const printed = { out: '', err: '' }
  const spawned = { argv, cwd: folder, env: { PATH: process.env.PATH }, printed: argv.join(' '), ...more }
  const ended = await spawn(spawned, (stream, chunk) => (printed[stream] += chunk), signal)
  return { ...ended, ...printed }
}
const sh = (script: string, more?: Parameters<typeof run>[1]) => run(['sh', '-c', script], more)
const failing = async (work: Promise<unknown>): Promise<Failure> =>
  work.then(
    () => Promise.reject(new Error('it did not fail')),
    (error) => failureOf(error),
  )
const path = (name: string) => join(folder, name)
const pid = (name: string) => {
  const number = Number(readFileSync(path(name), 'utf8'))
  ends.push(() => {
    try {
      process.kill(number, 'SIGKILL')
    } catch {}
  })
  return number
}
const written = (...names: string[]) =>
  until(() =>
    names.every((name) => existsSync(path(name)) && readFileSync(path(name), 'utf8').endsWith('\n')),
  )
const interrupted = () => {
  const abort = new AbortController()
  return { signal: abort.signal, interrupt: () => abort.abort(new Error('interrupted')) }
}

describe('a program of which somebody is told when it starts', () => {
  const told = (more: Partial<Spawned> = {}) => ({ onStart: () => {}, ...more })

  test('begins only then, as the same process, and is all that was asked for', async () => {
    let seen: boolean | undefined
    let started = 0
    const running = sh('echo $$ > begun; cat; ls /proc/$$/fd | tr "\\n" " "; exit 3', {
      input: 'read me\n',
      onStart: (pid) => {
        started = pid
        const until = Date.now() + 200
        while (Date.now() < until) seen = existsSync(path('begun'))
      },
    })
    expect(await running).toMatchObject({ exit: 3, out: expect.stringMatching(/^read me\n0 1 2 (?!3 )/) })
    expect([seen, pid('begun')]).toEqual([false, started])
  })

  test('does not begin where that fails, and nothing of it is left', async () => {
    let started = 0
    const running = sh('touch begun', {
      onStart: (pid) => {
        started = pid
        throw new Error('the disk is full')
      },
    })
    await expect(running).rejects.toThrow('the disk is full')
    await until(() => !alive(started))
    expect(existsSync(path('begun'))).toBe(false)
  })

  test('that is not there is named, and so is its folder', async () => {
    expect(await failing(run(['no-such-program'], told()))).toMatchObject({ kind: 'command-missing' })
    expect(await failing(run(['./absent'], told()))).toMatchObject({ kind: 'command-missing' })
    expect(await failing(run(['true'], told({ cwd: path('absent') })))).toMatchObject({
      kind: 'folder-missing',
    })
    const begun = ['sh', '-c', 'touch begun; cat']
    const into = { argv: begun, env: { PATH: process.env.PATH }, readsBeginning: false }
    expect(await failing(run(['no-such-program'], told({ into })))).toMatchObject({ kind: 'command-missing' })
    expect(existsSync(path('begun'))).toBe(false)
  })

  test('is found as without that: in the PATH that it is given, or by a path from its folder', async () => {
    writeFileSync(path('own'), '#!/bin/sh\necho own "$@"\n', { mode: 0o755 })
    expect(await run(['./own', 'a b'], told())).toMatchObject({ exit: 0, out: 'own a b\n' })
    const env = { PATH: `${folder}:${process.env.PATH}` }
    expect(await run(['own'], told({ env }))).toMatchObject({ exit: 0, out: 'own\n' })
    expect(await run(['echo', '$HOME', ''], told({ env: {} }))).toMatchObject({ out: '$HOME \n' })
    const odd = { PATH: `${path('own')}:${path('absent')}::${process.env.PATH}` }
    expect(await run(['echo', 'x'], told({ env: odd }))).toMatchObject({ out: 'x\n' })
    expect(await failing(run(['no-such-program'], told({ env: odd })))).toMatchObject({
      kind: 'command-missing',
    })
  })
})

describe('a program', () => {
  test('gives what it prints on either stream, and how it ended', async () => {
    expect(await sh('echo out; echo err >&2; exit 3')).toEqual({ exit: 3, out: 'out\n', err: 'err\n' })
    expect(await sh('kill -USR1 $$')).toMatchObject({ exit: 'SIGUSR1' })
  })

  test('takes its words as they are: there is no shell', async () => {
    const words = ['$HOME', '`id`', 'a b', `it's "so"`, '*', '', '-n', '\\', '\n']
    expect((await run(['printf', '%s\\0', ...words])).out.split('\0').slice(0, -1)).toEqual(words)
  })

  test('has only the variables that it is given, and is where it is told', async () => {
    const { out } = await run(['env'], { env: { PATH: process.env.PATH, A: '1', B: undefined } })
    expect(
      out
        .trim()
        .split('\n')
        .filter((line) => !/^(_|PWD|SHLVL)=/.test(line))
        .sort(),
    ).toEqual(['A=1', `PATH=${process.env.PATH}`])
    expect((await sh('pwd')).out.trim()).toBe(folder)
  })

  test('finds its standard input empty, so that it cannot wait for an answer', async () => {
    expect((await sh('cat; echo over')).out).toBe('over\n')
    expect((await sh('read answer || echo nobody')).out).toBe('nobody\n')
    expect((await sh('test -t 0 || echo "no terminal"')).out).toBe('no terminal\n')
    expect((await sh(': < /dev/tty')).exit).not.toBe(0)
  })

  test('is given its input, and need not read it', async () => {
    expect((await run(['cat'], { input: 'a line\n' })).out).toBe('a line\n')
    expect((await run(['true'], { input: 'x'.repeat(4_000_000) })).exit).toBe(0)
  })

  test('that prints much costs little memory', async () => {
    let bytes = 0
    const before = process.memoryUsage().rss
    let most = 0
    const spawned = {
      argv: ['sh', '-c', 'yes 0123456789 | head -c 200000000'],
      cwd: folder,
      env: process.env,
      printed: '',
    }
    await spawn(
      spawned,
      (_, chunk) => {
        bytes += chunk.length
        most = Math.max(most, process.memoryUsage().rss)
      },
      new AbortController().signal,
    )
    expect(bytes).toBe(200_000_000)
    expect(most - before).toBeLessThan(100_000_000)
  })

  test.each([
    ['sh', 'seq 1 50000; echo done > done'],
    // A shell that is deaf to being asked, one whose line does not print, and a program in the background.
    ['sh', 'trap "" TERM; seq 1 50000; echo done > done'],
    ['bash', 'set -e; echo begin; until [ -e go ]; do sleep 0.02; done; echo done > done'],
    ['bash', '(echo begin; until [ -e go ]; do sleep 0.02; done; echo done > done) & wait; echo done > done'],
  ])('whose output cannot be taken is ended at once, before its next line: %s %s', async (shell, script) => {
    const spawned = {
      argv: [shell, '-c', script],
      cwd: folder,
      env: process.env,
      printed: '',
    }
    let heard = 0
    const failed = spawn(
      spawned,
      () => {
        heard += 1
        throw new Error('no room')
      },
      new AbortController().signal,
    )
    await expect(failed).rejects.toThrow('no room')
    expect(heard).toBe(1)
    writeFileSync(path('go'), '')
    // Whatever is left of it would come to its next line now.
    await new Promise((over) => setTimeout(over, 150))
    expect(existsSync(path('done'))).toBe(false)
  })
})

describe('what cannot be started', () => {
  test('a program that is not there is named', async () => {
    expect(await failing(run(['no-such-program', 'x']))).toEqual({
      ...{ kind: 'command-missing', program: 'no-such-program', printed: 'no-such-program x' },
    })
    expect(await failing(run(['./absent']))).toMatchObject({ kind: 'command-missing' })
  })

  test('a folder that is not there is another matter, also where the program is not there', async () => {
    const missing = { kind: 'folder-missing', folder: path('absent') }
    expect(await failing(run(['true'], { cwd: path('absent') }))).toMatchObject(missing)
    expect(await failing(run(['no-such-program'], { cwd: path('absent') }))).toMatchObject(missing)
    writeFileSync(path('file'), '')
    expect(await failing(run(['true'], { cwd: path('file') }))).toMatchObject({ kind: 'folder-missing' })
  })

  test('a file that is no program, or whose interpreter is missing', async () => {
    writeFileSync(path('plain'), 'text')
    expect(await failing(run(['./plain']))).toMatchObject({ kind: 'command-failed', exit: 'EACCES' })
    writeFileSync(path('script'), '#!/no/such/interpreter\n')
    chmodSync(path('script'), 0o755)
    expect(['command-missing', 'command-failed']).toContain((await failing(run(['./script']))).kind)
  })

  test('a word with a zero byte in it', async () => {
    expect(await failing(run(['echo', 'a\0b']))).toMatchObject({ kind: 'command-failed' })
  })
})

describe('an interrupt', () => {
  test('before it is started starts nothing', async () => {
    const { signal, interrupt } = interrupted()
    interrupt()
    await expect(sh('echo > ran', { signal })).rejects.toThrow('interrupted')
    expect(existsSync(path('ran'))).toBe(false)
  })

  test('ends the whole tree: children, grandchildren, and what they left in the background', async () => {
    const { signal, interrupt } = interrupted()
    const running = sh(
      'echo $$ > one; (sh -c \'echo $$ > two; (sh -c "echo \\$\\$ > three; exec sleep 600" &) ; wait; exec sleep 600\' & ) ; exec sleep 600',
      { signal },
    )
    await written('one', 'two', 'three')
    const family = ['one', 'two', 'three'].map(pid)
    expect(family.map(alive)).toEqual([true, true, true])
    interrupt()
    await expect(running).rejects.toThrow('interrupted')
    expect(family.map(alive)).toEqual([false, false, false])
  })

  test('lets a program end in its own way', async () => {
    const { signal, interrupt } = interrupted()
    const running = sh(
      `trap 'echo cleaned > cleaned; exit' TERM; echo > ready; while :; do sleep 0.05; done`,
      { signal },
    )
    await written('ready')
    interrupt()
    await expect(running).rejects.toThrow('interrupted')
    expect(existsSync(path('cleaned'))).toBe(true)
  })

  test('does not wait for ever for one that is deaf to it', async () => {
    const { signal, interrupt } = interrupted()
    const deaf = `trap '' TERM INT HUP; echo $$ >`
    const running = sh(
      `${deaf} one; sh -c "${deaf.replaceAll('$', '\\$')} two; while :; do sleep 1; done" & while :; do sleep 1; done`,
      {
        signal,
      },
    )
    await written('one', 'two')
    const family = ['one', 'two'].map(pid)
    const began = performance.now()
    interrupt()
    await expect(running).rejects.toThrow('interrupted')
    expect(family.map(alive)).toEqual([false, false])
    expect(performance.now() - began).toBeLessThan(9_000)
  })

  test('does not wait for one that left the group and holds the output open', async () => {
    const { signal, interrupt } = interrupted()
    const daemon = `const { spawn } = require('node:child_process')
      const left = spawn('sleep', ['600'], { detached: true, stdio: 'inherit' })
      require('node:fs').writeFileSync('daemon', left.pid + '\\n'); left.unref()`
    const running = run([process.execPath, '-e', `${daemon}; setInterval(() => {}, 1000)`], { signal })
    await written('daemon')
    const left = pid('daemon')
    interrupt()
    await expect(running).rejects.toThrow('interrupted')
    expect(alive(left)).toBe(true)
  })

  test('does not wait for a corpse whose parent never looks', async () => {
    const { signal, interrupt } = interrupted()
    // Its parent has left the group; what it leaves in it when it ends is nobody's.
    const script =
      'if (!fork) { open F, ">child"; print F "$$\\n"; close F; sleep 600 } use POSIX; POSIX::setsid(); open F, ">parent"; print F "$$\\n"; close F; sleep 600'
    const running = sh(`perl -e '${script}' > /dev/null 2>&1 & wait`, { signal })
    await written('child', 'parent')
    const [child] = [pid('child'), pid('parent')]
    const began = performance.now()
    interrupt()
    await expect(running).rejects.toThrow('interrupted')
    expect(alive(child!)).toBe(false)
    expect(performance.now() - began).toBeLessThan(4_000)
  })

  test('for the second time ends everything at once', async () => {
    const running = sh(`trap '' TERM INT HUP; echo $$ > one; while :; do sleep 1; done`)
    await written('one')
    killEverything()
    expect(await running).toMatchObject({ exit: 'SIGKILL' })
  })
})

describe('a timeout', () => {
  test('ends the whole tree, and says after how long', async () => {
    const running = sh('echo $$ > one; (echo > two; exec sleep 600) & wait', { timeout: 300 })
    expect(await failing(running)).toMatchObject({ kind: 'timeout', after: 300 })
    expect(alive(pid('one'))).toBe(false)
  })

  test('does not hurt a program that is in time', async () => {
    expect(await sh('exit 2', { timeout: 20_000 })).toMatchObject({ exit: 2 })
  })
})

describe('two programs with a pipe between them', () => {
  const env = { PATH: process.env.PATH }
  const into = (first: string, second: string, more?: Parameters<typeof run>[1]) =>
    sh(first, { into: { argv: ['sh', '-c', second], env, readsBeginning: false }, ...more })

  test('the second reads what the first prints; what both say is heard', async () => {
    expect(await into('seq 1 200000; echo one >&2', 'wc -l; echo two >&2')).toMatchObject({
      exit: 0,
      out: expect.stringMatching(/^\s*200000\n$/),
      err: expect.stringMatching(/^(one\ntwo|two\none)\n$/),
    })
  })

  test.each([
    ['the first fails, and the second does not mind', 'echo half; exit 3', 'cat', 3],
    ['the first is killed', 'kill -KILL $$', 'cat', 'SIGKILL'],
    ['the second fails, and so the first cannot write', 'exec yes', 'head -c 10; exit 4', 4],
    ['the second is killed', 'exec yes', 'head -c 10; kill -KILL $$', 'SIGKILL'],
    ['both fail: the second is the reason', 'exit 3', 'cat; exit 4', 4],
  ])('%s', async (_, first, second, exit) => {
    expect(await into(first, second)).toMatchObject({ exit })
  })

  test('where the beginning is enough for the second, that the first is then ended is no failure', async () => {
    const head = { argv: ['head', '-c', '4'], env, readsBeginning: true }
    expect(await run(['yes'], { into: head })).toEqual({ exit: 0, out: 'y\ny\n', err: expect.anything() })
    const failing = { argv: ['sh', '-c', 'head -c 4; exit 3'], env, readsBeginning: true }
    expect(await run(['yes'], { into: failing })).toMatchObject({ exit: 3 })
  })

  test('either is not there: it is named, and the other is not left behind', async () => {
    const missing = (program: string) => ({ kind: 'command-missing', program })
    expect(
      await failing(run(['nowhere-1'], { into: { argv: ['cat'], env, readsBeginning: false } })),
    ).toMatchObject(missing('nowhere-1'))
    const begun = sh(`touch ${JSON.stringify(path('begun'))}`, {
      into: { argv: ['nowhere-2'], env, readsBeginning: false },
    })
    expect(await failing(begun)).toMatchObject(missing('nowhere-2'))
    expect(existsSync(path('begun'))).toBe(false)
  })

  test('an interrupt ends both, and each is told of when it starts', async () => {
    const { signal, interrupt } = interrupted()
    const started: number[] = []
    const running = into(
      `echo $$ > '${path('one')}'; exec sleep 600`,
      `echo $$ > '${path('two')}'; exec sleep 600`,
      { signal, onStart: (number) => started.push(number) },
    )
    await written('one', 'two')
    const pids = [pid('one'), pid('two')]
    expect(started).toEqual(pids)
    interrupt()
    await expect(running).rejects.toThrow('interrupted')
    expect(pids.filter(alive)).toEqual([])
  })
})
