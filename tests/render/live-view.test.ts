import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { spawn } from '@lydell/node-pty'
import { describe, expect, test } from 'vitest'
import type { Happening } from '../../runbook/model/event.ts'
import { bookFolder, bookOf, commandLine, until } from '../rig/command-line.ts'
import { endsAfterEach } from '../rig/ends.ts'
import { begins, done, eventsOf, looked, prints, step } from './made-up.ts'
import { screenOf } from './screen.ts'

const ends = endsAfterEach()

const program = fileURLToPath(new URL('../fixtures/programs/live-view/live-view.ts', import.meta.url))
interface Options {
  columns?: number
  variables?: Record<string, string>
  titles?: Record<string, string>
  options?: object
}

/** The live view of three steps in a real terminal, which does what it is told. */
const terminal = async ({ columns = 80, variables = {}, titles = {}, options = {} }: Options = {}) => {
  const folder = await mkdtemp(join(tmpdir(), 'live view '))
  ends.push(() => rm(folder, { recursive: true, force: true }))
  const server = createServer().listen(join(folder, 'socket'))
  ends.push(() => server.close())
  await once(server, 'listening')
  const { NO_COLOR, FORCE_COLOR, CI, ...own } = process.env
  const steps = ['pull', 'build', 'check'].map((id) => ({ ...step(id), title: titles[id] ?? `Do ${id}` }))
  const pty = spawn(
    process.execPath,
    ['--import', 'tsx', program, join(folder, 'socket'), JSON.stringify(steps), JSON.stringify(options)],
    {
      cols: columns,
      rows: 30,
      name: 'xterm-256color',
      env: { ...own, TERM: 'xterm-256color', ...variables } as Record<string, string>,
    },
  )
  const sent = { all: '' }
  pty.onData((text) => (sent.all += text))
  const ended = new Promise<void>((resolve) => pty.onExit(() => resolve()))
  ends.push(async () => {
    pty.kill('SIGKILL')
    await ended
  })
  const [socket] = (await Promise.race([
    once(server, 'connection'),
    ended.then(() => Promise.reject(new Error(`it ended by itself:\n${sent.all}`))),
  ])) as [Socket]
  const answers = createInterface({ input: socket })[Symbol.asyncIterator]()
  const tell = async (told: object) => {
    socket.write(`${JSON.stringify(told)}\n`)
    await answers.next()
  }
  const screen = () => screenOf(wholeSequences(sent.all), columns)
  return {
    pty,
    sent,
    screen,
    take: async (...happenings: Happening[]) => {
      for (const event of eventsOf(happenings)) await tell({ event })
    },
    call: (call: 'pause' | 'resume' | 'end') => tell({ call }),
    say: (text: string) => tell({ say: text }),
    shows: (pattern: RegExp) =>
      until(() => pattern.test(screen().join('\n')), `${pattern}`).catch((error) => {
        throw new Error(`${error.message}; it shows:\n${screen().join('\n')}`)
      }),
    /** The screen when the program has ended. */
    end: async () => {
      await tell({ call: 'end' })
      socket.end()
      await ended
      return screen()
    },
  }
}
/** Without the beginning of a sequence whose rest is still to come. */
const wholeSequences = (sent: string) => sent.replace(/\u001b(\[[?\d;]*)?$/, '')
/** Time enough for something to be drawn that should not be. */
const aWhile = async () => {
  const began = performance.now()
  await until(() => performance.now() - began > 700)
}

test('a step that takes its time is drawn with what it prints and how long it usually takes; then only its lines are left', async () => {
  const { take, shows, end } = await terminal()
  await take(begins('pull'), prints('pull', 'Receiving\r10%\r50%\n'))
  await shows(/Do pull {2}\d+ ms of about 40\.0 s\n.* 50%/)
  await shows(/Do pull {2}1\.\d s of about 40\.0 s/)
  await take(looked('pull'), done('pull'), begins('build'))
  await shows(/^ {2}✔ Do pull {2}1\.2 s\n {4}✓ pull is there: it is\n.*Do build {2}\d+ ms$/m)
  await take(done('build', 'dist, 3 files'))
  expect(await end()).toEqual([
    '  ✔ Do pull  1.2 s',
    '    ✓ pull is there: it is',
    '  ✔ Do build · dist, 3 files  1.2 s',
  ])
})

test('what is done at once is never drawn', async () => {
  const { take, end, sent } = await terminal({ options: { colors: false } })
  await take(begins('pull'), done('pull', 'nothing new'))
  await aWhile()
  expect(await end()).toEqual(['  ✔ Do pull · nothing new  1.2 s'])
  expect(sent.all).not.toContain('\u001b')
})

test('of two at the same time the one that ends leaves its line above the one that still runs', async () => {
  const { take, shows, end } = await terminal()
  await take(begins('pull'), begins('build'), prints('build', 'compiling\n'))
  await shows(/Do pull.*\n(.*\n)?.*Do build.*\n.*compiling/)
  await take(done('pull', '2 commits'))
  await shows(/^ {2}✔ Do pull · 2 commits {2}1\.2 s\n[^\n]*Do build[^\n]*/)
  await take(done('build'))
  expect(await end()).toEqual(['  ✔ Do pull · 2 commits  1.2 s', '  ✔ Do build  1.2 s'])
})

test('nothing is written between the lines of a drawing, whatever is printed meanwhile', async () => {
  const { take, shows, end } = await terminal({ options: { verbose: true } })
  await take(begins('pull'))
  await shows(/Do pull/)
  const lines = Array.from({ length: 40 }, (_, i) => `line ${i}`)
  await take(...lines.map((line) => prints('pull', `${line}\n`)))
  await shows(/Do pull.*\n.*line 39/)
  await take(done('pull'))
  expect(await end()).toEqual([...lines.map((line) => `      ${line}`), '  ✔ Do pull  1.2 s'])
})

test('a question has the screen to itself; afterwards what still runs is drawn again', async () => {
  const { take, shows, call, say, sent, screen, end } = await terminal()
  await take(begins('pull'))
  await shows(/Do pull/)
  await call('pause')
  await say('Go on? ')
  await shows(/^Go on\?$/)
  const before = sent.all
  await take(prints('pull', 'noise\n'), begins('build'), done('build'))
  await aWhile()
  expect(sent.all).toBe(before)
  expect(screen()).toEqual(['Go on?'])
  await say('yes\n')
  await call('resume')
  await shows(/^Go on\? yes\n {2}✔ Do build {2}1\.2 s\n[^\n]*Do pull/)
  await take(done('pull'))
  expect(await end()).toEqual(['Go on? yes', '  ✔ Do build  1.2 s', '  ✔ Do pull  1.2 s'])
})

test('what was drawn when the run ends is taken off', async () => {
  const { take, shows, end, sent } = await terminal()
  await take(begins('pull'), prints('pull', 'half of it\n'))
  await shows(/half of it/)
  expect(await end()).toEqual([])
  // The cursor is there again.
  expect(sent.all.lastIndexOf('\u001b[?25h')).toBeGreaterThan(sent.all.lastIndexOf('\u001b[?25l'))
})

test('titles and output that are longer than a line leave nothing behind', async () => {
  const title = `Do ${'something long '.repeat(8)}`.trim()
  const { take, shows, end } = await terminal({ columns: 60, titles: { build: title } })
  await take(begins('build'), prints('build', `${'wide '.repeat(40)}\n`))
  await shows(/wide wide/)
  await shows(/1\.\d s/)
  await take(done('build'))
  expect((await end()).join('')).toBe(`  ✔ ${title}  1.2 s`)
})

test('a terminal that changes its size while something is drawn shows each finished line once', async () => {
  const { take, shows, pty, end } = await terminal()
  await take(begins('pull'))
  await shows(/Do pull/)
  pty.resize(60, 10)
  await take(prints('pull', 'narrower\n'))
  await shows(/narrower/)
  pty.resize(120, 40)
  await take(prints('pull', 'wider\n'))
  await shows(/wider/)
  await take(done('pull', '2 commits'), begins('build'))
  await shows(/Do build/)
  await take(done('build'))
  expect(await end()).toEqual(['  ✔ Do pull · 2 commits  1.2 s', '  ✔ Do build  1.2 s'])
})

describe('colours', () => {
  const drawn = async (options: Options) => {
    const { take, shows, end, sent } = await terminal(options)
    await take(begins('pull'), prints('pull', '\u001b[31mred\u001b[0m\n'))
    await shows(/Do pull.*\n.*red/)
    await take(done('pull'))
    await end()
    return sent.all.match(/\u001b\[[\d;]*m/g) ?? []
  }
  test('are there', async () => expect(await drawn({})).not.toEqual([]))
  test('are left out for NO_COLOR', async () =>
    expect(await drawn({ variables: { NO_COLOR: '1' }, options: { colors: false } })).toEqual([]))
})

test('a terminal that is dumb gets lines, and no sequence; --no-color leaves the colours of a drawing out', async () => {
  const book = await bookFolder(bookOf(`does('one', 'sleep 0.5; echo noise')`))
  ends.push(book.dispose)
  const cli = await commandLine()
  const deploy = async (name: string) => {
    // node-pty sets TERM by the name.
    const pty = spawn(process.execPath, [cli, 'deploy', 'staging', '--yes', '--no-color'], {
      cwd: book.folder,
      name,
    })
    let all = ''
    pty.onData((text) => (all += text))
    const exit = await new Promise<number>((resolve) => pty.onExit(({ exitCode }) => resolve(exitCode)))
    expect(exit).toBe(0)
    return all
  }
  const dumb = await deploy('dumb')
  expect(dumb).toContain('  → Do one\r\n')
  expect(dumb).not.toContain('\u001b')
  await rm(book.in('done-one'))
  const clever = await deploy('xterm-256color')
  expect(clever).toContain('\u001b[?25l')
  // Nor does listr2 colour anything with --no-color.
  expect(clever).not.toMatch(/\u001b\[[\d;]*m/)
})
