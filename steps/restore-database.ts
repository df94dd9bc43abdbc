import type { Restore, RestoreSource } from '../runbook/index.ts'
import { accountForLosses } from './restore/account-for-losses.ts'
import { bringBackup } from './restore/bring-backup.ts'
import { bringKept } from './restore/bring-kept.ts'
import { swapDatabases } from './restore/swap-databases.ts'

/**
 * A restore that destroys nothing: the backup is restored under a new name and proven there while the application
 * runs, then takes the place of the live database, which is kept. Not a step of a book: `runbook rollback
 * --database=restore` and `runbook restore` make it of the book's backup step.
 */
export const restoreDatabase = (from: RestoreSource): Restore => {
  const bring = 'dump' in from ? bringBackup(from.dump) : bringKept(from.kept)
  const swap = swapDatabases(bring)
  return { bring, swap, account: accountForLosses(bring, swap, 'dump' in from ? from.dump : '') }
}
