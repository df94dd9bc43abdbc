import { randomBytes } from 'node:crypto'
import { Failed } from '../model/failure.ts'
import { endOf } from '../model/hidden.ts'
import type { Ended, Spawned } from './process.ts'
import { FrameReader, lookOutput } from './remote-output.ts'
import {
  endGroupScript,
  endScript,
  followScript,
  forgetScript,
  jobScript,
  lookScript,
  stateScript,
} from './remote-scripts.ts'
import { Ssh } from './ssh.ts'

type OnOutput = (stream: 'out' | 'err', chunk: Buffer) => void

/** How a command that was started over there stands. `gone`: it was ended, and left no status. */
export type JobState =
  | { is: 'running' }
  | { is: 'ended'; exit: number }
  | { is: 'gone' }
  /** Nothing is kept of it: it was never started, or has been forgotten. */
  | { is: 'unknown' }

/** How long a process tree has to end by itself. Tenths of a second. */
const GRACE = 50
/** How long whatever ends something over there may take. Milliseconds. */
const ENDING = 20_000
/** For how long a broken connection is tried again, and how often. Milliseconds. */
const PATIENCE = 60_000
const EVERY = 1000
/** The most that a look may print. Bytes. */
const MOST = 17 * 1024 * 1024

/** A host that is reached by ssh: commands run there, and go on there when the connection breaks. */
export class RemoteHost {
  readonly #ssh: Ssh
  /** Jobs whose end is known here; nothing needs to be kept of them. */
  #over: string[] = []
  constructor(
    readonly host: string,
    variables: Readonly<Record<string, string | undefined>>,
    private readonly patience = PATIENCE,
  ) {
    this.#ssh = new Ssh(host, variables)
  }

  /** The name of a job to come: sorts by time. */
  newJob(stamp: string): string {
    return `${stamp}-${randomBytes(6).toString('hex')}`
  }

  /** A command that only reads. Where the connection breaks it is asked once more. */
  async look(spawned: Spawned, onOutput: OnOutput, signal: AbortSignal): Promise<Ended> {
    const either = withTimeout(spawned, signal)
    for (let left = 1; ; left -= 1) {
      const mark = newMark()
      const chunks: Buffer[] = []
      const err: Buffer[] = []
      let size = 0
      const take: OnOutput = (stream, chunk) => {
        size += chunk.length
        if (stream === 'err') err.push(chunk)
        else chunks.push(chunk)
        // The beginning and the end say how it went.
        if (size > MOST) chunks.splice(1, chunks.length - 3)
      }
      try {
        await this.#ssh.sh(lookScript(spawned, mark), take, either)
      } catch (error) {
        const { pid } = lookOutput(Buffer.concat(chunks), mark)
        if (either.aborted && pid) await this.#end(endGroupScript(pid, GRACE)).catch(() => {})
        throw timedOut(error, spawned, signal, either)
      }
      const { out, said } = lookOutput(Buffer.concat(chunks), mark)
      const ended = this.#ended(said, spawned)
      if (ended) {
        if (size > MOST) throw tooMuch(spawned)
        if (out.length) onOutput('out', out)
        for (const chunk of err) onOutput('err', chunk)
        return ended
      }
      if (left === 0) throw this.#lost(spawned.printed, Buffer.concat(err).toString())
    }
  }

