import { type Check, defineCheck, fails, holds, type Look, quantity, type Verdict } from '../runbook/index.ts'
import {
  eachLine,
  excerpt,
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
    remedy: `tail -n 50 ${logs.map(({ path }) => path).join(' ')}`,
    look: async (look) => {
      const [isBad, isHarmless] = [matcher(patterns), matcher(except)]
      const reading = { logs, lines: 0, remarks: new Set<string>() }
      const isMet = (line: string) => isBad(line) && !isHarmless(line)
      const until = look.now().getTime() + duration
      for (;;) {
        const met = await readOn(reading, isMet, look)
        if (met) return met
        const left = until - look.now().getTime()
        if (left <= 0)
          return holds(
            [`${quantity(reading.lines, 'line')} of ${namesOf(logs)}`, ...reading.remarks].join('; '),
          )
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

/** Reads what is new; a verdict where a line was met, or a file cannot tell. */
const readOn = async (
  reading: Reading,
  isMet: (line: string) => boolean,
  look: Look,
): Promise<Verdict | undefined> => {
  const next: LogPosition[] = []
  for (const position of reading.logs) {
    const met: string[] = []
    const read = await eachLine(look, position, (line, ended) => {
      if (ended) reading.lines += 1
      if (met.length || isMet(line)) met.push(line)
      return met.length > SHOWN
    })
    // A file that is not there says nothing about errors: perhaps its name is wrong.
    if (read.missing) return fails(`there is no file ${position.path}`)
    if (read.rotated) reading.remarks.add(`${nameOf(position.path)} was rotated, and read from its beginning`)
    if (met.length)
      return fails(excerpt(met[0]!), { tail: met.map(excerptKeepingIndent).join('\n'), final: true })
    next.push(read.next)
  }
  reading.logs = next
  return undefined
}

const excerptKeepingIndent = (line: string): string => line.slice(0, 300)
