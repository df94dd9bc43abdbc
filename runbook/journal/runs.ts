import { createReadStream, existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Event } from '../model/event.ts'
import { foldRun, type RunState } from './fold.ts'
import { hashOf, NOTHING_BEFORE } from './journal-file.ts'

/** The ids of the runs in a state folder, oldest first. */
export const listRuns = (stateDir: string): string[] => {
  const folder = join(stateDir, 'runs')
  return existsSync(folder)
    ? readdirSync(folder)
        .filter((id) => existsSync(journalOf(stateDir, id)))
        .sort()
    : []
}

export const journalOf = (stateDir: string, run: string): string =>
  join(stateDir, 'runs', run, 'journal.jsonl')

/** A transcript's lines and where it does not hold together: a cut last line, or a line that was changed. */
export interface Transcript {
  events: Event[]
  /** Line numbers, counted from 1, with what is wrong with them. */
  flaws: { line: number; what: string }[]
}

/** Reads a transcript; output events are passed over unless they are wanted, because they can be large. */
export const readTranscript = async (path: string, { outputs = true } = {}): Promise<Transcript> => {
  const transcript: Transcript = { events: [], flaws: [] }
  let [prev, number] = [NOTHING_BEFORE, 0]
  const lines = createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY })
  for await (const line of lines) {
    number += 1
    const event = parse(line)
    if (!event) transcript.flaws.push({ line: number, what: 'is not a whole event' })
    else {
      if (event.prev !== prev)
        transcript.flaws.push({ line: number, what: 'does not follow from the line before it' })
      if (outputs || event.type !== 'output') transcript.events.push(event)
    }
    prev = hashOf(line)
  }
  return transcript
}

/** One run, without what its children printed. */
export const readRun = async (stateDir: string, run: string): Promise<RunState> =>
  foldRun((await readTranscript(journalOf(stateDir, run), { outputs: false })).events)

const parse = (line: string): Event | undefined => {
  try {
    const value = JSON.parse(line)
    return typeof value?.type === 'string' && typeof value.seq === 'number' ? value : undefined
  } catch {
    return undefined
  }
}
