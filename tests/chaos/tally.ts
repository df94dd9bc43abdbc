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
