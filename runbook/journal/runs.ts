import { createReadStream, type Dirent, existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Event } from '../model/event.ts'
import { Failed } from '../model/failure.ts'
import { foldRun, type RunState } from './fold.ts'
import { BEGINNING, hashOf, type JournalEnd } from './journal-file.ts'
import { type LedgerWord, outOfPlace } from './out-of-place.ts'
import { byTime } from './run-id.ts'

/** The ids of the runs in a state folder, oldest first. */
export const listRuns = (stateDir: string): string[] => listJournals(stateDir).map(({ id }) => id)

/** A transcript, as its folder knows it. */
export interface Journal {
  id: string
  /** Bytes. */
  size: number
  /** Milliseconds since 1970. */
  modified: number
}

/** The transcripts in a state folder, oldest first. */
export const listJournals = (stateDir: string): Journal[] => {
  const folder = join(stateDir, 'runs')
  if (!existsSync(folder)) return []
  return (
    readdirSync(folder, { withFileTypes: true })
      // A link to one is shown, and not performed.
      .flatMap((entry) => (entry.isDirectory() || leads(entry, folder) ? [entry.name] : []))
      .sort(byTime)
      .flatMap((id) => {
        const stat = statSync(join(folder, id, JOURNAL), { throwIfNoEntry: false })
        return stat?.isFile() ? [{ id, size: stat.size, modified: stat.mtimeMs }] : []
      })
  )
}
const JOURNAL = 'journal.jsonl'

const leads = (entry: Dirent, folder: string): boolean =>
  entry.isSymbolicLink() && existsSync(join(folder, entry.name, JOURNAL))

/** Everything that is kept of a run: its folder first, then its report and its bundles. */
export const keptOf = (stateDir: string, run: string): string[] => [
  join(stateDir, 'runs', run),
  ...['reports', 'bundles'].flatMap((name) => {
    const folder = join(stateDir, name)
    const files = existsSync(folder) ? readdirSync(folder) : []
    return files.filter((file) => file.startsWith(`${run}.`)).map((file) => join(folder, file))
  }),
]

export const journalOf = (stateDir: string, run: string): string => join(stateDir, 'runs', run, JOURNAL)

/** A transcript's lines and where it does not hold together: a cut last line, or a line that was changed. */
export interface Transcript {
  events: Event[]
  flaws: Flaw[]
  /** Where the next event goes. */
  end: JournalEnd
}

/**
 * Where a transcript does not hold together; `cut`: its last line, as a crash leaves it; `unknown`: an effect that is not in the
 * environment's ledger, in which every effect is.
 */
export interface Flaw {
  /** Counted from 1. */
  line: number
  what: string
  cut?: true
  unknown?: true
}

/** What of a transcript was changed, or is not known to have been written; where it was only cut by a crash: nothing. */
export const changedLines = (flaws: readonly Flaw[]): Flaw[] => flaws.filter(({ cut }) => !cut)
/** Nothing of it was changed: there is only what the ledger does not know. */
export const areUnknown = (changed: readonly Flaw[]): boolean => changed.every(({ unknown }) => unknown)
export const flawsText = (flaws: readonly Flaw[]): string =>
  flaws.map(({ line, what }) => `line ${line} ${what}`).join('; ')

/** How a transcript is read. */
export interface Reading {
  /** Default: true. Without them output events are passed over, because they can be large. */
  outputs?: boolean
  /** The run that it should be of. */
  run?: string
  /** What the environment's ledger has of it. */
  ledger?: LedgerWord
}

