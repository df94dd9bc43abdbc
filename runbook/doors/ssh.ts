import { type ChildProcess, spawn as spawnChild } from 'node:child_process'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { Failed } from '../model/failure.ts'
import { quietSsh } from '../model/ssh.ts'
import { type Ended, spawn } from './process.ts'
import { makeScratch, removeScratch } from './scratch.ts'

/**
 * A connection to an OpenSSH destination that all commands of a run share: 14 ms for each instead of 250. It is the
 * process's own child, and ends with its standard input: also where this process is killed.
 */
export class Ssh {
  #folder: Promise<string> | undefined
  #master: Promise<Master> | undefined
  #opened = 0

  constructor(
    readonly host: string,
    private readonly variables: Readonly<Record<string, string | undefined>>,
  ) {}

  /**
   * Has `sh` over there read a script, and passes on what it prints. The script goes through standard input: what is in
   * an argument stands in both machines' lists of processes. 255 is a connection that broke, or the script's own.
   */
  async sh(
    script: string,
    onOutput: (stream: 'out' | 'err', chunk: Buffer) => void,
    signal: AbortSignal,
  ): Promise<Ended> {
    const { control } = await this.#open(signal)
    const argv = ['ssh', '-S', control, '-o', 'ControlMaster=no', ...quietSsh, '--', this.host, 'exec sh -s']
    return spawn(
      { argv, cwd: '/', env: this.variables, input: script, printed: `ssh ${this.host}` },
      onOutput,
      signal,
    )
  }

  /** A port of this machine that leads to one that the host can reach. A tunnel breaks with its connection. */
  async forward(to: { host: string; port: string }, signal: AbortSignal): Promise<number> {
    const master = await this.#open(signal)
    const address = `${to.host}:${to.port}`
    const tunnel = master.tunnels.get(address) ?? this.#tunnel(master, to, signal)
    master.tunnels.set(address, tunnel)
    tunnel.catch(() => master.tunnels.delete(address))
    return tunnel
  }

  async #tunnel(
    { control }: Master,
    to: { host: string; port: string },
    signal: AbortSignal,
  ): Promise<number> {
    const port = await freePort()
    const far = to.host.includes(':') ? `[${to.host}]` : to.host
    const argv = [
      'ssh',
      '-S',
      control,
      '-O',
      'forward',
      '-L',
      `127.0.0.1:${port}:${far}:${to.port}`,
      '--',
      this.host,
    ]
    let said = ''
    const { exit } = await spawn(
      { argv, cwd: '/', env: this.variables, printed: `ssh ${this.host}` },
      (_, chunk) => {
        said += chunk
      },
      signal,
    )
    if (exit !== 0) throw this.#failed(said)
    return port
  }

  /** The first command opens it; one that has broken is opened anew. */
  #open(signal: AbortSignal): Promise<Master> {
    this.#master ??= this.#connect(signal).catch((error) => {
      this.#master = undefined
      throw error
    })
    return this.#master
  }

  async #connect(signal: AbortSignal): Promise<Master> {
    signal.throwIfAborted()
    this.#folder ??= makeScratch()
    // A socket's path may have 104 bytes at most.
    const control = join(await this.#folder, String(this.#opened))
    this.#opened += 1
    const argv = [
      '-M',
      '-S',
      control,
      '-o',
      'ControlPersist=no',
      ...quietSsh,
      '--',
      this.host,
      'echo; exec cat',
    ]
    // In a group of its own: a Ctrl-C is not for it, because what runs over there must still be ended through it.
    const child = spawnChild('ssh', argv, {
      cwd: '/',
      env: this.variables,
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
    })
    child.stdin.on('error', () => {})
    let said = ''
    child.stderr.on('data', (chunk) => {
      said += chunk
    })
    const ended = new Promise<void>((resolve) => {
      child.once('close', () => resolve())
      child.once('error', () => resolve())
    })
    const master: Master = { child, control, ended, tunnels: new Map() }
    void ended.then(() => {
      if (this.#current === master) this.#master = this.#current = undefined
    })
    this.#current = master
    const abandon = () => child.kill('SIGKILL')
    signal.addEventListener('abort', abandon, { once: true })
    try {
      await Promise.race([
        new Promise((resolve) => child.stdout.once('data', resolve)),
        new Promise((_, reject) => child.once('error', reject)),
        ended.then(() => Promise.reject(this.#failed(said))),
      ])
      return master
    } catch (error) {
      signal.throwIfAborted()
      if ((error as NodeJS.ErrnoException).code === 'ENOENT')
        throw new Failed({ kind: 'command-missing', program: 'ssh', printed: `ssh ${this.host}` })
      throw error
    } finally {
      signal.removeEventListener('abort', abandon)
    }
  }
  #current: Master | undefined

  #failed(said: string): Failed {
    return new Failed({ kind: 'host-failed', host: this.host, ...reasonIn(said) })
  }

  /** Ends the connection, and with it whatever leads through it. */
  async close(): Promise<void> {
    const master = await this.#master?.catch(() => undefined)
    if (master) {
      master.child.stdin?.end()
      const late = setTimeout(() => master.child.kill('SIGKILL'), 2000)
      await master.ended
      clearTimeout(late)
    }
    if (this.#folder) await removeScratch(await this.#folder)
  }
}

interface Master {
  child: ChildProcess
  control: string
  ended: Promise<void>
  /** Ports of this machine, by where they lead to. */
  tunnels: Map<string, Promise<number>>
}

type Reason = { reason: 'unreachable' | 'refused' | 'key-unknown' | 'key-changed'; message: string }

/** What OpenSSH's words mean; its exit status is 255 for all of them. */
const reasonIn = (said: string): Reason => {
  const lines = said
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line && !/^@+$/.test(line))
  const last = lines.at(-1) ?? 'ssh says nothing'
  if (/HOST IDENTIFICATION HAS CHANGED/.test(said)) {
    const offending = lines.find((line) => /^Offending /.test(line)) ?? last
    return { reason: 'key-changed', message: offending }
  }
  if (/Host key verification failed|No .* host key is known/.test(said))
    return { reason: 'key-unknown', message: lines.find((line) => /host key is known/.test(line)) ?? last }
  if (/Permission denied|Too many authentication failures|no such identity/i.test(said))
    return {
      reason: 'refused',
      message: lines.find((line) => /Permission denied|Too many/.test(line)) ?? last,
    }
  return { reason: 'unreachable', message: last }
}

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
