import { type ChildProcess, spawn as spawnChild } from 'node:child_process'
import { statSync } from 'node:fs'
import type { ProcessIdentity } from '../model/event.ts'
import { Failed } from '../model/failure.ts'
import { groupLives, startOf } from './process-identity.ts'

/** A command with everything filled in. */
export interface Spawned {
  argv: readonly string[]
  cwd: string
  env: Readonly<Record<string, string | undefined>>
  input?: string
  printed: string
  timeout?: number
  /** Told as soon as it runs. */
  onStart?(pid: number): void
}
export interface Ended {
  exit: number | string
}

/** The process groups that run now. */
const running = new Set<number>()

/** Ends everything that runs, at once and without waiting: for the second Ctrl-C. */
export const killEverything = (): void => {
  for (const pid of running) kill(-pid, 'SIGKILL')
}

/** How long a process tree has to end by itself after SIGTERM before SIGKILL. Milliseconds. */
const GRACE = 5_000

/**
 * Runs a program in a process group of its own, so that its whole tree can be ended. Its output comes in chunks as
 * they arrive: lines would cost a tenth of the throughput. Standard input is empty; there is no terminal to ask on.
 */
export const spawn = async (
  spawned: Spawned,
  onOutput: (stream: 'out' | 'err', chunk: Buffer) => void,
  signal: AbortSignal,
): Promise<Ended> => {
  signal.throwIfAborted()
  const { printed, timeout } = spawned
  const child = start(spawned)
  const { pid } = child
  const ended = endOf(child, spawned)
  if (pid) running.add(pid)
  if (pid) spawned.onStart?.(pid)
  const unheard = listen(child, onOutput)

  let ending: Promise<void> | undefined
  const end = () => {
    ending ??= (pid === undefined ? Promise.resolve() : endGroup(pid)).then(() => letGo(child))
  }
  let late = false
  const timer = timeout
    ? setTimeout(() => {
        late = true
        end()
      }, timeout)
    : undefined
  signal.addEventListener('abort', end, { once: true })
  try {
    const result = await ended
    await ending
    signal.throwIfAborted()
    if (late) throw new Failed({ kind: 'timeout', printed, after: timeout!, tail: '' })
    unheard.throwIfAborted()
    return result
  } finally {
    if (pid) running.delete(pid)
    clearTimeout(timer)
    signal.removeEventListener('abort', end)
  }
}

/** Node's own spawn: execa costs half a millisecond more a program, and 13 MB that each fork has to copy. */
const start = ({ argv, cwd, env, input, printed }: Spawned): ChildProcess => {
  const [program, ...args] = argv
  try {
    const stdin = input === undefined ? 'ignore' : 'pipe'
    const child = spawnChild(program!, args, { cwd, env, stdio: [stdin, 'pipe', 'pipe'], detached: true })
    // A program need not read what it is given.
    child.stdin?.on('error', () => {}).end(input)
    return child
  } catch (error) {
    throw couldNotStart(error as NodeJS.ErrnoException, program!, cwd, printed)
  }
}

/** How it ended, once everything that it printed has been read. */
const endOf = (child: ChildProcess, { argv, cwd, printed }: Spawned): Promise<Ended> =>
  new Promise((resolve, reject) => {
    child.once('error', (error) => reject(couldNotStart(error, argv[0]!, cwd, printed)))
    child.once('close', (exit, signal) => resolve({ exit: exit ?? signal! }))
  })

/**
 * Passes on what is printed. Where it cannot be taken, such as by a disk that is full, the program is left to finish
 * what it does, and the signal says why the rest of its output was not heard.
 */
const listen = (
  child: ChildProcess,
  onOutput: (stream: 'out' | 'err', chunk: Buffer) => void,
): AbortSignal => {
  const unheard = new AbortController()
  const tell = (stream: 'out' | 'err') => (chunk: Buffer) => {
    if (unheard.signal.aborted) return
    try {
      onOutput(stream, chunk)
    } catch (error) {
      unheard.abort(error)
    }
  }
  child.stdout?.on('data', tell('out'))
  child.stderr?.on('data', tell('err'))
  return unheard.signal
}

const couldNotStart = (
  error: NodeJS.ErrnoException,
  program: string,
  cwd: string,
  printed: string,
): Failed => {
  if (!isFolder(cwd)) return new Failed({ kind: 'folder-missing', folder: cwd, printed })
  if (error.code === 'ENOENT') return new Failed({ kind: 'command-missing', program, printed })
  return new Failed({
    kind: 'command-failed',
    printed,
    exit: error.code ?? 'not started',
    tail: error.message,
  })
}

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false

/** What has left the tree and holds its output open is not waited for; what is in the pipes already is read. */
const letGo = (child: ChildProcess): void => {
  const timer = setTimeout(() => {
    child.stdout?.destroy()
    child.stderr?.destroy()
  }, REST)
  child.once('close', () => clearTimeout(timer))
}
/** Milliseconds. */
const REST = 500

/** Whether a process group still has a member, given who led it. */
export const groupSurvives = ({ pid, started }: ProcessIdentity): boolean => {
  const now = startOf(pid)
  // Its number has been given to somebody else.
  if (now !== undefined && now !== started) return false
  return kill(-pid, 0) && groupLives(pid)
}

/** Ends a process group, and returns when nothing of it is left. */
export const endGroup = async (pid: number): Promise<void> => {
  const gone = async (within: number): Promise<boolean> => {
    for (const until = Date.now() + within; Date.now() < until; ) {
      if (!kill(-pid, 0) || !groupLives(pid)) return true
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    return false
  }
  kill(-pid, 'SIGTERM')
  if (await gone(GRACE)) return
  kill(-pid, 'SIGKILL')
  await gone(GRACE)
}

/** Whether there was someone to receive it. */
const kill = (pid: number, signal: NodeJS.Signals | 0): boolean => {
  try {
    process.kill(pid, signal)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
