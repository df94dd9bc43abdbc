import { arrangeRollback, type RollbackOptions } from '../engine/arrange-rollback.ts'
import { judging } from '../engine/judge-verifications.ts'
import { whileProbing } from '../engine/probe.ts'
import { runBook } from '../engine/run-book.ts'
import type { RunContext } from '../engine/run-context.ts'
import { pathsOf } from '../engine/run-paths.ts'
import { TakenBack } from '../engine/with-run.ts'
import type { PastRun } from '../journal/past-runs.ts'
import { referenceOf } from '../journal/reference-of.ts'
import { stampOfRun } from '../journal/run-id.ts'
import { isAmiss, type Verdicted, verdictsOf } from '../journal/verdicts.ts'
import type { Ended } from '../model/exit.ts'
import { explain } from '../model/explain.ts'
import { failureOf } from '../model/failure.ts'
import { mendedBy } from '../plan/diagnoses-of.ts'
import type { Arrangement } from '../plan/plan.ts'
import { verdictText } from '../render/verdict-lines.ts'
import { approve } from './approve.ts'
import type { Invocation } from './invocation.ts'
import type { OpenBook } from './open-book.ts'
import { runReading, type Work } from './run-reading.ts'

/**
 * Takes a deployment back that has just failed, as a run of its own with its own transcript, while the deployment
 * still holds the environment. The code only: the database goes back when an operator asks for it.
 */
const takeBack = async (
  target: PastRun,
  reason: string,
  open: OpenBook,
  invocation: Invocation,
  { lock }: RunContext,
): Promise<{ ended: Ended; verdicts: Verdicted[] }> => {
  const { options } = invocation
  let verdicts: Verdicted[] = []
  const arrangement = {
    ...arrangeRollback(arrangementOf(target, open), rollbackOptions(target, open, options)),
    reference: await referenceOf(open.stateDir, target),
  }
  const reading = { arrangement, takesBack: target.id, reason }
  const ended = await runReading(
    'rollback',
    { ...invocation, options: { ...options, onFailure: 'stop' } },
    open,
    reading,
    {
      locks: false,
      within: target.id,
      work: async ({ context }) => {
        // It is the same lock, which may be lost as well.
        if (lock) context.lock = lock
        await approve(arrangement.book, context, options)
        try {
          await judging(arrangement, context, () =>
            whileProbing(context, () => runBook(arrangement.entries, context)),
          )
        } finally {
          verdicts = verdictsOf(context.state)
        }
      },
    },
  )
  return { ended, verdicts }
}

/** Does a deployment's work; where it fails, and that was decided, what it had changed is taken back. */
export const orTakeBack = async (
  { run, context, open }: Work,
  invocation: Invocation,
  work: () => Promise<void>,
): Promise<void> => {
  try {
    await work()
  } catch (error) {
    if (!context.takeBack) throw error
    const reason = `it failed: ${explain(failureOf(error)).sentence.split('\n', 1)[0]}`
    const target = { id: run, state: context.state }
    const { ended, verdicts } = await takeBack(target, reason, open, invocation, context)
    throw new TakenBack(failureOf(error), ended, verdicts.filter(isAmiss).map(verdictText))
  }
}

/** The whole of what a run was to do, as the book has it now; nothing where it no longer has that procedure. */
export const arrangementOf = ({ state }: PastRun, { of, arrangement }: OpenBook): Arrangement => {
  const { procedure, revision } = state.started?.told ?? {}
  const known =
    procedure === undefined ||
    Object.hasOwn(arrangement.book.procedures ?? {}, procedure) ||
    mendedBy(procedure, arrangement) !== undefined
  return known ? of(procedure, revision) : { ...arrangement, procedure, entries: [], steps: [] }
}

/** How a run is read backwards. */
export const rollbackOptions = (
  target: PastRun,
  { stateDir, arrangement: { env } }: OpenBook,
  { database, around = [], inPlace = false }: Pick<Invocation['options'], 'database' | 'around' | 'inPlace'>,
): RollbackOptions => ({
  target,
  database,
  around,
  inPlace,
  paths: pathsOf(env, stateDir, stampOfRun(target.id)),
})
