import { basename } from 'node:path'
import type { Backup } from '../journal/backups.ts'
import { foldRun, isOver } from '../journal/fold.ts'
import { stampOfRun } from '../journal/run-id.ts'
import { changedLines, flawsText, listRuns, transcriptOf } from '../journal/runs.ts'
import { unmet } from '../model/failure.ts'
import type { LedgerRun } from '../model/ledger.ts'
import { typed } from '../model/shell-word.ts'
import type { RunContext } from './run-context.ts'

/**
 * The SHA-256 of a dump, as the run recorded it that made it: by its transcript, or by the environment's ledger where that
 * is elsewhere. Undefined where neither is known, as of a dump that was copied here. Refuses where the transcript is not as it
 * was written, and the ledger does not tell.
 */
export const recordedSum = async (
  { name, stamp }: Pick<Backup, 'name' | 'stamp'>,
  stateDir: string,
  { env, ledger }: RunContext,
): Promise<string | undefined> => {
  const { runs } = await ledger.read()
  const made = ({ backup }: LedgerRun) => backup !== undefined && basename(backup.path) === name
  const inLedger = runs.findLast(made)?.backup?.sha256
  if (inLedger !== undefined) return inLedger
  for (const run of listRuns(stateDir).filter((id) => stampOfRun(id) === stamp)) {
    const known = runs.find(({ id }) => id === run)
    const { events, flaws } = await transcriptOf(stateDir, run, { outputs: false, ledger: known ?? null })
    const changed = changedLines(flaws)
    if (changed.length)
      throw unmet(
        `the transcript of ${run}, which made ${name}, is as it was written`,
        flawsText(changed),
        typed`compare its sum with one that is known from elsewhere; then name it by that: runbook restore ${env.name} sha256:<sum>`,
      )
    for (const { state } of foldRun(events).steps.values()) {
      const output = isOver(state) ? (state.output as { dump?: unknown; sha256?: unknown } | null) : null
      if (
        typeof output?.dump === 'string' &&
        basename(output.dump) === name &&
        typeof output.sha256 === 'string'
      )
        return output.sha256
    }
  }
  return undefined
}
