import { type Check, defineCheck, fails, holds, quantity, typed } from '../runbook/index.ts'
import {
  eachLine,
  excerpt,
  type LogPosition,
  lastLinesSince,
  matcher,
  nameOf,
  namesOf,
  type Pattern,
  positions,
  printPattern,
} from './reading/log-lines.ts'

export interface LogHasLineOptions {
  /** The byte of the file to begin at. Default: 0, its beginning. */
  since?: number
}

/** A line of a log, or of one of several, shows a text or matches an expression. */
export const logHasLine = (
  log: string | readonly LogPosition[],
  pattern: Pattern,
  { since = 0 }: LogHasLineOptions = {},
): Check => {
  const logs = positions(log, since)
  return defineCheck({
    fact: `the log has a line ${printPattern(pattern)}`,
    remedy: typed`tail -n 50 ${logs.map(({ path }) => path)}`,
    look: async (look) => {
      const isWanted = matcher([pattern])
      const remarks: string[] = []
      let lines = 0
      for (const position of logs) {
        let found: string | undefined
        const { missing, rotated } = await eachLine(look, position, (line, ended) => {
          if (ended) lines += 1
          if (isWanted(line)) found = line
          return found !== undefined
        })
        if (found !== undefined) return holds(excerpt(found))
        if (missing) remarks.push(`; there is no file ${position.path}`)
        if (rotated) remarks.push(`; ${nameOf(position.path)} was rotated, and read from its beginning`)
      }
      const tail = await lastLinesSince(look, logs)
      return fails(
        `not in ${quantity(lines, 'line')} of ${namesOf(logs)}${remarks.join('')}`,
        tail ? { tail } : {},
      )
    },
  })
}
