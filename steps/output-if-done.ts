import { Failed, type Look, type Step } from '../runbook/index.ts'

/** What a step has handed on; undefined where no run that is known of has got to its end. */
export const outputIfDone = <Out>({ outputOf }: Look, step: Step<any, any, Out>): Out | undefined => {
  try {
    return outputOf(step)
  } catch (error) {
    // Of a plan, which does not know it yet, the engine takes care.
    if (error instanceof Failed) return undefined
    throw error
  }
}
