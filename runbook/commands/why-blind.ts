import { demandRightTarget } from '../engine/right-target.ts'
import type { RunContext } from '../engine/run-context.ts'
import { explain } from '../model/explain.ts'
import { Failed } from '../model/failure.ts'

/** Why nothing may be looked at: what is not the environment that the book means tells nothing of it. */
export const whyBlind = async (context: RunContext): Promise<string | undefined> => {
  try {
    await demandRightTarget(context)
    return undefined
  } catch (error) {
    if (!(error instanceof Failed)) throw error
    const { sentence, detail } = explain(error.failure)
    return [sentence, detail].filter(Boolean).join(' ')
  }
}
