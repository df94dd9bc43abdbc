import { type Entry, stepsOf } from '../model/book.ts'

/**
 * Whether one step has ended when the other begins, by their ids: it stands above it, and neither beside it in a
 * `parallel` nor on the other way of an `either`. Undefined where the page does not have both.
 */
export type PageOrder = (one: string, other: string) => boolean | undefined

export const pageOrder = (entries: readonly Entry[]): PageOrder => {
  const places = new Map(entries.flatMap(stepsOf).map(({ id }, i) => [id, i]))
  const beside = new Map<string, Set<string>>()
  const visit = (entry: Entry): void => {
    if (entry.kind === 'step') return
    entry.entries.forEach(visit)
    if (entry.kind !== 'parallel' && entry.kind !== 'either') return
    const branches = entry.entries.map((branch) => stepsOf(branch).map(({ id }) => id))
    for (const own of branches)
      for (const id of own) {
        const others = beside.get(id) ?? new Set()
        for (const branch of branches) if (branch !== own) for (const other of branch) others.add(other)
        beside.set(id, others)
      }
  }
  entries.forEach(visit)
  return (one, other) => {
    const [a, b] = [places.get(one), places.get(other)]
    return a === undefined || b === undefined ? undefined : a < b && !beside.get(other)?.has(one)
  }
}
