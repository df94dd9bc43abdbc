import type { Entry } from '../model/book.ts'

/** How long the entries usually take: what runs beside others counts only where it is the longest. Milliseconds. */
export const expectedDuration = (entries: readonly Entry[], usually: ReadonlyMap<string, number>): number =>
  entries.reduce((sum, entry) => sum + durationOf(entry, usually), 0)

const durationOf = (entry: Entry, usually: ReadonlyMap<string, number>): number => {
  if (entry.kind === 'step') return usually.get(entry.id) ?? 0
  if (entry.kind === 'either') return expectedDuration(entry.entries.slice(0, 1), usually)
  if (entry.kind !== 'parallel') return expectedDuration(entry.entries, usually)
  return Math.max(0, ...entry.entries.map((branch) => durationOf(branch, usually)))
}
