import { killEverything } from '../doors/process.ts'
import { Failed } from '../model/failure.ts'

const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const
const SHOW_CURSOR = '\u001b[?25h'

/**
 * The first signal ends what runs and lets the transcript be finished; a second does not wait. A terminal that
 * vanishes (SIGHUP) is an interrupt too.
 */
export const onInterrupt = (): { signal: AbortSignal; release(): void } => {
  const abort = new AbortController()
  const names = Object.keys(SIGNALS) as (keyof typeof SIGNALS)[]
  const handle = (name: keyof typeof SIGNALS) => {
    if (abort.signal.aborted) {
      killEverything()
      if (process.stdout.isTTY) process.stdout.write(SHOW_CURSOR)
      process.exit(SIGNALS[name])
    }
    abort.abort(new Failed({ kind: 'interrupted', signal: name }))
  }
  for (const name of names) process.on(name, handle)
  return {
    signal: abort.signal,
    release: () => {
      for (const name of names) process.off(name, handle)
    },
  }
}
