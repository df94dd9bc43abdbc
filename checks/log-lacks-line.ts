import {
  beginningOf,
  type Check,
  defineCheck,
  fails,
  holds,
  type Look,
  quantity,
  readsFile,
  typed,
  type Verdict,
} from '../runbook/index.ts'
import {
  eachLine,
  excerpt,
  fileSize,
  type LogPosition,
  matcher,
  nameOf,
  namesOf,
  type Pattern,
  positions,
  printPattern,
} from './reading/log-lines.ts'

export interface LogLacksLineOptions {
  /** The byte of the file to begin at. Default: 0, its beginning. */
  since?: number
  /** Lines that are harmless although they match. */
  except?: readonly Pattern[]
  /** How long to go on watching, in ms. Default: 0, only what is there. */
  for?: number
}

const EVERY = 500
/** How many lines behind a found one are shown: an error's stack. */
const SHOWN = 20

/** No line of a log, or of several, shows a text or matches an expression; optionally for a while yet. */
export const logLacksLine = (
  log: string | readonly LogPosition[],
  pattern: Pattern | readonly Pattern[],
  { since = 0, except = [], for: duration = 0 }: LogLacksLineOptions = {},
): Check => {
  const patterns = [pattern].flat() as Pattern[]
  const logs = positions(log, since)
  const watched = duration ? ` for ${duration / 1000} s` : ''
  return defineCheck({
    fact: `the log has no line ${patterns.map(printPattern).join(' or ')}${watched}`,
    remedy: typed`tail -n 50 ${logs.map(({ path }) => path)}`,
    look: async (look) => {
      const [isBad, isHarmless] = [matcher(patterns), matcher(except)]
      const isMet = (line: string) => isBad(line) && !isHarmless(line)
      const known = (await Promise.all(logs.map((log) => knownIn(look, log, isMet)))).flat()
      const reading: Reading = {
        logs: logs.map(({ path, from }) => ({
          path,
          from: known.find((one) => one.path === path)?.until ?? from,
        })),
        lines: 0,
        remarks: new Set(known.map(({ name, line }) => `known (${name}): ${line}`)),
      }
      const until = look.now().getTime() + duration
      for (;;) {
        const met = await readOn(reading, isMet, look)
        if (met) return met
        const left = until - look.now().getTime()
        if (left <= 0) {
          const seen = [`${quantity(reading.lines, 'line')} of ${namesOf(logs)}`, ...reading.remarks].join(
            '; ',
          )
          return holds(seen, known.length ? { known: known.map(({ name }) => name) } : {})
        }
        await look.sleep(Math.min(EVERY, left))
      }
    },
  })
}

interface Reading {
  logs: readonly LogPosition[]
  lines: number
  remarks: Set<string>
}

const nameOfMark = (path: string, until: number | '' = ''): string => `log:${path}@${until}`

interface KnownPart {
  path: string
  name: string
  /** Bytes. */
  until: number
  /** The first line there that would not be harmless. */
  line: string
}

/** Up to where an operator has called a log known, where that hides anything: only what follows counts. */
const knownIn = async (
  look: Look,
  { path, from }: LogPosition,
  isMet: (line: string) => boolean,
): Promise<KnownPart[]> => {
  const beginning = nameOfMark(path)
  const until = Math.max(...look.known(beginning).map((name) => Number(name.slice(beginning.length)) || 0), 0)
  // What is shorter by now was rotated: nobody has seen what it says.
  if (until <= from || until > ((await fileSize(look, path)) ?? 0)) return []
  const read = await look.attempt(readsFile(path, from))
  const text = read.ok
    ? Buffer.from(read.value)
        .subarray(0, until - from)
        .toString()
    : ''
  const line = text.split('\n').find(isMet)
  return line === undefined ? [] : [{ path, until, line: excerpt(line), name: nameOfMark(path, until) }]
}

/** Reads what is new; a verdict where a line was met, or a file cannot tell. */
const readOn = async (
  reading: Reading,
  isMet: (line: string) => boolean,
  look: Look,
): Promise<Verdict | undefined> => {
  const next: LogPosition[] = []
  /** The newest that was met, with what stands below it, and how many there were: of the last log that has one. */
  let newest: { lines: string[]; count: number; path: string } | undefined
  const known: string[] = []
  for (const position of reading.logs) {
    const met = { lines: [] as string[], count: 0 }
    let unended = false
    /** What is indented below a line that was met, such as its stack, is part of it. */
    let below = false
    const read = await eachLine(look, position, (line, ended) => {
      if (ended) reading.lines += 1
      below &&= /^\s|^$/.test(line)
      const bad = isMet(line)
      const isNew = bad && !below
      below ||= isNew
      unended = bad && !ended
      if (isNew) Object.assign(met, { lines: [line], count: met.count + 1 })
      else if (met.count && met.lines.length <= SHOWN) met.lines.push(line)
      return false
    })
    // A file that is not there says nothing about errors: perhaps its name is wrong.
    if (read.missing) return fails(`there is no file ${position.path}`)
    if (read.rotated) reading.remarks.add(`${nameOf(position.path)} was rotated, and read from its beginning`)
    if (met.count) {
      const { path, from } = read.next
      // It stays in the log: whoever says that it is known says up to where.
      known.push(nameOfMark(path, unended ? ((await fileSize(look, path)) ?? from) : from))
      newest = { ...met, path }
    }
    next.push(read.next)
  }
  reading.logs = next
  if (newest) {
    const { lines, count, path } = newest
    const others = count > 1 ? ` (the newest of ${quantity(count, 'line')})` : ''
    return fails(`${excerpt(lines[0]!)}${others}`, {
      tail: lines.map(excerptKeepingIndent).join('\n'),
      final: true,
      remedy: typed`tail -n 50 ${path}; where it is known and dealt with: runbook resume --allow ${known}`,
      known,
    })
  }
  return undefined
}

const excerptKeepingIndent = (line: string): string => beginningOf(line, 300, '')
