import { after, systemClock } from '../doors/clock.ts'
import { heardByMany } from '../doors/heard-by-many.ts'
import { endNow, leave, leaveAfter } from '../doors/leaving.ts'
import {
  aTurn,
  endProcessNow,
  guardProcess,
  isOwn,
  keepListening,
  lookAgain,
  originOf,
  ownOutput,
  printable,
  showCursor,
} from '../doors/own-process.ts'
import { UNHEARD, type Watchdog, watchThisThread } from '../doors/watchdog.ts'
import { exitOf } from '../model/exit.ts'
import { Failed, failureOf } from '../model/failure.ts'
import { failureText } from '../render/outcome-text.ts'
import { paintWith } from '../render/paint.ts'

const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const
type Signal = keyof typeof SIGNALS

/** One Ctrl-C arrives twice, from the terminal and from npx, which passes it on. Milliseconds. */
const SAME = 300
/** How long what was interrupted may take to put away what it has begun, before it is left. Milliseconds. */
const PUTS_AWAY = 20_000
/** How long a book may take to be read, and when it is said that it takes long. Milliseconds. */
const READ = { said: 5_000, stopped: 60_000 }
/** How long it may do one thing without a pause: while it is read, and while its steps are performed. Milliseconds. */
const BUSY = { reading: { said: 5_000, stopped: 30_000 }, after: { said: 10_000, stopped: 300_000 } }

/** How a command ends that something from outside ends: an operator, or what a book does in this process. */
export interface LastWord {
  /** Aborted with the reason. */
  signal: AbortSignal
  /** Reads the book at `path`, or a part of it: what it does meanwhile is a mistake in the book. */
  reading<T>(path: string, work: () => Promise<T>): Promise<T>
  release(): void
}

/**
 * The first signal ends what runs and lets the transcript be finished; a second does not wait. A terminal that
 * vanishes (SIGHUP) is an interrupt too, but never a second one: the kernel and the shell both tell of it. What a book
 * does that would end the process, or keep it for ever, ends what runs in the same way.
 */
export const takeLastWord = (): LastWord => {
  const abort = new AbortController()
  const ends: (() => void)[] = []
  let first = 0
  let book: { path: string; reading: boolean } | undefined
  let watchdog: Watchdog | undefined

  const stop = (reason: Failed): void => {
    if (abort.signal.aborted) return
    first = systemClock.monotonic()
    abort.abort(reason)
    ends.push(leaveAfter(PUTS_AWAY, reason))
  }
  const broken = (did: string, error?: unknown): Failed => {
    if (!book || isOwn(error)) return new Failed(failureOf(error ?? new Error(`a command ${did}`)))
    const { path, reading } = book
    const stack = originOf(error)
    return new Failed({ kind: 'book-broke', book: path, did, stack, ...(reading && { reading }) })
  }
  const onSignal = (name: Signal) => () => {
    if (!abort.signal.aborted) stop(new Failed({ kind: 'interrupted', signal: name }))
    else if (name !== 'SIGHUP' && systemClock.monotonic() - first > SAME) {
      endNow(abort.signal.reason)
      showCursor()
      endProcessNow(SIGNALS[name])
    }
  }
  // Nothing is left in this process that could bring about what is waited for.
  const onDry = (): void => {
    if (abort.signal.aborted) leave(abort.signal.reason)
    else stop(broken('waits for something that never comes'))
    lookAgain()
  }
  const onBusy = (where: string, signal?: NodeJS.Signals): never => {
    const reason = signal
      ? new Failed({ kind: 'interrupted', signal })
      : broken(`does one thing without end${where && `, at ${where}`}`)
    const status = endNow(reason) ?? exitOf(reason.failure, { changed: false })
    ownOutput.errNow(`${failureText(reason.failure, undefined, paintWith(false))}\n`)
    return endProcessNow(status)
  }
  for (const name of Object.keys(SIGNALS) as Signal[]) ends.push(keepListening(name, onSignal(name)))
  ends.push(keepListening('beforeExit', onDry))
  ends.push(guardProcess((did, error) => stop(broken(did, error))).release)

  const aborted = new Promise<never>((_, reject) =>
    abort.signal.addEventListener('abort', () => reject(abort.signal.reason), { once: true }),
  )
  aborted.catch(() => {})
  return {
    signal: heardByMany(abort.signal),
    reading: async (path, work) => {
      book = { path, reading: true }
      const said = printable(
        `The book ${path} keeps runbook busy, which does nothing else meanwhile: it is ended after {limit}, or ${UNHEARD / 1000} s after a Ctrl-C.`,
      )
      if (!watchdog) {
        watchdog = watchThisThread(BUSY.reading, said, onBusy, Object.keys(SIGNALS) as Signal[])
        ends.push(watchdog.end)
      }
      watchdog.be(BUSY.reading)
      const waits = [
        after(READ.said, () => ownOutput.err(`Reading the book ${path} takes long …\n`)),
        after(READ.stopped, () => stop(broken(`is not read after ${READ.stopped / 1000} s`))),
      ]
      try {
        const read = await Promise.race([work(), aborted])
        await aTurn()
        abort.signal.throwIfAborted()
        return read
      } finally {
        for (const end of waits) end()
        book.reading = false
        watchdog.be(BUSY.after)
      }
    },
    release: () => {
      for (const end of ends.splice(0)) end()
    },
  }
}
