import { type ChildProcess, type StdioOptions, spawn as spawnChild } from 'node:child_process'
import { statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { ProcessIdentity } from '../model/event.ts'
import { Failed } from '../model/failure.ts'
import { groupLives, startOf } from './process-identity.ts'

/** A command with everything filled in. */
export interface Spawned {
  argv: readonly string[]
  cwd: string
  env: Readonly<Record<string, string | undefined>>
  input?: string
  /** A program that reads what the first prints. */
  into?: Pick<Spawned, 'argv' | 'env'> & { readsBeginning: boolean }
  printed: string
  /** On another host: what of a session over there it keeps, where that is not everything. */
  keeps?: readonly string[]
  timeout?: number
  /**
   * Told of its process before it begins; of two programs, of each. Where this throws, or this process is killed before
   * it has come back, the program does not begin.
   */
  onStart?(pid: number): void
}
export interface Ended {
  exit: number | string
}

/** Taken before a book is read, which may replace it. */
const killProcess = process.kill.bind(process)

/** The process groups that run now. */
const running = new Set<number>()

/** Ends everything that runs, at once and without waiting: for the second Ctrl-C. */
export const killEverything = (): void => {
  for (const pid of running) kill(-pid, 'SIGKILL')
}

/** Ends everything that runs, and returns when nothing of it is left. */
export const endEverything = async (): Promise<void> => {
  await Promise.all([...running].map(endGroup))
}

/** The longest time that a timer of Node's knows. Milliseconds. */
const LONGEST = 2 ** 31 - 1

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
  const children = spawned.into ? startBoth(spawned, spawned.into) : [start(spawned)]
  const ended = endOfAll(children, spawned)
  // Where it is not waited for, because nobody could be told.
  ended.catch(() => {})
  const pids = children.flatMap(({ pid }) => pid ?? [])
  for (const pid of pids) running.add(pid)
  let ending: Promise<unknown> | undefined
  const end = () => {
    ending ??= Promise.all(pids.map(endGroup)).then(() => children.forEach(letGo))
  }
  const unheard = listen(children, onOutput, () => {
    // Asked to end, a shell would go on to its next line first: the one that runs is its child.
    for (const pid of pids) kill(-pid, 'SIGKILL')
    end()
  })
  let late = false
  const timer = timeout
    ? setTimeout(
        () => {
          late = true
          end()
        },
        Math.min(timeout, LONGEST),
      )
    : undefined
  signal.addEventListener('abort', end, { once: true })
  try {
    if (spawned.onStart) beginWhenTold(children, spawned.onStart)
    const result = await ended
    await ending
    unheard.throwIfAborted()
    signal.throwIfAborted()
    if (late) throw new Failed({ kind: 'timeout', printed, after: timeout!, tail: '' })
    return result
  } finally {
    for (const pid of pids) running.delete(pid)
    clearTimeout(timer)
    signal.removeEventListener('abort', end)
  }
}

/**
 * Two programs with a pipe of the system between them, so that nothing of what goes through it passes here. The reader
 * is there first: where it cannot be started, the first does not begin.
 */
const startBoth = (spawned: Spawned, into: NonNullable<Spawned['into']>): ChildProcess[] => {
  const { cwd, printed, onStart } = spawned
  const reader = start({ ...into, cwd, printed, ...(onStart && { onStart }) }, { stdin: 'pipe' })
  if (reader.pid === undefined) return [reader]
  const pipe = reader.stdin!
  try {
    const writer = start(spawned, { stdout: pipe })
    return [writer, reader]
  } catch (error) {
    holdOf(reader)?.destroy()
    throw error
  } finally {
    // Held open here, the reader would never see its end.
    pipe.destroy()
  }
}

