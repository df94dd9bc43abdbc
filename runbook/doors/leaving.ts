import { endEverything } from './process.ts'

/** What this process waits for. */
interface Wait {
  /** Has it fail with the reason, once its programs are ended. */
  leave(reason: unknown): void
  /** Brings it to its end without coming back to it, now; gives the exit status. */
  endNow?(reason: unknown): number
}
/** The innermost last. */
const waits: Wait[] = []

/**
 * Waits for `work` until it settles, or until `leave` says that it never will: then its programs are ended, and this
 * fails with the reason, so that whoever waits can come to an orderly end. `endNow`: where there is no time for that.
 */
export const untilLeft = async <T>(work: () => Promise<T>, endNow?: Wait['endNow']): Promise<T> => {
  let wait: Wait | undefined
  const left = new Promise<never>((_, reject) => {
    wait = {
      leave: (reason) => void endEverything().then(() => reject(reason)),
      ...(endNow && { endNow }),
    }
    waits.push(wait)
  })
  try {
    return await Promise.race([work(), left])
  } finally {
    waits.splice(waits.indexOf(wait!), 1)
  }
}

/** Leaves what is waited for innermost. */
export const leave = (reason: unknown): void => waits.at(-1)?.leave(reason)

/** Leaves what is waited for after so many ms, and what is waited for then after as many more. Gives what ends it. */
export const leaveAfter = (ms: number, reason: unknown): (() => void) => {
  const timer = setInterval(() => leave(reason), ms).unref()
  return () => clearInterval(timer)
}

/** Brings everything that is waited for to its end, now; gives the gravest exit status, if there is one. */
export const endNow = (reason: unknown): number | undefined => {
  const statuses = waits.toReversed().flatMap((wait) => {
    try {
      return wait.endNow?.(reason) ?? []
    } catch {
      // A transcript that cannot be written keeps nothing from its end.
      return []
    }
  })
  return statuses.length ? Math.max(...statuses) : undefined
}
