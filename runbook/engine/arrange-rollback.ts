import type { StepRecord } from '../journal/fold.ts'
import type { PastRun } from '../journal/past-runs.ts'
import type { Actions } from '../model/action.ts'
import { type Entry, phase } from '../model/book.ts'
import { type Check, defineCheck, early, fails, holds } from '../model/check.ts'
import { Failed } from '../model/failure.ts'
import type { RunPaths } from '../model/look.ts'
import { defineStep, type Step } from '../model/step.ts'
import { type FrozenUndo, nothingToUndo, type Reverse } from '../model/undo.ts'
import type { Arrangement } from '../plan/plan.ts'

/** Which part of the database goes back with the code. */
export type DatabaseScope = 'schema' | undefined

/** A step that the transcript shows as begun, with its way back. */
type Begun = Omit<StepRecord, 'undo'> & { undo: FrozenUndo }
type Undoable = Omit<StepRecord, 'undo'> & { undo: Extract<FrozenUndo, { kind: 'reverse' }> }

export interface RollbackOptions {
  target: PastRun
  database: DatabaseScope
  /** Ids of irreversible steps that the operator goes on around. */
  around: readonly string[]
  paths: RunPaths
}

/**
 * Reads a transcript backwards into a book of its own: the state goes back, then what follows from it is done again,
 * then what should hold is verified. Only what the transcript shows as begun is taken back. The code goes back before
 * an additive change of the schema does, because new code on an old schema is the outage.
 */
export const arrangeRollback = (book: Arrangement, options: RollbackOptions): Arrangement => {
  const begun = begunIn(options.target)
  refuseIrreversible(begun, options)
  const backwards = begun.toReversed()
  const undone = (of: Reverse['of']) =>
    backwards
      .filter(isUndoable)
      .filter(({ undo }) => undo.of === of)
      .map((record) => undoStep(record, book, options))
  const again = (sort: Step['sort']) => book.steps.filter((step) => step.sort === sort)
  const entries: Entry[] = [
    phase('Take back the code', undone('code')),
    phase('Do again what follows from it', again('follows')),
    ...(options.database === 'schema' ? [phase('Take back the schema', undone('schema'))] : []),
    phase(
      'Verify',
      again('verifies').map((step) => ({ ...step, advisory: 'not known to have held before' })),
    ),
  ].filter((group) => group.entries.length > 0)
  return {
    ...book,
    entries,
    steps: entries.flatMap((group) => (group.kind === 'step' ? [group] : (group.entries as Step[]))),
  }
}

/** What stays as it is although the run changed it, with the reason. */
export const staysAsItIs = ({ target, database }: RollbackOptions): { title: string; because: string }[] =>
  begunIn(target).flatMap(({ title, undo }) => {
    if (undo.kind !== 'reverse') return [{ title, because: undo.because }]
    if (undo.of === 'code' || database === 'schema') return []
    return [{ title, because: 'the database goes back only when asked for: --database=schema' }]
  })

const begunIn = ({ state }: PastRun): Begun[] =>
  [...state.steps.values()].filter(
    (record): record is Begun =>
      record.sort === 'state' && record.actions.size > 0 && record.undo !== undefined,
  )

const isUndoable = (record: Begun): record is Undoable => record.undo.kind === 'reverse'

const refuseIrreversible = (begun: readonly Begun[], { around }: RollbackOptions): void => {
  const unmet = begun.flatMap(({ id, title, undo }) => {
    if (undo.kind !== 'forward-only' || around.includes(id)) return []
    const remedy = `${undo.instead}; or leave it as it is and go on around it: --around ${id}`
    return [{ fact: `"${title}" can be taken back`, seen: undo.because, remedy }]
  })
  if (unmet.length) throw new Failed({ kind: 'before-unmet', unmet })
}

/** A step that performs a recorded way back, with the proofs of the step whose way back it is. */
const undoStep = (record: Undoable, book: Arrangement, { target, paths }: RollbackOptions): Step => {
  const { revision } = target.state
  const { of, actions } = record.undo
  const step = book.steps.find(({ id }) => id === record.id)
  const known = { observed: record.observed, env: book.env, run: paths }
  const undo = step?.undo(known)
  const made = undo?.kind === 'reverse' ? undo : undefined
  const [first = wasPerformed(Object.keys(actions)), ...rest] = made?.after ?? []
  return defineStep({
    id: `undo-${record.id}`,
    title: `Take back: ${record.title}`,
    about: 'Performs the way back that was recorded before the first effect of the step.',
    sort: 'state',
    ...(of === 'code' && revision && { revision: () => ({ from: revision.to, to: revision.from }) }),
    ...(made?.loses && { loses: made.loses }),
    before: () => (made?.before ?? []).map(early),
    actions: () => actions as Actions,
    after: () => [first, ...rest],
    undo: () => nothingToUndo('deploy again'),
  })
}

/** All that is left to say where the book no longer has the step. */
const wasPerformed = (actions: readonly string[]): Check =>
  defineCheck({
    fact: 'its way back was performed to the end',
    remedy: 'look at the last lines of the transcript',
    look: async ({ performed }) => {
      const missing = actions.filter((name) => performed(name) === undefined)
      return missing.length ? fails(`not performed: ${missing.join(', ')}`) : holds(actions.join(', '))
    },
  })
