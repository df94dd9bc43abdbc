import { areUnknown, changedLines, type Flaw, flawsText, journalOf } from '../journal/runs.ts'
import { unmet } from '../model/failure.ts'
import type { LedgerRun } from '../model/ledger.ts'
import { typed } from '../model/shell-word.ts'

/** A transcript as it was read, and what the environment's ledger has of its run. */
export interface ReadRun {
  id: string
  env: string
  flaws: readonly Flaw[]
  ledger?: LedgerRun | undefined
  /** The SHA-256 of its last line, in hex. */
  last?: string | undefined
  /** What the operator has allowed by name. */
  allow?: readonly string[] | undefined
}

/**
 * Refuses a transcript that is not as it was written (exit 3): nothing is performed from it. Says what is wrong and the way on. One of
 * which the ledger does not know the effects is believed on the operator's own word, which names its last line.
 */
export const demandWhole = ({ id, env, flaws, ledger, last, allow }: ReadRun): void => {
  const changed = changedLines(flaws)
  if (changed.length === 0) return
  if (!areUnknown(changed)) throw notWhole({ id, env, ledger }, flawsText(changed))
  const word = `transcript:${last?.slice(0, DIGITS) ?? ''}`
  if (last === undefined || !allow?.includes(word))
    throw notKnown({ id, env, ledger }, { seen: flawsText(changed), word })
}

/** So many of a hash that nobody finds another transcript with the same. */
const DIGITS = 16

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

type Refused = Pick<ReadRun, 'id' | 'env' | 'ledger'>

const notWhole = ({ id, env, ledger }: Refused, seen: string) =>
  unmet(
    `the transcript of ${id} is as it was written`,
    seen,
    [
      'nothing is performed from it: find out who changed it',
      ...(ledger
        ? fromLedger({ id, env, ledger })
        : [typed`look at the environment, then deploy again: runbook deploy ${env}`]),
    ].join('; '),
  )

const notKnown = ({ id, env, ledger }: Refused, { seen, word }: { seen: string; word: string }) =>
  unmet(
    `the ledger of ${env} has what the transcript of ${id} says was done`,
    `${seen}. The ledger was lost, as with a new clone, or is younger than the transcript; or no run has written this`,
    [
      typed`read it: runbook show ${id} --verbose`,
      typed`where it is what was done, say so by the hash of its last line, which is recorded: --allow ${word}`,
      ...(ledger
        ? fromLedger({ id, env, ledger })
        : [
            typed`a backup goes back without it, by its sum: runbook backups ${env}, then runbook restore ${env} sha256:<64 digits>`,
            typed`or deploy again: runbook deploy ${env}`,
          ]),
    ].join('; '),
  )

const fromLedger = ({ id, env, ledger }: Refused & { ledger: LedgerRun }): string[] => [
  typed`its code goes back from the environment’s ledger: runbook rollback ${env} --run ${id} --from ledger`,
  ...(ledger.backup?.sha256
    ? [typed`the database to its backup: runbook restore ${env} sha256:${ledger.backup.sha256}`]
    : []),
]
