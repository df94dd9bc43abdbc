import { changedLines, type Flaw, flawsText, journalOf } from '../journal/runs.ts'
import { unmet } from '../model/failure.ts'
import type { LedgerRun } from '../model/ledger.ts'
import { typed } from '../model/shell-word.ts'

/** A transcript as it was read, and what the environment's ledger has of its run. */
export interface ReadRun {
  id: string
  env: string
  flaws: readonly Flaw[]
  ledger?: LedgerRun | undefined
}

/** Refuses a transcript that is not as it was written (exit 3): nothing is performed from it. Says what is wrong and the way on. */
export const demandWhole = ({ id, env, flaws, ledger }: ReadRun): void => {
  const changed = changedLines(flaws)
  if (changed.length) throw notWhole({ id, env, ledger }, flawsText(changed))
}

/** Refuses the transcript of which lines are missing that the ledger knows of, in the very place where they were written. */
export const demandAll = (
  { id, env, ledger }: Omit<ReadRun, 'flaws'>,
  { stateDir, machine }: { stateDir: string; machine: string },
): void => {
  const { holder, seq } = ledger ?? {}
  if (holder?.machine !== machine || holder.transcript !== journalOf(stateDir, id)) return
  throw notWhole(
    { id, env, ledger },
    `its end is missing: the environment’s ledger knows of ${seq! + 1} lines in it`,
  )
}

const notWhole = ({ id, env, ledger }: Omit<ReadRun, 'flaws'>, seen: string) =>
  unmet(
    `the transcript of ${id} is as it was written`,
    seen,
    [
      'nothing is performed from it: find out who changed it',
      ...(ledger
        ? [
            typed`its code goes back from the environment’s ledger: runbook rollback ${env} --run ${id} --from ledger`,
          ]
        : [typed`look at the environment, then deploy again: runbook deploy ${env}`]),
      ...(ledger?.backup?.sha256
        ? [typed`the database to its backup: runbook restore ${env} sha256:${ledger.backup.sha256}`]
        : []),
    ].join('; '),
  )
