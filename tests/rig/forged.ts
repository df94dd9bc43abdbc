import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'

/** A line of a transcript. */
export type Line = { seq: number; type: string; [key: string]: unknown }

export const hashOf = (line: string): string => createHash('sha256').update(line).digest('hex')

export const linesOf = (journal: string): Line[] =>
  readFileSync(journal, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))

/** What an attacker would write: every line with the hash of the one before it, the last with its own sum. */
export const chained = (lines: readonly Line[]): string => {
  let prev = '0'.repeat(64)
  return lines
    .map(({ prev: _, sum: __, ...line }) => {
      const event = { ...line, prev }
      const text = JSON.stringify(
        line.type === 'run-ended' ? { ...event, sum: hashOf(JSON.stringify(event)) } : event,
      )
      prev = hashOf(text)
      return `${text}\n`
    })
    .join('')
}
