import type { Check } from '../../runbook/index.ts'
import { type LogPosition, lastLinesSince } from './log-lines.ts'

/** The same check; where it does not hold, what the process has written since explains why. */
export const withLogTail = (check: Check, logs: { err: LogPosition[]; out: LogPosition[] }): Check => ({
  ...check,
  look: async (look) => {
    const verdict = await check.look(look)
    if (verdict.holds || verdict.tail) return verdict
    const tail = (await lastLinesSince(look, logs.err)) || (await lastLinesSince(look, logs.out))
    return tail ? { ...verdict, tail } : verdict
  },
})
