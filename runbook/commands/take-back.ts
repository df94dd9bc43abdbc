import { join } from 'node:path'
import { arrangeRollback, type RollbackOptions } from '../engine/arrange-rollback.ts'
import { runBook } from '../engine/run-book.ts'
import type { PastRun } from '../journal/past-runs.ts'
import type { Ended } from '../model/exit.ts'
import { approve } from './approve.ts'
import type { Invocation } from './invocation.ts'
import type { OpenBook } from './open-book.ts'
import { runReading } from './run-reading.ts'

/**
 * Takes a deployment back that has just failed, as a run of its own with its own transcript, while the deployment
 * still holds the environment. The code only: the database goes back when an operator asks for it.
 */
export const takeBack = (
  target: PastRun,
  reason: string,
  open: OpenBook,
  invocation: Invocation,
): Promise<Ended> => {
  const { options } = invocation
  const arrangement = arrangeRollback(open.arrangement, rollbackOptions(target, open, options))
  const reading = { arrangement, takesBack: target.id, reason }
  return runReading(
    'rollback',
    { ...invocation, options: { ...options, onFailure: 'stop' } },
    open,
    reading,
    {
      locks: false,
      work: async ({ context }) => {
        await approve(arrangement.book, context, options)
        await runBook(arrangement.entries, context)
      },
    },
  )
}

/** How a run is read backwards. */
export const rollbackOptions = (
  target: PastRun,
  { stateDir }: OpenBook,
  { database, around = [] }: Pick<Invocation['options'], 'database' | 'around'>,
): RollbackOptions => ({
  target,
  database,
  around,
  // A run's id begins with the time that its paths have.
  paths: { stamp: target.id.split('-', 1)[0]!, backups: join(stateDir, 'backups') },
})
