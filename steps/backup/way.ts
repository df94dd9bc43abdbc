import { coresOf } from '../../checks/reading/cores.ts'
import { versionOf } from '../../checks/tool-present.ts'
import { type DumpFormat, defineCheck, holds, type Look, quantity, reads } from '../../runbook/index.ts'

/** What matters more where not both can be had: how small a dump is, or how soon it is made. */
export type Preference = 'size' | 'speed'

/** How a dump is made. */
export type Way = {
  format: DumpFormat
  /** How many programs of pg_dump's work at once. */
  jobs: number
  /** pg_dump's own compression, as its `--compress` takes it; 0 where another program does it, or none. */
  compress: '0' | '1' | 'zstd:1'
  /** For operators: what it is, and why. */
  because: string
}

/** The best way for what there is. `pg_dump` alone is always enough. */
export const chooseWay = async (at: Look, prefer: Preference): Promise<Way> => {
  const cores = await coresOf(at)
  if (prefer === 'speed')
    return cores > 1
      ? {
          ...{ format: 'directory', jobs: cores, compress: '0' },
          because: `a folder, not compressed, ${cores} tables at once: ${quantity(cores, 'core')}, and the book prefers speed`,
        }
      : {
          ...{ format: 'custom', jobs: 1, compress: '0' },
          because: 'one file, not compressed: one core, and the book prefers speed',
        }
  if (await writesZstd(at))
    return {
      ...(cores > 1 ? { format: 'directory', jobs: cores } : { format: 'custom', jobs: 1 }),
      compress: 'zstd:1',
      because: `${cores > 1 ? `a folder, ${cores} tables at once` : 'one file'}, compressed with zstd by pg_dump itself`,
    }
  // A pipe between two programs there would hide how the first has ended.
  if (at.env.database?.backupsOnHost)
    return {
      ...{ format: 'custom', jobs: 1, compress: '1' },
      because: `one file, compressed by pg_dump itself, on ${at.env.host}`,
    }
  for (const program of ['zstd', 'lz4'] as const)
    if ((await at.attempt(reads(program, '--version'))).ok)
      return {
        ...{ format: `custom-${program}`, jobs: 1, compress: '0' },
        because: `one file through ${program}, which is there`,
      }
  return {
    // Level 1 takes a quarter of the default's time and a tenth more room.
    ...{ format: 'custom', jobs: 1, compress: '1' },
    because:
      'one file, compressed by pg_dump itself: with the program zstd it would take two thirds of the time',
  }
}

/**
 * Whether pg_dump compresses with zstd itself, as 16 and later do where they were built with it
 * (https://www.postgresql.org/docs/16/app-pgdump.html). It is asked for what it never does, several jobs for one file: one
 * without zstd says that first, and neither gets as far as a connection.
 */
const writesZstd = async (at: Look): Promise<boolean> => {
  if (!(Number.parseInt(await versionOf(at, 'pg_dump'), 10) >= 16)) return false
  const asked = await at.attempt(reads('pg_dump', '--compress=zstd:1', '--format=plain', '--jobs=2'))
  return !asked.ok && asked.failure.kind === 'command-failed' && !/zstd/i.test(asked.failure.tail)
}

/** Says how a dump will be made; there is always a way. */
export const wayIsChosen = (prefer: Preference) =>
  defineCheck({
    fact: 'the way to make a dump is chosen',
    remedy: 'install zstd',
    look: async (at) => holds((await chooseWay(at, prefer)).because),
  })