/** Node's own spawn: execa costs half a millisecond more a program, and 13 MB that each fork has to copy. */
const start = (
  { argv, cwd, env, input, printed, onStart }: Spawned,
  {
    stdin = input === undefined ? 'ignore' : 'pipe',
    stdout = 'pipe',
  }: { stdin?: 'ignore' | 'pipe'; stdout?: 'pipe' | NonNullable<ChildProcess['stdin']> } = {},
): ChildProcess => {
  const [wanted = ''] = argv
  if (onStart && isFolder(cwd) && !isThere(wanted, cwd, env.PATH))
    throw new Failed({ kind: 'command-missing', program: wanted, printed })
  const [program, ...args] = onStart ? [...HELD, ...argv] : argv
  try {
    const stdio: StdioOptions = [stdin, stdout, 'pipe', ...(onStart ? (['pipe'] as const) : [])]
    const child = spawnChild(program!, args, { cwd, env, stdio, detached: true })
    // A program need not read what it is given.
    child.stdin?.on('error', () => {})
    if (input !== undefined) child.stdin?.end(input)
    return child
  } catch (error) {
    throw couldNotStart(error as NodeJS.ErrnoException, program!, cwd, printed)
  }
}

/** Waits for a line, and becomes the program then; where there is nobody any more to write it, it ends. */
const HELD = ['/bin/sh', '-c', 'read -r go <&3 || exit; exec 3<&-; exec "$@"', 'sh']

/** Otherwise a program could begin of whose process nobody knows, when this one is killed in between. */
const beginWhenTold = (children: readonly ChildProcess[], tell: (pid: number) => void): void => {
  const holds = children.flatMap((child) => holdOf(child) ?? [])
  // It may have been killed by then.
  for (const hold of holds) hold.on('error', () => {})
  try {
    for (const { pid } of children) if (pid !== undefined) tell(pid)
    for (const hold of holds) hold.end('\n')
  } catch (error) {
    for (const hold of holds) hold.destroy()
    throw error
  }
}

const holdOf = ({ stdio }: ChildProcess) => stdio?.[3] as ChildProcess['stdin'] | undefined

/** As execvp(3) looks for it; its own error would only be an exit status of the shell that waits. */
const isThere = (program: string, cwd: string, path = '/usr/bin:/bin'): boolean =>
  (program.includes('/') ? [program] : path.split(':').map((folder) => join(folder || '.', program))).some(
    (place) => isFile(resolve(cwd, place)),
  )

/** What is in the PATH need not be a folder, nor one that may be looked into. */
const isFile = (path: string): boolean => {
  try {
    return statSync(path).isFile()
  } catch {
    return false
  }
}

/** How a program ended, once everything that it printed has been read. */
const endOf = (child: ChildProcess, { cwd, printed }: Spawned): Promise<Ended> =>
  new Promise((resolve, reject) => {
    child.once('error', (error) => reject(couldNotStart(error, child.spawnfile, cwd, printed)))
    child.once('close', (exit, signal) => resolve({ exit: exit ?? signal! }))
  })

/**
 * How all of them ended. Of two the second one's failure comes first, because the first then only fails to write. Where
 * the beginning is enough for the second, nothing is known of the first: it may have failed to write, or not.
 */
const endOfAll = async (children: readonly ChildProcess[], spawned: Spawned): Promise<Ended> => {
  const all = await Promise.allSettled(children.map((child) => endOf(child, spawned)))
  const ended = all.map((one) => {
    if (one.status === 'rejected') throw one.reason
    return one.value
  })
  const [first, last] = [ended[0]!, ended.at(-1)!]
  return last.exit !== 0 || spawned.into?.readsBeginning ? last : first
}

/**
 * Passes on what is printed. Where it cannot be taken, such as by a disk that is full, `unheard` is told at once: what
 * goes on beside a transcript that no longer says so would be known to nobody. The signal says why.
 */
const listen = (
  children: readonly ChildProcess[],
  onOutput: (stream: 'out' | 'err', chunk: Buffer) => void,
  end: () => void,
): AbortSignal => {
  const unheard = new AbortController()
  const tell = (stream: 'out' | 'err') => (chunk: Buffer) => {
    if (unheard.signal.aborted) return
    try {
      onOutput(stream, chunk)
    } catch (error) {
      unheard.abort(error)
      end()
    }
  }
  for (const { stdout, stderr } of children) {
    stdout?.on('data', tell('out'))
    stderr?.on('data', tell('err'))
  }
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
    killProcess(pid, signal)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
