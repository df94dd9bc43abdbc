import { type Entry, type Group, stepsOf } from '../model/book.ts'
import { failureOf } from '../model/failure.ts'
import type { Step } from '../model/step.ts'
import { pageOrder } from '../plan/page-order.ts'
import { type Decision, decideAfter } from './decide-after.ts'
import { GoesOtherWay, leaveOut, type OtherWay, otherWay } from './other-way.ts'
import type { RunContext } from './run-context.ts'
import { type Expected, runStep } from './run-step.ts'
import { seeToSurvivors } from './survivors.ts'

/**
 * Runs the entries in the order of the page; `parallel` is the only way to leave it. When one branch fails, the
 * others finish the step they are in and begin no further one: to end a half-done installation would leave more to
 * repair than to wait for it.
 */
export const runBook = async (
  entries: readonly Entry[],
  context: RunContext,
  expected?: Expected,
): Promise<void> => {
  context.order = pageOrder(entries)
  const failing = { yes: false }
  /** While it is decided what to do about a failure, no branch begins a further step. */
  let deciding: Promise<unknown> = Promise.resolve()
  const decide = (step: Step, error: unknown, other?: OtherWay): Promise<Decision> => {
    const decision = decideAfter(step, failureOf(error), context, other).then(
      (made) => {
        failing.yes ||= made === 'stop' || made === 'rollback'
        return made
      },
      (failure) => {
        failing.yes = true
        throw failure
      },
    )
    deciding = Promise.allSettled([deciding, decision])
    return decision
  }
  const run = async (entry: Entry, other?: OtherWay): Promise<void> => {
    await deciding
    if (failing.yes) return
    context.signal.throwIfAborted()
    if (entry.kind === 'parallel') return runParallel(entry)
    if (entry.kind === 'either') return runEither(entry)
    if (entry.kind !== 'step') return runEach(entry.entries, other)
    for (;;) {
      try {
        return await runStep(entry, context, expected)
      } catch (error) {
        const decision = await decide(entry, error, other)
        // What went on where it was not seen is not begun again beside itself.
        if (decision === 'retry') await seeToSurvivors(context, entry)
        if (decision === 'retry') continue
        if (decision === 'skip') return
        if (decision === 'other-way') throw new GoesOtherWay()
        throw error
      }
    }
  }
  const runEach = async (each: readonly Entry[], other?: OtherWay): Promise<void> => {
    for (const [i, entry] of each.entries())
      try {
        await run(entry, other)
      } catch (error) {
        // What was stopped is started again; where that fails too, the first failure is the one to tell.
        for (const later of each.slice(i + 1))
          if (later.kind === 'step' && later.regardless)
            await runStep(later, context, expected).catch(() => {})
        throw error
      }
  }
  const runParallel = async ({ entries: branches }: Group): Promise<void> => {
    const ended = await Promise.allSettled(branches.map((branch) => run(branch)))
    const failed = ended.find((branch) => branch.status === 'rejected')
    if (failed) throw failed.reason
  }
  /** Where one way is left, after a resume, the other has been left out. */
  const runEither = async ({ entries: [first, second] }: Group): Promise<void> => {
    if (!first || !second) return runEach(first ? [first] : [])
    const steps = stepsOf(first)
    try {
      await run(first, otherWay(second, steps, context))
      if (!failing.yes) leaveOut(stepsOf(second), first, context)
    } catch (error) {
      if (!(error instanceof GoesOtherWay)) throw error
      leaveOut(steps, second, context)
      await run(second)
    }
  }
  await runEach(entries)
}
