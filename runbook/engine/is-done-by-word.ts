import { Failed } from '../model/failure.ts'
import type { Step } from '../model/step.ts'
import { askChoice } from './ask.ts'
import { type EarlierAttempt, unendedAction } from './earlier-attempt.ts'
import type { RunContext } from './run-context.ts'

/**
 * Whether an operator says that a step was done in whose effect the run was killed, where nothing that can be seen
 * tells. Where nobody is there to say, the run does not guess: a failure of the kind `in-doubt`. `held`: what its proof
 * sees now, and saw before it began too.
 */
export const isDoneByWord = async (
  step: Step,
  earlier: EarlierAttempt,
  context: RunContext,
  held?: string,
): Promise<boolean> => {
  const printed = unendedAction(earlier)
  // What follows is done again anyway; a state that is made twice may be another.
  const doubt = step.doubt ?? (step.sort === 'state' && held !== undefined ? heldBefore(held) : undefined)
  if (doubt === undefined || printed === undefined || step.sort === 'verifies') return false
  const inDoubt = new Failed({ kind: 'in-doubt', title: step.title, printed, look: doubt })
  if (!context.answers.canAsk) throw inDoubt
  const answer = await askChoice(
    `"${step.title}" was interrupted, and nothing shows whether it was done. Look at ${doubt}.`,
    [
      { name: 'It was done: go on', value: 'done' },
      { name: 'It was not: do it again', value: 'again' },
      { name: 'I do not know', value: 'unknown' },
    ],
    undefined,
    context,
  )
  if (answer === 'unknown') throw inDoubt
  return answer === 'done'
}

const heldBefore = (held: string): string =>
  `what it changes; its proof holds (${held}), as it did before it began`
