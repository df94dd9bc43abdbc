import { phase, stepsOf } from '../model/book.ts'
import { within } from '../model/check.ts'
import { defineStep, type Step } from '../model/step.ts'
import { nothingToUndo } from '../model/undo.ts'
import { stepsTaken } from '../model/ways.ts'
import { type Listed, mendingOf } from '../plan/diagnoses-of.ts'
import type { Arrangement } from '../plan/plan.ts'

/**
 * What mends a cause, as a book of its own, so that it is planned, confirmed, locked, recorded and taken back like any
 * other: the remedy, what follows from it in the page, and whether the cause is gone.
 */
export const arrangeRemedy = (book: Arrangement, diagnosis: Listed): Arrangement => {
  const { remedy } = diagnosis
  const mends = remedy?.steps() ?? []
  const rest = remedy?.follows ? behind(mends, book) : []
  const entries = [
    phase(remedy?.title ?? '', [...backupFor(mends, book), ...mends]),
    phase(
      'Do again what follows from it',
      rest.filter(({ sort }) => sort === 'follows'),
    ),
    phase('Look again', [lookAgain(diagnosis), ...rest.filter(({ sort }) => sort === 'verifies')]),
  ].filter((entry) => stepsOf(entry).length > 0)
  const procedure = mendingOf(diagnosis)
  return { ...book, entries, steps: entries.flatMap(stepsOf), ...(procedure && { procedure }) }
}

/** A remedy is mostly a step of the page, done once more: what stands behind it rests on it. */
const behind = (mends: readonly Step[], { entries }: Arrangement): Step[] => {
  const page = stepsTaken(entries, () => false)
  const ids = new Set(mends.map(({ id }) => id))
  return page.slice(page.findLastIndex(({ id }) => ids.has(id)) + 1)
}

/** A remedy that changes a protected database begins with the backup that a deployment would. */
const backupFor = (mends: readonly Step[], { env, steps }: Arrangement): Step[] =>
  env.protected && mends.some(({ role }) => role === 'migration')
    ? steps.filter(({ role }) => role === 'backup')
    : []

/** How long the proof may take to come about: a process that was started has yet to listen. Milliseconds. */
const PATIENCE = 10_000

const lookAgain = ({ cause, probe }: Listed): Step =>
  defineStep({
    id: 'look-again',
    title: 'See whether it is mended',
    about: `Looks once more for what was found: ${cause}.`,
    sort: 'verifies',
    after: () => [within(probe, PATIENCE)],
    undo: () => nothingToUndo('it only looks'),
  })
