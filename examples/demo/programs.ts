import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'

interface Options {
  cwd: string
  env?: NodeJS.ProcessEnv
}

/** A program that did not end well, with its last lines. */
export class ProgramFailed extends Error {}

/**
 * The programs that the demo runs. They are in its own process group, so that a terminal's Ctrl-C reaches them too; a
 * signal that reached only the demo is passed on.
 */
export class Programs {
  readonly #running = new Set<ChildProcess>()

  constructor(private readonly interrupted: AbortSignal) {
    interrupted.addEventListener('abort', () => void this.#passOn(), { once: true })
  }

  /** Runs one without showing what it prints, but for `onLine`; gives its standard output. */
  async quietly(argv: readonly string[], options: Options, onLine = (_: string) => {}): Promise<string> {
    this.interrupted.throwIfAborted()
    const child = this.#start(argv, options, ['ignore', 'pipe', 'pipe'])
    const lines: string[] = []
    let printed = ''
    child.stdout!.on('data', (chunk) => {
      printed += chunk
    })
    createInterface({ input: child.stderr! }).on('line', (line) => {
      lines.push(line)
      onLine(line)
    })
    const exit = await this.#ended(child)
    this.interrupted.throwIfAborted()
    if (exit === 0) return printed
    throw new ProgramFailed(
      [`${argv.join(' ')} ended with exit ${exit}`, ...lines.slice(-25), printed.slice(-2000)].join('\n'),
    )
  }

  /** Gives the terminal to one; its exit status. */
  async onTerminal(argv: readonly string[], options: Options): Promise<number> {
    this.interrupted.throwIfAborted()
    return this.#ended(this.#start(argv, options, 'inherit'))
  }

  #start([file, ...args]: readonly string[], { cwd, env = process.env }: Options, stdio: 'inherit' | any) {
    const child = spawn(file!, args, { cwd, env, stdio })
    this.#running.add(child)
    return child
  }

  #ended(child: ChildProcess): Promise<number> {
    return new Promise((resolve, reject) => {
      child.on('error', reject)
      child.on('close', (code, signal) => {
        this.#running.delete(child)
        resolve(code ?? (signal === 'SIGINT' ? 130 : 1))
      })
    })
  }

  /** A terminal has told them already: to tell them twice would mean not to wait. */
  async #passOn(): Promise<void> {
    const signal = this.interrupted.reason.message as NodeJS.Signals
    await sleep(1000)
    for (const child of this.#running) child.kill(signal)
  }
}
