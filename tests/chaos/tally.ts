import { execFileSync } from 'node:child_process'
import { tellFigures } from './figures.ts'

/** Begun on it: what is changed meanwhile is another revision. */
const revision = execFileSync('git', ['describe', '--always', '--dirty', '--abbrev=7'], {
  encoding: 'utf8',
}).trim()

/**
 * How long a part of the chaos goes on beginning further moments: `CHAOS_MINUTES=10 npm run chaos`. Default: all of them.
 * Such a part is a look, and is not kept.
 */
const minutes = Number(process.env.CHAOS_MINUTES ?? Number.POSITIVE_INFINITY)

/** What came of a part of the chaos: a line of docs/reliability.md, by the name of the promise that it belongs to. */
export const tell = (part: string, seen: string): void => {
  if (minutes === Number.POSITIVE_INFINITY) tellFigures(part, { seen, revision })
}

/**
 * Tries each of the moments, whatever comes of the others, and fails with all that went wrong; gives how many were tried.
 * Their order spreads them, so that those which fit into a shorter time come from the whole of the run.
 */
export const everyMoment = async <T>(
  moments: readonly T[],
  attempt: (moment: T) => Promise<void>,
  atATime = 1,
): Promise<number> => {
  const began = performance.now()
  const failed: string[] = []
  let tried = 0
  const waiting = spread(moments).values()
  const work = async () => {
    for (const moment of waiting) {
      if (performance.now() - began > minutes * 60_000) return
      tried += 1
      await attempt(moment).catch((error) => {
        failed.push(`${JSON.stringify(moment)}: ${error instanceof Error ? error.message : error}`)
        // Whoever watches for hours wants to know of it now.
        console.error(failed.at(-1))
      })
    }
  }
  await Promise.all(Array.from({ length: atATime }, work))
  if (failed.length)
    throw new Error(`${failed.length} of ${tried} moments went wrong:\n${failed.join('\n\n')}`)
  return tried
}

/** Each a golden section of all further than the one before. */
const spread = <T>(all: readonly T[]): T[] => {
  const step = firstFrom(Math.round(all.length * 0.618), (n) => divisor(n, all.length) === 1)
  return all.map((_, i) => all[(i * step) % all.length]!)
}
const firstFrom = (n: number, fits: (n: number) => boolean): number => (fits(n) ? n : firstFrom(n + 1, fits))
const divisor = (a: number, b: number): number => (b === 0 ? a : divisor(b, a % b))
