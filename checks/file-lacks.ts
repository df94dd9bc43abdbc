import { defineCheck, fails, holds, quantity } from '../runbook/index.ts'
import { type LinePattern, linesOfFile, matchingLines, printPattern } from './reading/file-lines.ts'

/** No line of the file contains the text, or matches the expression. The file itself must be there. */
export const fileLacks = (path: string, line: LinePattern) =>
  defineCheck({
    fact: `${path} lacks ${printPattern(line)}`,
    remedy: `compare ${path} with the revision that it should come from`,
    look: async (at) => {
      const lines = await linesOfFile(at, path)
      const found = matchingLines(lines, line)
      return found.length
        ? fails(found.slice(0, 3).join('; '))
        : holds(`none of ${quantity(lines.length, 'line')}`)
    },
  })
