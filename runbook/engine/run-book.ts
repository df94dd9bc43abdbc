import type { Entry, Group } from '../model/book.ts'
import { failureOf } from '../model/failure.ts'
import type { Step } from '../model/step.ts'
import { type Decision, decideAfter } from './decide-after.ts'
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
  const failing = { yes: false }
  /** While it is decided what to do about a failure, no branch begins a further step. */
  let deciding: Promise<unknown> = Promise.resolve()
  const decide = (step: Step, error: unknown): Promise<Decision> => {
    const decision = decideAfter(step, failureOf(error), context).then(
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
  const run = async (entry: Entry): Promise<void> => {
    await deciding
    if (failing.yes) return
    context.signal.throwIfAborted()
    if (entry.kind !== 'step') return entry.kind === 'parallel' ? runParallel(entry) : runEach(entry.entries)
    for (;;) {
      try {
        return await runStep(entry, context, expected)
      } catch (error) {
        const decision = await decide(entry, error)
        // What went on where it was not seen is not begun again beside itself.
        if (decision === 'retry') await seeToSurvivors(context, entry)
        if (decision === 'retry') continue
        if (decision === 'skip') return
        throw error
      }
    }
  }
  const runEach = async (each: readonly Entry[]): Promise<void> => {
    for (const [i, entry] of each.entries())
      try {
        await run(entry)
      } catch (error) {
        // What was stopped is started again; where that fails too, the first failure is the one to tell.
        for (const later of each.slice(i + 1))
          if (later.kind === 'step' && later.regardless)
            await runStep(later, context, expected).catch(() => {})
        throw error
      }
  }
  const runParallel = async ({ entries: branches }: Group): Promise<void> => {
    const ended = await Promise.allSettled(branches.map(run))
    const failed = ended.find((branch) => branch.status === 'rejected')
    if (failed) throw failed.reason
  }
  await runEach(entries)
}
