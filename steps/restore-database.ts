import type { Restore, RestoreSource } from '../runbook/index.ts'
import { accountForLosses, lostWith } from './restore/account-for-losses.ts'
import { bringBackup } from './restore/bring-backup.ts'
import { bringKept } from './restore/bring-kept.ts'
import { bringInPlace } from './restore/in-place/bring-in-place.ts'
import { replaceInPlace } from './restore/in-place/replace-in-place.ts'
import { swapDatabases } from './restore/swap-databases.ts'

/**
 * A restore that destroys nothing: the backup is restored under a new name and proven there while the application
 * runs, then takes the place of the live database, which is kept. Not a step of a book: `runbook rollback
 * --database=restore` and `runbook restore` make it of the book's backup step.
 */
export const restoreDatabase = (from: RestoreSource): Restore => {
  const { bring, swap, account } = 'dump' in from && from.inPlace ? inPlace(from) : beside(from)
  const at = 'dump' in from ? (from.at ?? 'backups') : 'operator'
  return { bring: { ...bring, at }, swap: { ...swap, at }, account: { ...account, at } }
}

const beside = (from: RestoreSource): Restore => {
  const bring = 'dump' in from ? bringBackup(from) : bringKept(from.kept)
  const swap = swapDatabases(bring)
  return { bring, swap, account: accountForLosses(bring, lostWith(swap, bring)) }
}

type DumpSource = Extract<RestoreSource, { dump: string }>

/** Without the right to create databases: slower, and what it replaces is kept as a dump. */
const inPlace = (from: DumpSource): Restore => {
  const bring = bringInPlace(from)
  const swap = replaceInPlace(bring, from.dump)
  return { bring, swap, account: accountForLosses(bring, async (at) => at.outputOf(swap).losses) }
}
