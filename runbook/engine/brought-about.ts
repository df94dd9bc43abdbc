import { isOver } from '../journal/fold.ts'
import type { PastRun } from '../journal/past-runs.ts'
import { type Check, holds } from '../model/check.ts'
import type { Json } from '../model/json.ts'
import type { Look } from '../model/look.ts'
import type { Known, Step } from '../model/step.ts'
import { nothingToUndo } from '../model/undo.ts'
import type { Arrangement } from '../plan/plan.ts'

/** Thrown where a check asks for what only a transcript knows. */
class OnlyRemembered extends Error {}

/** Looks at the world alone: what a run has said or done is not to be had. */
export const withoutMemory = (look: Look): Look => {
  const remember = (): never => {
    throw new OnlyRemembered()
  }
  return { ...look, performed: remember, signedOff: remember, sampled: remember }
}

/** Nothing but the transcript of a run could tell what was asked for. */
export const isOnlyRemembered = (error: unknown): boolean => error instanceof OnlyRemembered

/**
 * What the migrations of a book have brought about, by what was seen before each was last done: as steps that only look.
 * A restore asks them before it begins and at its end; what does not hold any more went back with the database.
 */
export const broughtAbout = ({ steps }: Arrangement, runs: readonly PastRun[]): Step[] =>
  steps
    .filter(({ role }) => role === 'migration')
    .map((step) => {
      const last = runs.findLast(({ state }) => isOver(state.steps.get(step.id)?.state))
      const then = last?.state.steps.get(step.id)?.observed
      const { role: _, loses: __, ...rest } = step
      return {
        ...rest,
        title: `What “${step.title}” has brought about`,
        sort: 'verifies',
        observe: async (look) => then ?? step.observe(look),
        before: () => [],
        actions: () => ({}),
        run: async () => {},
        after: (known: Known<Json>) => {
          const [first, ...others] = step.after(known)
          return [ofTheWorld(first), ...others.map(ofTheWorld)] as const
        },
        undo: () => nothingToUndo('it only looks'),
      } satisfies Step
    })

const ofTheWorld = (check: Check): Check => ({
  ...check,
  look: async (look) => {
    try {
      return await check.look(withoutMemory(look))
    } catch (error) {
      if (!isOnlyRemembered(error)) throw error
      return holds('only the transcript of its run could tell', { untold: true })
    }
  },
})
