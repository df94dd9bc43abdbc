import { operatorName } from '../doors/process-identity.ts'
import type { Failure, Unmet } from '../model/failure.ts'
import { askText } from './ask.ts'
import type { RunContext } from './run-context.ts'

type Known = Unmet & { known: readonly string[] }

/** What a failure found that is past, and that no try will change; undefined where it found anything else. */
export const pastIn = (failure: Failure): Known[] | undefined => {
  if (failure.kind !== 'before-unmet' && failure.kind !== 'after-unmet') return undefined
  return failure.unmet.every((one): one is Known => one.known !== undefined) ? failure.unmet : undefined
}

/** Asks what is known of it, and records that with who says so; it counts no longer then. */
export const callKnown = async (past: readonly Known[], context: RunContext): Promise<void> => {
  for (const { seen, known } of past) {
    const note = await askText(`What is known of “${seen}”? (for the transcript)`, undefined, context)
    recordKnown({ seen, known, note }, 'operator', context)
  }
}

/** What is called known by a flag is recorded where it first counts. */
export const recordKnown = (
  {
    seen,
    known,
    note = '',
    step,
  }: { seen: string; known: readonly string[]; note?: string; step?: string | undefined },
  by: 'operator' | 'flag',
  { recorder, state, doors }: RunContext,
): void => {
  const said = known.filter((name) => !state.known.includes(name))
  for (const name of said)
    recorder.record({
      type: 'answered',
      ...(step && { step }),
      question: `Is it known? ${name}: ${seen}`,
      answer: note ? `known: ${note}` : 'known',
      by,
      who: operatorName(doors.variables),
      known: name,
    })
}
