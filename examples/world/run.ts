import { execa } from 'execa'

export type RunOptions = {
  cwd?: string
  env?: NodeJS.ProcessEnv
  uid?: number | undefined
  gid?: number | undefined
  /** Leave it out for a command that starts a daemon: cut short, the daemon would come up unseen. */
  signal?: AbortSignal | undefined
}

/** Runs a command to its end and gives its output; a failure carries the last lines. */
export async function run(argv: [string, ...string[]], options: RunOptions = {}): Promise<string> {
  const { cwd = '/', env = process.env, uid, gid, signal } = options
  signal?.throwIfAborted()
  const [file, ...args] = argv
  // In a process group of its own, so that Ctrl-C reaches us alone and we end all of it.
  const child = execa(file, args, {
    cwd,
    env,
    extendEnv: false,
    detached: true,
    stdin: 'ignore',
    all: true,
    reject: false,
    ...(uid === undefined ? {} : { uid }),
    ...(gid === undefined ? {} : { gid }),
  })
  const end = () => child.pid && process.kill(-child.pid, 'SIGKILL')
  signal?.addEventListener('abort', end, { once: true })
  const result = await child
  signal?.removeEventListener('abort', end)
  signal?.throwIfAborted()
  if (!result.failed) return result.stdout
  const how = result.exitCode === undefined ? result.shortMessage : `exit ${result.exitCode}`
  const lines = result.all?.trim().split('\n').slice(-25).join('\n')
  throw new Error([`${argv.join(' ')} failed: ${how}`, lines].filter(Boolean).join('\n'))
}

/** The environment without the variables whose names start so. */
export function envWithout(...prefixes: string[]): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !prefixes.some((prefix) => name.startsWith(prefix)),
  )
  return Object.fromEntries(kept)
}
