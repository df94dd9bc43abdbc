import { coresOf } from '../../checks/reading/cores.ts'
import { isDumped } from '../../checks/reading/dumped-relations.ts'
import { versionOf } from '../../checks/tool-present.ts'
import {
  type DumpFormat,
  defineCheck,
  holds,
  type Look,
  quantity,
  reads,
  selects,
} from '../../runbook/index.ts'

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
  const tables = `${cores} tables at once`
  if (prefer === 'speed')
    return cores > 1
      ? {
          ...{ format: 'directory', jobs: cores, compress: '0' },
          because: `a folder, not compressed, ${tables}: ${quantity(cores, 'core')}, and the book prefers speed`,
        }
      : {
          ...{ format: 'custom', jobs: 1, compress: '0' },
          because: 'one file, not compressed: one core, and the book prefers speed',
        }
  const knowsZstd = await writesZstd(at)
  const compress = knowsZstd ? 'zstd:1' : '1'
  const by = `compressed by pg_dump itself, with ${knowsZstd ? 'zstd' : 'gzip'}`
  const why = await whyOneFile(at, cores, knowsZstd)
  if (why === undefined)
    return { format: 'directory', jobs: cores, compress, because: `a folder, ${tables}, ${by}` }
  // A pipe between two programs there would hide how the first has ended.
  if (!knowsZstd && !at.env.database?.backupsOnHost)
    for (const program of ['zstd', 'lz4'] as const)
      if ((await at.attempt(reads(program, '--version'))).ok)
        return {
          ...{ format: `custom-${program}`, jobs: 1, compress: '0' },
          because: `one file through ${program}, as ${why}`,
        }
  return { format: 'custom', jobs: 1, compress, because: `one file, ${by}, as ${why}` }
}

/** Why several tables at once gain nothing; undefined where they do. */
const whyOneFile = async (at: Look, cores: number, knowsZstd: boolean): Promise<string | undefined> => {
  if (cores === 1) return 'there is one core'
  return !knowsZstd && (await oneTableIsMost(at)) ? 'one table is most of it' : undefined
}

/**
 * One job of pg_dump's compresses 94 MB/s with gzip, a stream through zstd gets 172 MB/s (decision 25): where one table is more
 * than this share, the others are long done while it is still compressed, and the stream is sooner.
 */
const MOST = 0.55

const oneTableIsMost = async (at: Look): Promise<boolean> => {
  const asked = await at.attempt(
    selects<{ share: number | null }>(
      // As the statistics have it: pg_table_size would wait for who holds a table.
      `SELECT max(greatest(c.relpages, 0))::float8 / nullif(sum(greatest(c.relpages, 0)), 0) AS share
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'r' AND ${isDumped}`,
    ),
  )
  return asked.ok && (asked.value[0]?.share ?? 0) > MOST
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
