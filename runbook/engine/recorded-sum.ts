import { basename } from 'node:path'
import type { Backup } from '../journal/backups.ts'
import { makersOf } from '../journal/recorded-backup.ts'
import { changedLines, flawsText } from '../journal/runs.ts'
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
  const ledgerOf = (run: string) => runs.find(({ id }) => id === run) ?? null
  for await (const { run, flaws, recorded } of makersOf({ name, stamp }, stateDir, { ledgerOf })) {
    const changed = changedLines(flaws)
    if (changed.length)
      throw unmet(
        `the transcript of ${run}, which made ${name}, is as it was written`,
        flawsText(changed),
        typed`compare its sum with one that is known from elsewhere; then name it by that: runbook restore ${env.name} sha256:<sum>`,
      )
    if (typeof recorded?.sha256 === 'string') return recorded.sha256
  }
  return undefined
}
