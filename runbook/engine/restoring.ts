import type { RestoreSource, Step } from '../model/step.ts'

/** A restore as an arrangement needs it. */
export interface Restoring {
  bring: Step
  /** What is done while the application does not run. */
  swaps: Step[]
  account: Step
}

/** What the step that backs the database up makes of one of its backups; undefined where it restores nothing. */
export const restoring = (backup: Step | undefined, from: RestoreSource): Restoring | undefined => {
  const restore = backup?.restore?.(from)
  if (!backup || !restore) return undefined
  const { bring, swap, account } = restore
  // In place there is no replaced database to keep: a backup keeps what it holds.
  const keeps = 'dump' in from && from.inPlace
  return {
    bring,
    account,
    swaps: keeps ? [{ ...backup, title: 'Back up the database as it is now' }, swap] : [swap],
  }
}