  /**
   * A command that changes something. It is started once, in a session of its own; where the connection breaks, it goes
   * on, and is heard from where it was heard last.
   */
  async run(job: string, spawned: Spawned, onOutput: OnOutput, signal: AbortSignal): Promise<Ended> {
    return this.#follow(
      (heard, mark) => jobScript(spawned, { job, mark, heard }),
      job,
      spawned,
      onOutput,
      signal,
    )
  }

  /** One that an earlier process has started: its output, and its end. */
  async adopt(job: string, spawned: Spawned, onOutput: OnOutput, signal: AbortSignal): Promise<Ended> {
    return this.#follow((heard, mark) => followScript({ job, mark, heard }), job, spawned, onOutput, signal)
  }

  async #follow(
    script: (heard: { out: number; err: number }, mark: string) => string,
    job: string,
    spawned: Spawned,
    onOutput: OnOutput,
    signal: AbortSignal,
  ): Promise<Ended> {
    const either = withTimeout(spawned, signal)
    const heard = { out: 0, err: 0 }
    let lostAt = 0
    for (;;) {
      const mark = newMark()
      const frames = new FrameReader(mark, (stream, chunk) => {
        heard[stream] += chunk.length
        onOutput(stream, chunk)
      })
      let noise = ''
      try {
        const take: OnOutput = (stream, chunk) => {
          if (stream === 'out') frames.push(chunk)
          else noise = endOf(noise + chunk, 2000)
        }
        await this.#ssh.sh(script(heard, mark), take, either)
      } catch (error) {
        if (either.aborted) await this.#end(endScript(job, GRACE))
        // What was never reached has not begun there.
        const known = lostAt > 0 && error instanceof Failed && error.failure.kind === 'host-failed'
        if (either.aborted || !known) throw timedOut(error, spawned, signal, either)
        noise = error.failure.kind === 'host-failed' ? error.failure.message : noise
      }
      const ended = this.#ended(frames.said, spawned)
      if (ended) {
        this.#over.push(job)
        if (frames.full) onOutput('err', Buffer.from(`the disk of ${this.host} is full\n`))
        return ended
      }
      if (frames.said[0] === 'following') lostAt = 0
      lostAt ||= Date.now()
      if (Date.now() - lostAt > this.patience) throw this.#lost(spawned.printed, noise, job)
      await pause(EVERY, either)
    }
  }

  #ended([what, ...more]: readonly string[], { argv, cwd, printed }: Spawned): Ended | undefined {
    switch (what) {
      case 'exit':
        return { exit: Number(more[0]) }
      case 'gone':
        return { exit: 'SIGKILL' }
      case 'folder':
        throw new Failed({ kind: 'folder-missing', folder: `${this.host}:${cwd}`, printed })
      case 'missing':
        throw new Failed({ kind: 'command-missing', program: argv[0]!, printed, host: this.host })
      case 'nowhere': {
        const message = more.join(' ')
        const code = /No space left/.test(message) ? 'ENOSPC' : /denied/.test(message) ? 'EACCES' : ''
        throw new Failed({ kind: 'file-failed', path: `${this.host}:~/.local/state/runbook`, code, message })
      }
      case 'unknown':
        throw new Failed({ kind: 'command-failed', printed, exit: 'unknown', tail: 'nothing is kept of it' })
      default:
        return undefined
    }
  }

  #lost(printed: string, message: string, job?: string): Failed {
    const said = message.trim().split('\n').at(-1) || 'it broke'
    return new Failed({
      kind: 'host-failed',
      host: this.host,
      reason: 'lost',
      message: said,
      printed,
      ...(job && { job }),
    })
  }

  async stateOf(job: string, signal: AbortSignal): Promise<JobState> {
    const mark = newMark()
    const frames = new FrameReader(mark, () => {})
    await this.#ssh.sh(
      stateScript(job, mark),
      (stream, chunk) => stream === 'out' && frames.push(chunk),
      signal,
    )
    const [is, exit] = frames.said
    if (is === 'exit') return { is: 'ended', exit: Number(exit) }
    if (is === 'running' || is === 'gone' || is === 'unknown') return { is }
    throw this.#lost(`look at ${job}`, '')
  }

  /** Ends a job's whole tree. */
  async end(job: string): Promise<void> {
    await this.#end(endScript(job, GRACE))
  }

  async #end(script: string): Promise<void> {
    await this.#ssh.sh(script, () => {}, AbortSignal.timeout(ENDING))
  }

  /** An address of this machine that leads to one that the host can reach. */
  async forward(
    to: { host?: string; port?: string },
    signal: AbortSignal,
  ): Promise<{ host: string; port: string }> {
    const { host = 'localhost', port = '5432' } = to
    return { host: '127.0.0.1', port: String(await this.#ssh.forward({ host, port }, signal)) }
  }

  /** Removes what is kept of jobs; one of that name would be started anew. */
  async forget(jobs: readonly string[]): Promise<void> {
    await this.#ssh.sh(forgetScript(jobs), () => {}, AbortSignal.timeout(5000))
  }

  /** `over`: jobs whose end was known before, such as of a run that goes on. */
  async close(over: readonly string[] = []): Promise<void> {
    const jobs = [...new Set([...this.#over, ...over])]
    if (jobs.length) await this.forget(jobs).catch(() => {})
    await this.#ssh.close()
  }
}

const tooMuch = ({ printed }: Spawned): Failed =>
  new Failed({ kind: 'command-failed', printed, exit: 0, tail: 'it printed more than 16 MB' })

const newMark = () => `runbook-${randomBytes(8).toString('hex')}`

const withTimeout = ({ timeout }: Spawned, signal: AbortSignal): AbortSignal =>
  timeout === undefined ? signal : AbortSignal.any([signal, AbortSignal.timeout(timeout)])

const timedOut = (error: unknown, { printed, timeout }: Spawned, signal: AbortSignal, either: AbortSignal) =>
  either.aborted && !signal.aborted && timeout !== undefined
    ? new Failed({ kind: 'timeout', printed, after: timeout, tail: '' })
    : error

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(done, ms)
    function done() {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    signal.addEventListener('abort', done, { once: true })
  })
