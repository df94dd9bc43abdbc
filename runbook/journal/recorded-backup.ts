import { basename } from 'node:path'
import { type Backup, manifestSum } from './backups.ts'
import { foldRun, isOver } from './fold.ts'
import type { LedgerWord } from './out-of-place.ts'
import { stampOfRun } from './run-id.ts'
import { type Flaw, listRuns, transcriptOf } from './runs.ts'

/** What the run that made a dump wrote down of it; older transcripts have no `described`, the SHA-256 of the manifest. */
interface Recorded {
  sha256?: string
  tables?: number
  rows?: number
  described?: string
}

/** A run that may have made a dump, by the time in its name. */
interface Maker {
  run: string
  /** What is wrong with its transcript. */
  flaws: readonly Flaw[]
  /** Absent where it made another. */
  recorded?: Recorded
}

/**
 * The runs here that may have made a dump. `runs`: all that are here, for whoever asks for many dumps. `ledgerOf`: what the environment's
 * ledger has of a run.
 */
export async function* makersOf(
  { name, stamp }: Pick<Backup, 'name' | 'stamp'>,
  stateDir: string,
  {
    runs = listRuns(stateDir),
    ledgerOf,
  }: { runs?: readonly string[]; ledgerOf?(run: string): LedgerWord } = {},
): AsyncGenerator<Maker> {
  for (const run of runs.filter((id) => stampOfRun(id) === stamp)) {
    const { events, flaws } = await transcriptOf(stateDir, run, { outputs: false, ledger: ledgerOf?.(run) })
    const outputs = [...foldRun(events).steps.values()].map(({ state }) =>
      isOver(state) ? (state.output as ({ dump?: unknown } & Recorded) | null) : null,
    )
    const own = outputs.flatMap((output) =>
      typeof output?.dump === 'string' && basename(output.dump) === name ? [output] : [],
    )
    // A copy that was fetched has its name too.
    const recorded = own.find(({ sha256 }) => typeof sha256 === 'string') ?? own[0]
    yield { run, flaws, ...(recorded && { recorded }) }
  }
}

/**
 * How the manifest beside a dump differs from what the run recorded that made it: 'another sha256 than its run recorded'; undefined where
 * it does not, or where no transcript here tells. Of a dump on another host the manifest itself is not held against its sum. `runs`: all
 * that are here.
 */
export const unlikeRecorded = async (
  backup: Omit<Backup, 'prove'>,
  stateDir: string,
  runs: readonly string[],
): Promise<string | undefined> => {
  const { path, host, manifest } = backup
  const recorded = await recordOf(backup, stateDir, runs)
  if (!recorded || !manifest) return undefined
  const { sha256, tables, rows, described } = recorded
  const has = manifest.tables.reduce((sum, table) => sum + table.rows, 0)
  if (sha256 !== undefined && sha256 !== manifest.sha256) return 'another sha256 than its run recorded'
  if (rows !== undefined && rows !== has) return `its manifest says ${has} rows, its run recorded ${rows}`
  if (tables !== undefined && tables !== manifest.tables.length)
    return `its manifest says ${manifest.tables.length} tables, its run recorded ${tables}`
  const isAsWritten = host !== undefined || described === undefined || manifestSum(path) === described
  return isAsWritten ? undefined : 'its manifest was changed after its run wrote it'
}

const recordOf = async (
  backup: Pick<Backup, 'name' | 'stamp'>,
  stateDir: string,
  runs: readonly string[],
): Promise<Recorded | undefined> => {
  for await (const { recorded } of makersOf(backup, stateDir, { runs })) if (recorded) return recorded
  return undefined
}
