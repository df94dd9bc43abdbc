import type { Book, Entry, Group } from '../model/book.ts'
import type { Environment } from '../model/environment.ts'
import type { Json } from '../model/json.ts'
import type { Revision } from '../model/look.ts'
import type { Sort, Step } from '../model/step.ts'

/** A book read for one environment: the tree of its steps. */
export interface Arrangement {
  book: Book
  env: Environment
  entries: readonly Entry[]
  steps: readonly Step[]
  /** Changes when the book's steps change. */
  fingerprint: string
}

/** What would be done, from real observations. */
export interface Plan {
  env: Environment
  revision: Revision | null
  steps: PlannedStep[]
}
export interface PlannedStep {
  id: string
  title: string
  sort: Sort
  /** The phase it stands in, and whether it runs beside others. */
  phase: string
  parallel: boolean
  /** `done`: everything it should bring about holds already. `later`: cannot be known before an earlier step. */
  expects: 'to-do' | 'done' | 'later'
  /** What was seen where it is done, or what it waits for. */
  seen: string
  observed?: Json
  actions: { name: string; printed: string }[]
  after: string[]
  undo: string
  /** Milliseconds, from earlier runs. */
  usually?: number
}

/** Where each step stands in the tree. */
export const placesOf = (entries: readonly Entry[]): Map<string, { phase: string; parallel: boolean }> => {
  const places = new Map<string, { phase: string; parallel: boolean }>()
  const visit = (entry: Entry, phase: string, parallel: boolean): void => {
    if (entry.kind === 'step') places.set(entry.id, { phase, parallel })
    else for (const inner of entry.entries) visit(inner, entry.title || phase, parallel || isParallel(entry))
  }
  for (const entry of entries) visit(entry, '', false)
  return places
}

const isParallel = ({ kind, entries }: Group): boolean => kind === 'parallel' && entries.length > 1
