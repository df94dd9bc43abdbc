import type { Action, Retry } from './action.ts'
import type { Failure } from './failure.ts'

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

/** How long it may take to go through all of a database, or of a dump. Milliseconds. */
export const WHOLE_DATABASE = 6 * HOUR

/** Node's timers, and PostgreSQL's, know no longer time: 24 days. Milliseconds. */
const LONGEST = 2 ** 31 - 1

/** How long an action may take, and how often it is tried: what it says itself, or else what is usual for its kind. */
export interface Limits {
  /** Milliseconds; absent: as long as it takes. */
  readonly timeout?: number
  readonly retry: Retry
}

export const limitsOf = (action: Action): Limits => {
  const timeout = 'timeout' in action && action.timeout ? action.timeout : usualTimeout(action)
  return {
    ...(timeout && { timeout: Math.min(timeout, LONGEST) }),
    retry: action.retry ?? usualRetry(action),
  }
}

/** Long enough for what is done well, short enough that what hangs at night is over in the morning. Milliseconds. */
const usualTimeout = (action: Action): number | undefined => {
  switch (action.kind) {
    case 'command':
      return action.effect === 'reads' ? 10 * MINUTE : HOUR
    case 'request':
      return 30 * SECOND
    case 'transaction':
      return HOUR
    case 'query':
      // A look has the limit of its session.
      return action.effect === 'reads' ? undefined : HOUR
    default:
      return undefined
  }
}

/** By itself only what cannot have had an effect is tried again. */
const usualRetry = ({ kind }: Action): Retry =>
  kind === 'request' || kind === 'query' || kind === 'transaction'
    ? { tries: 3, pause: SECOND, on: ['not-begun'] }
    : { tries: 1, pause: 0, on: [] }

/** Whether an action that failed so is to be tried again. */
export const isRetried = (action: Action, { on }: Retry, failure: Failure): boolean =>
  on.some((reason) => {
    if (reason === 'not-begun') return hadNoEffect(action, failure)
    if (reason === 'locked')
      return failure.kind === 'query-failed' && failure.sqlstate === LOCKED && action.kind === 'transaction'
    if (reason === 'timeout') return failure.kind === 'timeout'
    if (typeof reason === 'number') return failure.kind === 'command-failed' && failure.exit === reason
    return ['command-failed', 'query-failed', 'request-failed', 'database-unreachable'].includes(failure.kind)
  })

/** A deadlock and a conflict of serialization: of a transaction nothing stays, and to try again is what they ask for. */
const UNDONE = ['40001', '40P01']

/** lock_not_available, after `lock_timeout`. */
const LOCKED = '55P03'

const hadNoEffect = (action: Action, failure: Failure): boolean => {
  switch (failure.kind) {
    case 'request-failed':
      return failure.unsent === true
    case 'database-unreachable':
      return !failure.lost
    case 'query-failed':
      return action.kind === 'transaction' && UNDONE.includes(failure.sqlstate)
    default:
      return false
  }
}
