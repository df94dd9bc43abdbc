import type { Book, Entry, Group } from '../model/book.ts'
import type { Environment } from '../model/environment.ts'
import type { ExpectedPhase, Verified } from '../model/event.ts'
import type { Revision } from '../model/look.ts'
import type { PlannedStep } from '../model/planned-step.ts'
import type { Step } from '../model/step.ts'

/** A book read for one environment: the tree of its steps. */
export interface Arrangement {
  book: Book
  env: Environment
  entries: readonly Entry[]
  steps: readonly Step[]
  /** Which of the book's procedures it is; absent: `deploy`. */
  procedure?: string
  /** Of a rollback: what each verification said before the run that it takes back. */
  reference?: ReadonlyMap<string, Verified>
  /** Of a restore: what may go back with the database; asked like what verifies, named, and no failure. */
  mayGoBack?: readonly Step[]
  /** Changes when the book's steps change. */
  fingerprint: string
}

/** What would be done, from real observations. */
export interface Plan {
  env: Environment
  revision: Revision | null
  steps: PlannedStep[]
  /** The last run that changed the environment, and what has changed since; a line each. */
  last?: string[]
  /** Which secrets the operator's shell gives, and why: a sentence. Absent: none. */
  ofShell?: string
  /** How long its phases take, by their author and by earlier runs. */
  phases: ExpectedPhase[]
  /** How long it usually takes; milliseconds. Absent where no earlier run is known. */
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
