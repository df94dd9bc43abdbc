import { defineCheck, fails, holds, quantity } from '../runbook/index.ts'
import {
  type LinePattern,
  linesOfFile,
  matchingLines,
  nearestLine,
  printPattern,
} from './reading/file-lines.ts'

/** A line of the file contains the text, or matches the expression; with `count`, exactly so many lines do. */
export const fileContains = (path: string, line: LinePattern, { count }: { count?: number } = {}) =>
  defineCheck({
    fact: `${path} contains ${printPattern(line)}${count === undefined ? '' : ` on ${quantity(count, 'line')}`}`,
    remedy: `grep -n, and compare ${path} with the revision that it should come from`,
    look: async (at) => {
      const lines = await linesOfFile(at, path)
      const found = matchingLines(lines, line)
      const enough = count === undefined ? found.length > 0 : found.length === count
      if (enough) return holds(found[0] ? shown(found) : `none of ${quantity(lines.length, 'line')}`)
      if (found.length) return fails(`${quantity(found.length, 'line')}: ${shown(found)}`)
      return fails(`none of ${quantity(lines.length, 'line')}${nearestLine(lines, line)}`)
    },
  })

const shown = (found: readonly string[]): string =>
  `${found.slice(0, 3).join('; ')}${found.length > 3 ? `; and ${found.length - 3} more` : ''}`
