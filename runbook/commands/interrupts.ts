import { writeSync } from 'node:fs'
import { systemClock } from '../doors/clock.ts'
import { heardByMany } from '../doors/heard-by-many.ts'
import { killEverything } from '../doors/process.ts'
import { Failed } from '../model/failure.ts'

const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const
/** One Ctrl-C arrives twice, from the terminal and from npx, which passes it on. Milliseconds. */
const SAME = 300

/** Past `process.stdout`, which listr2 holds back while it draws. */
const showCursor = (): void => {
  try {
    if (process.stdout.isTTY) writeSync(process.stdout.fd, '\u001b[?25h')
  } catch {
    // The terminal is gone.
  }
}

/**
 * The first signal ends what runs and lets the transcript be finished; a second does not wait. A terminal that
 * vanishes (SIGHUP) is an interrupt too, but never a second one: the kernel and the shell both tell of it.
 */
export const onInterrupt = (): { signal: AbortSignal; release(): void } => {
  const abort = new AbortController()
  const names = Object.keys(SIGNALS) as (keyof typeof SIGNALS)[]
  let first = 0
  const handle = (name: keyof typeof SIGNALS) => {
    if (!abort.signal.aborted) {
      first = systemClock.monotonic()
      abort.abort(new Failed({ kind: 'interrupted', signal: name }))
    } else if (name !== 'SIGHUP' && systemClock.monotonic() - first > SAME) {
      killEverything()
      showCursor()
      process.exit(SIGNALS[name])
    }
  }
  for (const name of names) process.on(name, handle)
  return {
    signal: heardByMany(abort.signal),
    release: () => {
      for (const name of names) process.off(name, handle)
    },
  }
}
