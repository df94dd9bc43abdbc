import { execFile, spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import {
  copyFile,
  mkdir,
  mkdtemp,
  readFile,
  realpath,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { spawn as spawnInTerminal } from '@lydell/node-pty'
import { inject } from 'vitest'
import { end as endProcesses, findProcesses, inspect } from '../../examples/world/processes.ts'
import type { Event } from '../../runbook/model/event.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** The command line as it is published, built from the sources once in a run of the tests; gives `cli.js`. */
export const commandLine = async (): Promise<string> => {
  const folder = inject('commandFolder')
  const built = join(folder, 'package')
  try {
    await mkdir(join(folder, 'building'))
  } catch {
    // Another worker builds it.
    await until(() => existsSync(built) || existsSync(join(folder, 'broken')))
    if (!existsSync(built)) throw new Error(await readFile(join(folder, 'broken'), 'utf8'))
    return join(built, 'dist/cli.js')
  }
  const draft = join(folder, 'draft')
  try {
    const build = ['--no-dts', '--log-level', 'error', '--out-dir', join(draft, 'dist')]
    await promisify(execFile)(join(root, 'node_modules/.bin/tsdown'), build, { cwd: root })
    await copyFile(join(root, 'package.json'), join(draft, 'package.json'))
    await symlink(join(root, 'node_modules'), join(draft, 'node_modules'))
    await rename(draft, built)
  } catch (error) {
    await writeFile(join(folder, 'broken'), `the command line could not be built: ${error}`)
    throw error
  }
  return join(built, 'dist/cli.js')
}

/** Looks again and again until it holds. The patience is for a machine that does much else; nothing waits for it. */
export const until = async (holds: () => unknown, what = String(holds)): Promise<void> => {
  const began = performance.now()
  // Looking costs too: most of what is waited for is there at once, or is far away.
  for (let pause = 10; !(await holds()); pause = Math.min(pause * 1.1, 50)) {
    if (performance.now() - began > 90_000) throw new Error(`did not come about: ${what}`)
    await sleep(pause)
  }
}

/** What most books of these tests begin with: a step that runs a line of shell, and is done when it has left a file. */
export const prelude = `
import * as r from 'runbook'
import { defineRunbook, defineStep, defineCheck, changes, reads, readsFile, holds, fails, phase, parallel, sequence, secret, nothingToUndo, instructs } from 'runbook'
const left = (name: string) => defineCheck({
  fact: name + ' is there',
  remedy: 'look at ' + name,
  look: async ({ attempt }) => ((await attempt(readsFile(name))).ok ? holds('it is') : fails('it is not')),
})
const sh = (id: string, script: string, more = {}) => defineStep({
  id,
  title: 'Do ' + id,
  about: 'Runs a line of shell.',
  actions: () => ({ act: changes('sh', '-c', script) }),
  after: () => [left('done-' + id)],
  undo: () => nothingToUndo('it is a test'),
  ...more,
})
const does = (id: string, script = ':', more = {}) => sh(id, script + '\\ntouch done-' + id, more)
`

/** `prelude`, and a book of these steps for an ordinary (with `environment`) and for a protected environment. */
export const bookOf = (steps: string, { before = '', environment = '' } = {}): string => `${prelude}
${before}
const app = { dir: 'app', url: 'http://127.0.0.1:9' }
export default defineRunbook({
  name: 'tested',
  environments: { staging: { app, ${environment} }, production: { protected: true, app } },
  deploy: (env) => [${steps}],
})
`

export interface Ended {
  exit: number | null
  signal: NodeJS.Signals | null
  out: string
  err: string
}
export interface CallOptions {
  cwd?: string
  variables?: Record<string, string | undefined>
  /** What stands before `node` on the line. */
  through?: string[]
}

/** A book in a folder of its own, with a space in its name, and the command line called on it. */
export const bookFolder = async (book: string | undefined, files: Record<string, string> = {}) => {
  const cli = await commandLine()
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'a book ')))
  const app = join(folder, 'app')
  await mkdir(app)
  for (const [path, content] of Object.entries({ ...(book && { 'runbook.config.ts': book }), ...files })) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), content)
  }
  const ends = new Set<() => void>()
  const environment = (variables: CallOptions['variables'] = {}): Record<string, string> => {
    const { NO_COLOR, FORCE_COLOR, CI, ...own } = process.env
    const all = { ...own, TERM: 'xterm-256color', ...variables }
    return Object.fromEntries(Object.entries(all).flatMap(([k, v]) => (v === undefined ? [] : [[k, v]])))
  }

  /** Starts the command line without a terminal. */
  const start = (args: string[], { cwd = folder, variables, through = [] }: CallOptions = {}) => {
    const [program, ...rest] = [...through, process.execPath, cli, ...args]
    const child = spawn(program!, rest, {
      cwd,
      env: environment(variables),
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const printed = { out: '', err: '' }
    child.stdout.setEncoding('utf8').on('data', (text) => (printed.out += text))
    child.stderr.setEncoding('utf8').on('data', (text) => (printed.err += text))
    const end = () => void child.kill('SIGKILL')
    ends.add(end)
    const ended = new Promise<Ended>((resolve, reject) => {
      child.on('error', reject)
      child.on('close', (exit, signal) => {
        ends.delete(end)
        resolve({ exit, signal, ...printed })
      })
    })
    return { child, printed, ended }
  }

  /** Starts the command line on a terminal. */
  const startOnTerminal = (
    args: string[],
    { cwd = folder, variables, cols = 100, rows = 30 }: CallOptions & { cols?: number; rows?: number } = {},
  ) => {
    const pty = spawnInTerminal(process.execPath, [cli, ...args], {
      cwd,
      cols,
      rows,
      name: 'xterm-256color',
      env: environment(variables),
    })
    const printed = { all: '' }
    let typed = 0
    pty.onData((text) => (printed.all += text))
    const end = () => pty.kill('SIGKILL')
    ends.add(end)
    const ended = new Promise<{ exit: number; signal: number }>((resolve) =>
      pty.onExit(({ exitCode, signal }) => {
        ends.delete(end)
        resolve({ exit: exitCode, signal: signal ?? 0 })
      }),
    )
    return {
      pty,
      printed,
      ended,
      type: (text: string) => {
        typed = printed.all.length
        pty.write(text)
      },
      /** Since something was typed last. */
      shows: (pattern: RegExp | string) =>
        until(() => {
          const text = printed.all.slice(typed)
          return typeof pattern === 'string' ? text.includes(pattern) : pattern.test(text)
        }, `${pattern} on the terminal`).catch((error) => {
          throw new Error(`${error.message}; it shows:\n${printed.all}`)
        }),
    }
  }

  return {
    folder,
    app,
    stateDir: join(folder, '.runbook'),
    in: (path: string) => join(app, path),
    start,
    startOnTerminal,
    runbook: (args: string[], options?: CallOptions): Promise<Ended> => start(args, options).ended,
    dispose: async () => {
      for (const end of ends) end()
      // What a killed run has left behind, such as a step that a test lets wait for ever.
      await endProcesses(findProcesses((pid) => inspect.cwd(pid)?.startsWith(folder) ?? false))
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** The events that `--json` put on standard output; anything else there is an error. */
export const eventsIn = (out: string): Event[] =>
  out
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line))

/** Whether a process is there, and is not only a corpse whose parent has not looked yet. */
export const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
  return !isCorpse(pid)
}
const isCorpse = (pid: number): boolean => {
  const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' })
  return stdout.trim() === '' || stdout.trim().startsWith('Z')
}

/** Before a command, where root must find the modes of files in its way too. */
export const withoutPrivilege =
  process.getuid?.() === 0 ? ['setpriv', '--bounding-set=-dac_override,-dac_read_search,-fowner', '--'] : []
