import { basename } from 'node:path'
import { type Backup, manifestSum } from './backups.ts'
import { foldRun, isOver } from './fold.ts'
import { stampOfRun } from './run-id.ts'
import { listRuns, transcriptOf } from './runs.ts'

/** What the run that made a dump wrote down of it; older transcripts have no `described`, the SHA-256 of the manifest. */
interface Recorded {
  sha256?: string
  tables?: number
  rows?: number
  described?: string
}

/**
 * How the manifest beside a dump differs from what the run recorded that made it: 'another sha256 than its run recorded'; undefined where
 * it does not, or where no transcript here tells. Of a dump on another host the manifest itself is not held against its sum.
 */
export const unlikeRecorded = async (
  { name, stamp, path, host, manifest }: Omit<Backup, 'prove'>,
  stateDir: string,
): Promise<string | undefined> => {
  const recorded = await recordOf(name, stamp, stateDir)
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

const recordOf = async (name: string, stamp: string, stateDir: string): Promise<Recorded | undefined> => {
  for (const run of listRuns(stateDir).filter((id) => stampOfRun(id) === stamp)) {
    const { events } = await transcriptOf(stateDir, run, { outputs: false })
    for (const { state } of foldRun(events).steps.values()) {
      const output = isOver(state) ? (state.output as ({ dump?: unknown } & Recorded) | null) : null
      if (typeof output?.dump === 'string' && basename(output.dump) === name) return output
    }
  }
  return undefined
}
