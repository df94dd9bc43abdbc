import { phase, stepsOf } from '../model/book.ts'
import type { RestoreSource } from '../model/step.ts'
import { stepsTaken } from '../model/ways.ts'
import type { Arrangement } from '../plan/plan.ts'
import { verifying, whileStopped } from './arrange-rollback.ts'
import { restoring } from './restoring.ts'

/**
 * A restore outside of a deployment: the same steps as in a rollback, with the code as it is. Undefined where the book
 * has no step that keeps what a restore needs.
 */
export const arrangeRestore = (book: Arrangement, from: RestoreSource): Arrangement | undefined => {
  const restore = restoring(
    book.steps.find((step) => step.restore),
    from,
  )
  if (!restore) return undefined
  const started = book.steps.filter(({ sort, stop }) => sort === 'follows' && stop)
  const entries = [
    phase('Bring it beside what runs', [restore.bring]),
    phase('Put it in place', whileStopped(restore.swaps, started, book.env)),
    phase('Account for it', [restore.account]),
    verifying(stepsTaken(book.entries, () => false)),
  ].filter((entry) => stepsOf(entry).length > 0)
  return { ...book, entries, steps: entries.flatMap(stepsOf) }
}
