import { verify as verifyBook } from '../engine/verify.ts'
import { lastDeployment } from '../journal/past-runs.ts'
import type { Invocation } from './invocation.ts'
import { openBook } from './open-book.ts'
import { runReading } from './run-reading.ts'

/** Only the checks of what should hold after a deployment. */
export const verify = async (invocation: Invocation): Promise<number> => {
  const open = await openBook(invocation)
  const { arrangement, stateDir } = open
  const last = await lastDeployment(stateDir, arrangement.env.name)
  const ended = await runReading(
    'verify',
    invocation,
    open,
    { arrangement },
    {
      locks: false,
      work: ({ context }) => verifyBook(arrangement, context, last),
    },
  )
  return ended.exit
}
