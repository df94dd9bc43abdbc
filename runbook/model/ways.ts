import { type Entry, type Group, stepsOf } from './book.ts'
import type { Step } from './step.ts'

/** Which way of which `either` a step belongs to. */
export interface Way {
  readonly either: Group
  readonly place: 'first' | 'second'
  /** The steps of its own way, and those of the other one. */
  readonly own: readonly Step[]
  readonly other: readonly Step[]
}

/** The ways in a tree, by the ids of their steps. */
export const waysOf = (entries: readonly Entry[]): Map<string, Way> => {
  const ways = new Map<string, Way>()
  for (const entry of entries) {
    if (entry.kind === 'step') continue
    if (entry.kind !== 'either') for (const [id, way] of waysOf(entry.entries)) ways.set(id, way)
    else {
      const [first = [], second = []] = entry.entries.map(stepsOf)
      for (const { id } of first) ways.set(id, { either: entry, place: 'first', own: first, other: second })
      for (const { id } of second) ways.set(id, { either: entry, place: 'second', own: second, other: first })
    }
  }
  return ways
}

/** What a way is called: its title, or those of its steps. */
export const titleOf = (entry: Entry): string =>
  entry.title ||
  stepsOf(entry)
    .map(({ title }) => title)
    .join(', ')

/** Why a step was left out: a transcript tells by it which way was taken. */
export const OTHER_WAY = 'the other way was taken'

/** The steps of a tree without the ways that a run has left out; of one that did not come so far, without the second. */
export const stepsTaken = (entries: readonly Entry[], wasLeftOut: (step: Step) => boolean): Step[] =>
  entries.flatMap((entry): Step[] => {
    if (entry.kind === 'step') return [entry]
    if (entry.kind !== 'either') return stepsTaken(entry.entries, wasLeftOut)
    const [first = [], second = []] = entry.entries.map(stepsOf)
    return first.some(wasLeftOut) ? second : first
  })
