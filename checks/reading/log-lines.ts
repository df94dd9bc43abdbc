import { beginningOf, Failed, type Look, reads, readsFile } from '../../runbook/index.ts'

/** A place in a log: what was written from there on is what counts. */
export type LogPosition = {
  /** Relative paths are below the application's folder. */
  path: string
  /** Bytes. */
  from: number
}
/** A text that a line contains, or an expression that it matches. */
export type Pattern = string | RegExp

export interface LogRead {
  /** Where the next reading goes on: behind the last whole line. */
  next: LogPosition
  /** Where the file is not there. */
  missing: boolean
  /** The file is shorter than it was: it was rotated or emptied, and is read from its beginning. */
  rotated: boolean
}

/** Longer lines are judged by their beginning. */
const LONGEST = 64 * 1024
/** More characters than this without an end of line count as a line. */
const ENDLESS = 8 * 1024 * 1024

/**
 * Hands over each line from a position to the end, the last one also while it is not ended, until `take` says true. Reads in
 * pieces: memory stays flat however long the log is.
 */
export const eachLine = async (
  look: Look,
  { path, from }: LogPosition,
  take: (line: string, ended: boolean) => boolean,
): Promise<LogRead> => {
  const size = await fileSize(look, path)
  if (size === undefined) {
    const { failure } = { failure: undefined, ...(await look.attempt(readsFile(path))) }
    if (failure?.kind === 'file-failed' && failure.code !== 'ENOENT') throw new Failed(failure)
    return { next: { path, from: 0 }, missing: true, rotated: false }
  }
  const rotated = size < from
  let at = rotated ? 0 : from
  for (let more = true; more; ) {
    const piece = await look.see(readsFile(path, at))
    const whole = piece.lastIndexOf('\n') + 1 || (piece.length > ENDLESS ? piece.length : 0)
    more = whole > 0 && !takeLines(piece, whole, (line) => take(line, true))
    if (whole === 0 && piece) take(clean(piece), false)
    at += bytesOf(piece.slice(0, whole))
  }
  return { next: { path, from: at }, missing: false, rotated }
}

const takeLines = (piece: string, end: number, take: (line: string, begin: number) => boolean): boolean => {
  for (let begin = 0; begin < end; ) {
    const stop = piece.indexOf('\n', begin)
    const next = stop === -1 ? end : stop
    if (take(clean(piece.slice(begin, next)), begin)) return true
    begin = next + 1
  }
  return false
}

/** Without a terminal's colours. */
const clean = (line: string): string => beginningOf(line, LONGEST, '').replace(/\x1b\[[0-9;]*m|\r$/g, '')

/**
 * How many bytes of the file a text stands for. A byte that is no UTF-8 was read as a sign of three bytes: rather
 * read a little twice than skip what follows it.
 */
const bytesOf = (text: string): number =>
  Buffer.byteLength(text) - 2 * (text.includes('\uFFFD') ? text.split('\uFFFD').length - 1 : 0)

/** Bytes; undefined where there is no such file, or it may not be read. */
export const fileSize = async ({ attempt }: Look, path: string): Promise<number | undefined> => {
  const counted = await attempt(reads('wc', '-c', '--', path))
  return counted.ok ? Number.parseInt(counted.value, 10) : undefined
}

/** Whether a line shows what is looked for. An expression's `g` and `y` would remember the line before. */
export const matcher = (patterns: readonly Pattern[]): ((line: string) => boolean) => {
  const tests = patterns.map((pattern) => {
    if (typeof pattern === 'string') return (line: string) => line.includes(pattern)
    const expression = new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, ''))
    return (line: string) => expression.test(line)
  })
  return (line) => tests.some((test) => test(line))
}

/** Positions from what a check is called with: a path and an offset, or several positions. */
export const positions = (log: string | readonly LogPosition[], since: number): readonly LogPosition[] =>
  typeof log === 'string' ? [{ path: log, from: since }] : log

export const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1)
export const namesOf = (logs: readonly LogPosition[]): string =>
  logs.map(({ path }) => nameOf(path)).join(', ')
export const printPattern = (pattern: Pattern): string =>
  typeof pattern === 'string' ? `"${pattern}"` : String(pattern)

/** A line as evidence. */
export const excerpt = (line: string): string => beginningOf(line, 300, '…').trim()

/** How many lines of the end of a log explain a failure: an error, with its stack and what stands below that. */
const SHOWN = 40

/** The last lines that were written from these positions on; '' where nothing was. */
export const lastLinesSince = async (look: Look, logs: readonly LogPosition[]): Promise<string> => {
  const tails = await Promise.all(
    logs.map(async ({ path, from }) => {
      const size = await fileSize(look, path)
      if (size === undefined) return ''
      const text = await look.attempt(readsFile(path, Math.max(size < from ? 0 : from, size - 8 * 1024)))
      return text.ok ? text.value.trimEnd().split('\n').slice(-SHOWN).join('\n') : ''
    }),
  )
  return tails.filter(Boolean).join('\n')
}

/** How far back the last start is looked for. Bytes. */
const BACK = 16 * 1024 * 1024

/** Where the last line begins that shows one of these patterns; undefined where none of the last 16 MB does. */
export const beginningOfLast = async (
  look: Look,
  path: string,
  patterns: readonly Pattern[],
): Promise<number | undefined> => {
  const start = Math.max(0, ((await fileSize(look, path)) ?? 0) - BACK)
  const read = await look.attempt(readsFile(path, start))
  if (!read.ok) return undefined
  const isWanted = matcher(patterns)
  let found: number | undefined
  takeLines(read.value, read.value.length, (line, begin) => {
    if (isWanted(line)) found = begin
    return false
  })
  return found === undefined ? undefined : start + bytesOf(read.value.slice(0, found))
}
