import { writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { StringDecoder } from 'node:string_decoder'
import { fileURLToPath } from 'node:url'
import { hidden } from '../model/hidden.ts'
import { seen } from '../model/unseen.ts'
import { killEverything } from './process.ts'

/** Taken before a book is read: whatever a book replaces later, this tool goes on with these. */
const [exitNow, kill] = [reallyExitOf(process), process.kill.bind(process)]
const [stdout, stderr] = [process.stdout, process.stderr]
const [writeOut, writeErr] = [stdout.write.bind(stdout), stderr.write.bind(stderr)]

let colours = false
/** Whether this tool's own colours may be in what it prints; default: not. */
export const printColours = (may: boolean): void => {
  colours = may
}

/**
 * What this tool prints, as it may leave: without secrets, and without anything from outside that a terminal obeys. The
 * last place for both, whatever was forgotten before.
 */
export const printable = (text: string): string => seen(hidden(text), { colours })

/** Standard output and standard error, of this tool alone. */
export const ownOutput = {
  out: (text: string): void => void writeOut(printable(text)),
  err: (text: string): void => void writeErr(printable(text)),
  /** Lines of JSON, made by `jsonLine` of what was redacted: standard output. */
  data: (lines: string): void => void writeOut(lines),
  /** At once, where the process ends before its streams would be written. */
  errNow: (text: string): void => {
    try {
      writeSync(stderr.fd, printable(text))
    } catch {
      // Nobody reads it.
    }
  },
}

/**
 * What others in this process print, such as a book, is without secrets. Where nothing is drawn it goes to standard error, so
 * that standard output has only what this tool prints.
 */
export const hideWhatOthersPrint = ({ draws }: { draws: boolean }): void => {
  stdout.write = hiding(draws ? writeOut : writeErr)
  stderr.write = hiding(writeErr)
}
const hiding = (write: typeof writeErr): typeof writeErr => {
  // A character may be cut between two writes.
  const decoder = new StringDecoder()
  return (chunk: string | Uint8Array, ...more: any[]) => {
    const [encoding, taken] = typeof more[0] === 'function' ? [undefined, more[0]] : more
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk, encoding) : Buffer.from(chunk)
    return write(hidden(decoder.write(bytes)), taken)
  }
}

/** What others in this process do that would end it, in words: 'calls process.exit(0)'. */
export type Told = (did: string, error: unknown) => void

/** Thrown where a call that would end the process has to give way to the run. */
class MayNotEnd extends Error {
  override name = 'MayNotEnd'
}

/**
 * Keeps the process from being ended by what shares it: a book, its steps, the packages that they import. Whoever tries
 * is told of, and what it does goes no further. `release` gives everything back.
 */
export const guardProcess = (tell: Told): { release(): void } => {
  const refuse = (call: string): never => {
    const error = new MayNotEnd(`${call}: only runbook ends a run`)
    tell(`calls ${call}`, error)
    throw error
  }
  const own = {
    exit: (code?: unknown) => refuse(`process.exit(${code ?? ''})`),
    reallyExit: (code?: unknown) => refuse(`process.reallyExit(${code ?? ''})`),
    abort: () => refuse('process.abort()'),
    kill: (pid: number, signal: string | number = 'SIGTERM') => {
      const reachesThis = pid === process.pid || pid === 0 || pid === -1 || pid === -process.pid
      return reachesThis && signal !== 0
        ? refuse(`process.kill(${pid === process.pid ? 'process.pid' : pid}, '${signal}')`)
        : kill(pid, signal)
    },
  }
  const before = { exit: process.exit, reallyExit: exitNow, abort: process.abort, kill: process.kill }
  const thrown = (did: string) => (error: unknown) => {
    // Of a call that was refused it has been told already.
    if (!(error instanceof MayNotEnd)) tell(`${did}: ${messageOf(error)}`, error)
  }
  const uncaught = thrown('throws an error that nothing handles')
  Object.assign(process, own, keepingListeners(), { emit: outlivingItsListeners(uncaught) })
  const heard = [
    keepListening('uncaughtException', uncaught),
    keepListening('unhandledRejection', thrown('rejects a promise that nothing handles')),
  ]
  return {
    release: () => {
      for (const end of heard) end()
      Object.assign(process, before, emitters)
    },
  }
}

/** Where this tool's own code is. */
const OWN = dirname(fileURLToPath(import.meta.url))

