import { createReadStream, existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Event } from '../model/event.ts'
import { Failed } from '../model/failure.ts'
import { foldRun, type RunState } from './fold.ts'
import { hashOf, NOTHING_BEFORE } from './journal-file.ts'

/** The ids of the runs in a state folder, oldest first. */
export const listRuns = (stateDir: string): string[] => {
  const folder = join(stateDir, 'runs')
  if (!existsSync(folder)) return []
  const runs = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  return runs
    .map(({ name }) => name)
    .filter((id) => statSync(journalOf(stateDir, id), { throwIfNoEntry: false })?.isFile())
    .sort()
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
  for await (const line of linesOf(path)) {
    number += 1
    const passed = outputs ? undefined : prevOfOutput(line)
    const event = passed === undefined ? parse(line) : undefined
    const claimed = passed ?? event?.prev
    if (claimed === undefined) transcript.flaws.push({ line: number, what: 'is not a whole event' })
    else if (claimed !== prev)
      transcript.flaws.push({ line: number, what: 'does not follow from the line before it' })
    if (event && (outputs || event.type !== 'output')) transcript.events.push(event)
    prev = hashOf(line)
  }
  return transcript
}

/** Of a line of output the hash that it holds on to; to read all of it would take most of the time. */
const prevOfOutput = (line: Buffer): string | undefined =>
  OUTPUT.test(line.toString('latin1', 0, 100))
    ? END.exec(line.toString('latin1', Math.max(0, line.length - 80)))?.[1]
    : undefined
const OUTPUT = /^\{"seq":\d+,"at":"[^"]+","type":"output",/
const END = /","prev":"([0-9a-f]{64})"\}$/

/** One run, without what its children printed. */
export const readRun = async (stateDir: string, run: string): Promise<RunState> =>
  foldRun((await readTranscript(journalOf(stateDir, run), { outputs: false })).events)

/** The lines of a file as bytes, because their hashes are of bytes; readline takes other signs for line ends too. */
async function* linesOf(path: string): AsyncGenerator<Buffer> {
  let begun: Buffer[] = []
  try {
    for await (const chunk of createReadStream(path, {
      highWaterMark: 1024 * 1024,
    }) as AsyncIterable<Buffer>) {
      let from = 0
      for (let end = chunk.indexOf(LINE_END); end >= 0; end = chunk.indexOf(LINE_END, from)) {
        const last = chunk.subarray(from, end)
        yield begun.length ? Buffer.concat([...begun, last]) : last
        begun = []
        from = end + 1
      }
      if (from < chunk.length) begun.push(chunk.subarray(from))
    }
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException
    throw new Failed({ kind: 'file-failed', path, code, message })
  }
  if (begun.length) yield Buffer.concat(begun)
}
const LINE_END = 10

const parse = (line: Buffer): Event | undefined => {
  try {
    const value = JSON.parse(line.toString('utf8'))
    const whole = [value?.type, value?.prev].every((each) => typeof each === 'string')
    return whole && typeof value.seq === 'number' ? value : undefined
  } catch {
    return undefined
  }
}
