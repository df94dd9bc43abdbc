import { type Act, explain, failureOf, few } from '../../runbook/index.ts'
import { comparedIn, type LiveState, liveDifferences, liveState } from './live-state.ts'

const FACT = 'the database that is in use is as it was meanwhile'
const REMEDY =
  'find out who changed it: somebody else, or a migration that reaches it by a way of its own, such as a URL in a file'

/** Holds the live database against what it was, whatever became of the work: its failure, and an interrupt, too. */
export const leavingUntouched = async (act: Act<any, any>, work: () => Promise<void>): Promise<void> => {
  const before = await liveState(act)
  try {
    await work()
  } catch (error) {
    await proveUntouched(act, before, error)
    throw error
  }
  await proveUntouched(act, before)
}

const proveUntouched = async (act: Act<any, any>, before: LiveState, failed?: unknown): Promise<void> => {
  const after = await liveState({ see: act.seeAtEnd }).catch((error: unknown) => failureOf(error))
  const alsoFailed = failed === undefined ? '' : `; the rehearsal itself failed: ${sentenceOf(failed)}`
  if ('kind' in after) {
    const seen = `it could not be looked at: ${explain(after).sentence}`
    try {
      act.prove(FACT, { holds: false, seen, compared: [] }, 'look at the database, then deploy again')
    } catch (unknown) {
      throw failed ?? unknown
    }
    return
  }
  const different = liveDifferences(before, after)
  act.prove(
    FACT,
    {
      holds: different.length === 0,
      seen: different.length
        ? `${few(different, 6, '; ')}${alsoFailed}`
        : `the same: ${comparedIn(after).join(', ')}`,
      compared: comparedIn(after),
    },
    REMEDY,
  )
}

const sentenceOf = (error: unknown): string => explain(failureOf(error)).sentence