/** Whether an error comes from this tool's own code, and not from what shares its process. */
export const isOwn = (error: unknown): boolean => {
  if (error instanceof MayNotEnd) return false
  return framesOf(error)[0]?.includes(OWN) ?? false
}

/** Where an error comes from, without this tool's own code; '' where nothing tells. */
export const originOf = (error: unknown): string =>
  framesOf(error)
    .filter((frame) => !frame.includes(OWN))
    .slice(0, 5)
    .map((frame) => frame.trim())
    .join('\n')

/** Without those of Node. */
const framesOf = (error: unknown): string[] =>
  (error instanceof Error ? (error.stack ?? '') : '')
    .split('\n')
    .filter((line) => /^ +at /.test(line) && !line.includes('node:'))

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

const emitter: NodeJS.EventEmitter = process
type Listener = (...args: any[]) => void

/** What is to be heard whatever a package takes away. */
const kept: { event: string; listener: Listener }[] = []
const listen = (): void => {
  for (const { event, listener } of kept)
    if (!emitter.listeners(event).includes(listener)) emitter.on(event, listener)
}

/** A listener that stays where a package takes all listeners away. Gives what ends it. */
export const keepListening = (event: string, listener: Listener): (() => void) => {
  const one = { event, listener }
  kept.push(one)
  listen()
  return () => {
    kept.splice(kept.indexOf(one), 1)
    emitter.off(event, listener)
  }
}

/** Whoever takes listeners away gets back at once what is kept: what is thrown next has to be heard. */
const keepingListeners = () =>
  Object.fromEntries(
    (['off', 'removeListener', 'removeAllListeners'] as const).map((name) => [
      name,
      (...args: [event?: string, listener?: Listener]) => {
        // Without its own two listeners Node hears of no signal any more.
        const own = ['newListener', 'removeListener']
        if (args.length === 0)
          for (const event of emitter.eventNames())
            if (!own.includes(String(event))) emitters.removeAllListeners.call(process, event as string)
        if (args.length > 0 && !own.includes(String(args[0])))
          Reflect.apply(emitters[name], process, args as never)
        listen()
        return process
      },
    ]),
  )
const emitters = {
  emit: process.emit,
  off: process.off,
  removeListener: process.removeListener,
  removeAllListeners: process.removeAllListeners,
}

/**
 * A listener of a book, or of a reporter that it imports, often ends the process for an error that nothing handles. It may not,
 * and Node ends the process itself, with 7 and a stack, for what is thrown while it tells of such an error.
 */
const outlivingItsListeners =
  (uncaught: (error: unknown) => void) =>
  (event: string, ...args: unknown[]): boolean => {
    const tell = (): boolean => Reflect.apply(emitters.emit as () => never, process, [event, ...args])
    if (event !== 'uncaughtException' && event !== 'uncaughtExceptionMonitor') return tell()
    try {
      return tell()
    } catch (error) {
      // Those that come after it were not told.
      uncaught(args[0])
      uncaught(error)
      return true
    }
  }

/** Past `process.stdout`, which listr2 holds back while it draws. */
export const showCursor = (): void => {
  try {
    if (stdout.isTTY) writeSync(stdout.fd, '\u001b[?25h')
  } catch {
    // The terminal is gone.
  }
}

/** Has this process look once more, a little later, whether anything is left to do. */
export const lookAgain = (): void => void setTimeout(() => {}, 20)

/** One turn of the event loop: what was rejected until then has been told of. */
export const aTurn = (): Promise<void> => new Promise((over) => setTimeout(over, 0))

/** Ends this process with a status that nobody else has a say in, once everything that was printed has been taken. */
export const endProcess = async (status: number): Promise<never> => {
  await Promise.all([writeOut, writeErr].map((write) => new Promise((taken) => write('', taken))))
  const end = () => endProcessNow(status)
  Object.assign(process, { exit: end, reallyExit: end })
  try {
    // Packages put away here what they have opened; what they say of the exit status is not asked.
    process.emit('exit', status)
  } catch {
    // They are heard, and no more.
  }
  return end()
}

/** The same without waiting for anybody: nothing that this process has started stays. */
export const endProcessNow = (status: number): never => {
  killEverything()
  return exitNow(status)
}

/** Node has it for process.exit, without saying so in its types. */
function reallyExitOf(process: NodeJS.Process): (status: number) => never {
  const { reallyExit } = process as unknown as { reallyExit(status: number): never }
  return reallyExit.bind(process)
}