/** Reads a transcript, and holds each line against the one before it; throws where the file cannot be read. */
export const readTranscript = async (
  path: string,
  { outputs = true, run, ledger }: Reading = {},
): Promise<Transcript> => {
  const transcript: Transcript = {
    events: [],
    flaws: [],
    end: { ...BEGINNING },
  }
  const { events, flaws, end } = transcript
  const strange = outOfPlace(ledger)
  let number = 0
  for await (const { line, whole } of linesOf(path)) {
    number += 1
    const passed = outputs ? undefined : linkOfOutput(line)
    const event = passed ? undefined : parse(line)
    const link = passed ?? event
    const hash = hashOf(line)
    if (!link && whole) flaws.push({ line: number, what: NO_EVENT })
    else if (!link) flaws.push({ line: number, what: 'was cut short, as by a crash', cut: true })
    else if (link.prev !== end.hash) flaws.push({ line: number, what: BROKEN })
    else if (link.seq !== end.seq + 1)
      flaws.push({ line: number, what: `has the number ${link.seq}, and not ${end.seq + 1}` })
    // Also where it does not call itself the last any more.
    else if (event && (event.type === 'run-ended' || 'sum' in event) && !isAsSummed(line))
      flaws.push({ line: number, what: 'was changed after it was written' })
    // What a crash has cut is whole evidence of the crash: the run went on behind it.
    else if (isCut(flaws, number - 1) && event?.type === 'run-started' && event.resumed) flaws.pop()
    if (run !== undefined && event?.type === 'run-started' && !isOf(run, event))
      flaws.push({ line: number, what: `is of another run: ${event.run}, of ${event.env}` })
    const misplaced = event && strange(event)
    if (misplaced) flaws.push({ line: number, ...misplaced })
    const anchor = link && ledger?.anchors.get(link.seq)
    if (anchor !== undefined && anchor !== hash)
      flaws.push({ line: number, what: 'is not the line whose SHA-256 the environment’s ledger has' })
    if (event && (outputs || event.type !== 'output')) events.push(event)
    end.size += line.length + (whole ? 1 : 0)
    Object.assign(end, { hash, whole, ...(link && { seq: link.seq }) })
  }
  return transcript
}

/** Whole as it is, it may have been put into the folder of another run. */
const isOf = (run: string, started: { run: string; env: string }): boolean =>
  started.run === run && run.includes(`Z-${started.env}-`)

const isAsSummed = (line: Buffer): boolean => {
  const sum = SUM.exec(line.toString('latin1', Math.max(0, line.length - 80)))?.[0]
  if (!sum) return false
  return hashOf(Buffer.concat([line.subarray(0, -sum.length), Buffer.from('}')])) === sum.slice(8, -2)
}
const SUM = /,"sum":"[0-9a-f]{64}"\}$/

const isCut = (flaws: Transcript['flaws'], line: number): boolean =>
  flaws.at(-1)?.line === line && flaws.at(-1)?.what === NO_EVENT
export const BROKEN = 'does not follow from the line before it'
const NO_EVENT = 'is not a whole event'

/** Of a line of output its number and the hash that it holds on to; to read all of it would take most of the time. */
const linkOfOutput = (line: Buffer): { seq: number; prev: string } | undefined => {
  const seq = OUTPUT.exec(line.toString('latin1', 0, 100))?.[1]
  const prev = END.exec(line.toString('latin1', Math.max(0, line.length - 80)))?.[1]
  return seq !== undefined && prev !== undefined ? { seq: Number(seq), prev } : undefined
}
const OUTPUT = /^\{"seq":(\d+),"at":"[^"]+","type":"output",/
const END = /","prev":"([0-9a-f]{64})"\}$/

/** The transcript of a run; held against what the environment's `ledger` has of it, too, where that is given. */
export const transcriptOf = (
  stateDir: string,
  run: string,
  reading: Omit<Reading, 'run'> = {},
): Promise<Transcript> => readTranscript(journalOf(stateDir, run), { ...reading, run })

/** One run, without what its children printed. */
export const readRun = async (stateDir: string, run: string): Promise<RunState> =>
  foldRun((await readTranscript(journalOf(stateDir, run), { outputs: false })).events)

/** The lines of a file as bytes, because their hashes are of bytes; readline takes other signs for line ends too. */
async function* linesOf(path: string): AsyncGenerator<{ line: Buffer; whole: boolean }> {
  let begun: Buffer[] = []
  try {
    for await (const chunk of createReadStream(path, {
      highWaterMark: 1024 * 1024,
    }) as AsyncIterable<Buffer>) {
      let from = 0
      for (let end = chunk.indexOf(LINE_END); end >= 0; end = chunk.indexOf(LINE_END, from)) {
        const last = chunk.subarray(from, end)
        yield { line: begun.length ? Buffer.concat([...begun, last]) : last, whole: true }
        begun = []
        from = end + 1
      }
      if (from < chunk.length) begun.push(chunk.subarray(from))
    }
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException
    throw new Failed({ kind: 'file-failed', path, code, message })
  }
  if (begun.length) yield { line: Buffer.concat(begun), whole: false }
}
const LINE_END = 10

const parse = (line: Buffer): Event | undefined => {
  try {
    const value = JSON.parse(line.toString('utf8'))
    const whole = [value?.type, value?.prev, value?.at].every((each) => typeof each === 'string')
    return whole && typeof value.seq === 'number' ? value : undefined
  } catch {
    return undefined
  }
}
