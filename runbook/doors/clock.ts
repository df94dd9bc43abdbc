/** The only reading of time. Tests substitute it. */
export interface Clock {
  now(): Date
  /** Milliseconds that only grow; for durations. */
  monotonic(): number
  /** Waits; rejects with the signal's reason when it is aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>
}

/** Does something after so many ms, unless what this gives was called; keeps no process alive. */
export const after = (ms: number, work: () => void): (() => void) => {
  const timer = setTimeout(work, ms).unref()
  return () => clearTimeout(timer)
}

/** The longest time that a timer of Node's knows. Milliseconds. */
const LONGEST = 2 ** 31 - 1

export const systemClock: Clock = {
  now: () => new Date(),
  monotonic: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason)
      const end = () => {
        clearTimeout(timer)
        reject(signal.reason)
      }
      let timer: NodeJS.Timeout
      // A timer that is set for longer fires at once.
      const wait = (left: number) => {
        timer = setTimeout(
          () => {
            if (left > LONGEST) return wait(left - LONGEST)
            signal.removeEventListener('abort', end)
            resolve()
          },
          Math.min(left, LONGEST),
        )
      }
      wait(ms)
      signal.addEventListener('abort', end, { once: true })
    }),
}
