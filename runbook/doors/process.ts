import { statSync } from 'node:fs'
import { Failed } from '../model/failure.ts'

/** A command with everything filled in. */
export interface Spawned {
  argv: readonly string[]
  cwd: string
  env: Readonly<Record<string, string | undefined>>
  input?: string
  printed: string
  timeout?: number
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
  { argv, cwd, env, input, printed, timeout }: Spawned,
  onOutput: (stream: 'out' | 'err', chunk: Buffer) => void,
  signal: AbortSignal,
): Promise<Ended> => {
  const { execa } = await import('execa')
  signal.throwIfAborted()
  const [program, ...args] = argv
  const child = execa(program!, args, {
    cwd,
    env,
    extendEnv: false,
    ...(input === undefined ? { stdin: 'ignore' } : { input }),
    encoding: 'buffer',
    buffer: false,
    reject: false,
    detached: true,
    cleanup: false,
    stripFinalNewline: false,
  })
  if (child.pid) running.add(child.pid)
  child.stdout.on('data', (chunk: Buffer) => onOutput('out', chunk))
  child.stderr.on('data', (chunk: Buffer) => onOutput('err', chunk))

  let ending: Promise<void> | undefined
  const end = () => {
    ending ??= endTree(child.pid)
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
    const result = await child
    await ending
    signal.throwIfAborted()
    if (late) throw new Failed({ kind: 'timeout', printed, after: timeout!, tail: '' })
    if (result.exitCode === undefined && !result.signal) throw couldNotStart(result, program!, cwd, printed)
    return { exit: result.exitCode ?? result.signal! }
  } finally {
    if (child.pid) running.delete(child.pid)
    clearTimeout(timer)
    signal.removeEventListener('abort', end)
  }
}

const couldNotStart = (result: object, program: string, cwd: string, printed: string): Failed => {
  const { cause, message } = result as { cause?: NodeJS.ErrnoException; message?: string }
  if (!isFolder(cwd)) return new Failed({ kind: 'folder-missing', folder: cwd, printed })
  if (cause?.code === 'ENOENT') return new Failed({ kind: 'command-missing', program, printed })
  return new Failed({
    kind: 'command-failed',
    printed,
    exit: cause?.code ?? 'not started',
    tail: message ?? '',
  })
}

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false

/** Ends a process group, and returns when nothing of it is left. */
const endTree = async (pid: number | undefined): Promise<void> => {
  if (pid === undefined) return
  const gone = async (within: number): Promise<boolean> => {
    for (const until = Date.now() + within; Date.now() < until; ) {
      if (!kill(-pid, 0)) return true
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
