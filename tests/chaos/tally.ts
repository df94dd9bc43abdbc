import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { inject } from 'vitest'

/** What came of a part of the chaos: a line of docs/reliability.md, by the name of the promise that it belongs to. */
export const tell = (promise: string, figures: string): void =>
  writeFileSync(join(inject('figuresFolder'), `${promise}.txt`), figures)

declare module 'vitest' {
  export interface ProvidedContext {
    figuresFolder: string
  }
}

/** Every so many moments only, for a first look: `CHAOS_EVERY=10 npm run chaos`. */
const every = Number(process.env.CHAOS_EVERY ?? 1)
export const someOf = <T>(moments: readonly T[]): T[] => moments.filter((_, i) => i % every === 0)

/** Tries each of the moments, whatever comes of the others; then fails with all that went wrong. */
export const everyMoment = async <T>(
  moments: readonly T[],
  attempt: (moment: T) => Promise<void>,
): Promise<void> => {
  const failed: string[] = []
  for (const moment of moments)
    await attempt(moment).catch((error) => {
      failed.push(`${moment}: ${error instanceof Error ? error.message : error}`)
      // Whoever watches for hours wants to know of it now.
      console.error(failed.at(-1))
    })
  if (failed.length)
    throw new Error(`${failed.length} of ${moments.length} moments went wrong:\n${failed.join('\n\n')}`)
}
