import { endEverything } from './process.ts'

/** What this process waits for and can be told to leave, the innermost last. */
const waits: ((reason: unknown) => void)[] = []

/**
 * Waits for `work` until it settles, or until `leave` says that it never will: then its programs are ended, and this
 * fails with the reason, so that whoever waits can come to an orderly end.
 */
export const untilLeft = async <T>(work: () => Promise<T>): Promise<T> => {
  let leaveIt: (reason: unknown) => void = () => {}
  const left = new Promise<never>((_, reject) => {
    leaveIt = (reason) => void endEverything().then(() => reject(reason))
  })
  waits.push(leaveIt)
  try {
    return await Promise.race([work(), left])
  } finally {
    waits.splice(waits.indexOf(leaveIt), 1)
  }
}

/** Leaves what is waited for innermost. */
export const leave = (reason: unknown): void => waits.at(-1)?.(reason)

/** Leaves what is waited for after so many ms, and what is waited for then after as many more. Gives what ends it. */
export const leaveAfter = (ms: number, reason: unknown): (() => void) => {
  const timer = setInterval(() => leave(reason), ms).unref()
  return () => clearInterval(timer)
}
