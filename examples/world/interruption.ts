import { parentOf } from './processes.ts'

/** Somebody asked us to end. */
export class Interrupted extends Error {
  constructor(readonly signal: 'SIGINT' | 'SIGTERM' | 'SIGHUP') {
    super(signal)
  }

  /** As a shell reports it. */
  get exitStatus(): number {
    return { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 }[this.signal]
  }
}

/** Aborts when we are told to end, or when those who called us are gone. */
export function interruption(): AbortSignal {
  const controller = new AbortController()
  // They stay in place: a second Ctrl-C must not cut the taking down short.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => controller.abort(new Interrupted(signal)))
  }
  // `npm run` that is told to end ends its shell only: without this, half a world would be finished for nobody.
  const callers = () => `${process.ppid} ${parentOf(process.ppid)}`
  const before = callers()
  const watch = () => callers() !== before && controller.abort(new Interrupted('SIGHUP'))
  setInterval(watch, 200).unref()
  return controller.signal
}
