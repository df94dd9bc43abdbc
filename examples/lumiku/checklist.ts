import { type Check, defineStep, nothingToUndo } from 'runbook'

/**
 * A step of this book's own: facts that must hold before anything is done. `doctor` shows them, `plan` and `deploy`
 * stop where one does not hold, and the transcript keeps what was seen.
 */
export const checklist = (id: string, title: string, facts: readonly [Check, ...Check[]]) =>
  defineStep({
    id,
    title,
    about: 'Looks at facts that must hold before anything is done. Changes nothing.',
    sort: 'prepares',
    needs: () => facts,
    after: () => facts,
    undo: () => nothingToUndo('it only looks'),
  })
