import { randomBytes } from 'node:crypto'
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { begunStates, foldRun, isBegun, type RunState } from './fold.ts'
import { changedLines, type Journal, listJournals, type Transcript, transcriptOf } from './runs.ts'

/** What a list of runs, and a search among them, needs to know of each. */
export interface RunSummary extends Pick<RunState, 'started' | 'ended' | 'revision'> {
  id: string
  /** See `isBegun`. */
  begun: boolean
  /** Whether it began to change a state, which a rollback takes back. */
  changedState: boolean
  /** The number of its last event that is known; -1 where none is. */
  seq: number
  /** The SHA-256 of its last line; absent where the transcript is not here. */
  hash?: string
  /** Its transcript is not as it was written: what it says here nobody knows. */
  altered?: true
}

/** Of a transcript as long and as old as this one the summary is known. */
interface Entry {
  size: number
  modified: number
  summary: RunSummary
}

/** So many are read again rather than written down each time. */
const FEW = 10
/** Of what stands in the file; another one is not understood, and made anew. */
const FORM = 3

/**
 * Summaries of transcripts, kept in a file so that not all of them are read each time. It is never the truth: an entry
 * counts only for a transcript of the same length and the same time of change, and without the file nothing is lost.
 */
export class RunIndex {
  /** Oldest first. */
  readonly journals: readonly Journal[]
  readonly #known: Map<string, Entry>
  readonly #path: string
  #news = 0

  constructor(private readonly stateDir: string) {
    this.#path = join(stateDir, 'index.json')
    this.journals = listJournals(stateDir)
    this.#known = this.journals.length > FEW ? readEntries(this.#path) : new Map()
  }

  async summaryOf({ id, size, modified }: Journal): Promise<RunSummary> {
    const known = this.#known.get(id)
    if (known && known.size === size && known.modified === modified) return known.summary
    const transcript = await transcriptOf(this.stateDir, id, { outputs: false })
    const summary = summaryOf(id, transcript)
    this.#known.set(id, { size, modified, summary })
    this.#news += 1
    return summary
  }

  /** Where it cannot be written, everything is only slower. */
  save(): void {
    if (this.#news <= FEW) return
    const there = new Set(this.journals.map(({ id }) => id))
    const entries = [...this.#known.values()].filter(({ summary }) => there.has(summary.id))
    const draft = `${this.#path}.${randomBytes(4).toString('hex')}`
    try {
      writeFileSync(draft, JSON.stringify({ form: FORM, entries }), { mode: 0o600, flag: 'wx' })
      renameSync(draft, this.#path)
    } catch {
      rmSync(draft, { force: true })
    }
  }
}

const summaryOf = (id: string, { events, flaws, end: { seq, hash } }: Transcript): RunSummary => {
  const state = foldRun(events)
  const { started, ended, revision } = state
  return {
    id,
    ...(started && { started }),
    ...(ended && { ended }),
    revision,
    begun: isBegun(state),
    changedState: begunStates(state).length > 0,
    seq,
    hash,
    ...(changedLines(flaws).length && { altered: true as const }),
  }
}

const readEntries = (path: string): Map<string, Entry> => {
  try {
    const { form, entries } = JSON.parse(readFileSync(path, 'utf8')) as { form: number; entries: Entry[] }
    return new Map(form === FORM ? entries.map((entry) => [entry.summary.id, entry]) : [])
  } catch {
    return new Map()
  }
}
