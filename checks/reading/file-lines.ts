import { type Look, readsFile } from '../../runbook/index.ts'
import { nearest } from './nearest.ts'
import { oneLine } from './one-line.ts'

/** A text that a line contains, or an expression that it matches. */
export type LinePattern = string | RegExp

export const printPattern = (pattern: LinePattern): string =>
  typeof pattern === 'string' ? `‘${oneLine(pattern)}’` : `${pattern}`

export const linesOf = (text: string): string[] => text.replace(/\r?\n$/, '').split(/\r?\n/)

/** The lines that match, counted from 1, as `1: import prisma from …`. */
export const matchingLines = (lines: readonly string[], pattern: LinePattern): string[] => {
  // `g` and `y` would make an expression remember where it stopped.
  const expression =
    typeof pattern === 'string' ? undefined : new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, ''))
  return lines.flatMap((line, i) =>
    (expression ? expression.test(line) : line.includes(pattern as string))
      ? [`${i + 1}: ${oneLine(line)}`]
      : [],
  )
}

/** The line that comes nearest to what was wanted, as `the nearest is 3: …`, or nothing. */
export const nearestLine = (lines: readonly string[], pattern: LinePattern): string => {
  const wanted = typeof pattern === 'string' ? pattern : pattern.source.replace(/\\.|[[\](){}^$.*+?|]/g, ' ')
  const line = nearest(wanted, lines)
  return line === undefined ? '' : `; the nearest is ${lines.indexOf(line) + 1}: ${oneLine(line)}`
}

export const linesOfFile = async ({ see }: Look, path: string): Promise<string[]> =>
  linesOf(await see(readsFile(path)))
