import type { Command, RunVerdict } from './event.ts'
import type { Failure } from './failure.ts'

/** What each exit status means: the contract of the command line. A child's status is never passed through. */
export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  precondition: 3,
  declined: 4,
  locked: 5,
  rolledBack: 6,
  rollbackFailed: 7,
} as const

/** `changed`: whether an effect on the environment had begun. */
export const exitOf = (
  failure: Failure,
  { command, changed }: { command?: Command; changed: boolean },
): number => {
  switch (failure.kind) {
    case 'interrupted':
      return { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 }[failure.signal] ?? 130
    case 'locked':
    case 'frozen':
      return EXIT.locked
    case 'in-doubt':
      return EXIT.precondition
    case 'book-broke':
      if (failure.reading) return EXIT.usage
      break
    case 'bug':
      if (!changed) return EXIT.failed
      break
    case 'declined':
    case 'answer-needed':
      if (!changed) return EXIT.declined
      break
    case 'after-unmet':
      // What these find wrong is no precondition: it is what they were asked for.
      if (command === 'verify' || command === 'watch') return EXIT.failed
      // Whether it had anything to take back or not: what it promises is not so.
      if (command === 'rollback') return EXIT.rollbackFailed
  }
  if (!changed) return EXIT.precondition
  return command === 'rollback' ? EXIT.rollbackFailed : EXIT.failed
}

/** How a run ended. */
export interface Ended {
  verdict: RunVerdict
  exit: number
  failure?: Failure
  /** Of one that was taken back: what does not hold after that, in words. */
  afterRollback?: readonly string[]
}
