import { coresOf } from '../../checks/reading/cores.ts'
import { type DumpFormat, defineCheck, holds, type Look, quantity, reads } from '../../runbook/index.ts'

/** What matters more where not both can be had: how small a dump is, or how soon it is made. */
export type Preference = 'size' | 'speed'

/** How a dump is made. */
export type Way = {
  format: DumpFormat
  /** How many programs of pg_dump's work at once. */
  jobs: number
  /** pg_dump's own compression; 0 where another program does it, or none. */
  level: number
  /** For operators: what it is, and why. */
  because: string
}

/** The best way for what there is. `pg_dump` alone is always enough. */
export const chooseWay = async (at: Look, prefer: Preference): Promise<Way> => {
  const cores = await coresOf(at)
  if (prefer === 'speed')
    return cores > 1
      ? {
          ...{ format: 'directory', jobs: cores, level: 0 },
          because: `a folder, not compressed, ${cores} tables at once: ${quantity(cores, 'core')}, and the book prefers speed`,
        }
      : {
          ...{ format: 'custom', jobs: 1, level: 0 },
          because: 'one file, not compressed: one core, and the book prefers speed',
        }
  // A pipe between two programs there would hide how the first has ended.
  if (at.env.database?.backupsOnHost)
    return {
      ...{ format: 'custom', jobs: 1, level: 1 },
      because: `one file, compressed by pg_dump itself, on ${at.env.host}`,
    }
  for (const program of ['zstd', 'lz4'] as const)
    if ((await at.attempt(reads(program, '--version'))).ok)
      return {
        ...{ format: `custom-${program}`, jobs: 1, level: 0 },
        because: `one file through ${program}, which is there`,
      }
  return {
    // Level 1 takes a quarter of the default's time and a tenth more room.
    ...{ format: 'custom', jobs: 1, level: 1 },
    because:
      'one file, compressed by pg_dump itself: with the program zstd it would take two thirds of the time',
  }
}

/** Says how a dump will be made; there is always a way. */
export const wayIsChosen = (prefer: Preference) =>
  defineCheck({
    fact: 'the way to make a dump is chosen',
    remedy: 'install zstd',
    look: async (at) => holds((await chooseWay(at, prefer)).because),
  })
