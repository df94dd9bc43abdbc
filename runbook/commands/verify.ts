import type { RunContext } from '../engine/run-context.ts'
import { type Compared, verify as verifyBook } from '../engine/verify.ts'
import { changesIn, recall, rolledBack } from '../journal/history.ts'
import type { Invocation } from './invocation.ts'
import { openBook } from './open-book.ts'
import { runReading } from './run-reading.ts'

/** Only the checks of what should hold after a deployment. */
export const verify = async (invocation: Invocation): Promise<number> => {
  const open = await openBook(invocation)
  const { arrangement, stateDir } = open
  const ended = await runReading(
    'verify',
    invocation,
    open,
    { arrangement },
    {
      locks: false,
      work: async ({ context }) => verifyBook(arrangement, context, await comparedWith(stateDir, context)),
    },
  )
  return ended.exit
}

/** The last deployment, or the rollback that came behind it; as far as is known of them here. */
const comparedWith = async (stateDir: string, { ledger }: RunContext): Promise<Compared> => {
  const history = await ledger.history()
  const latest = changesIn(history).at(-1)
  if (latest?.summary.started?.command === 'rollback')
    return {
      last: await recall(stateDir, latest),
      why: rolledBack(latest)
        ? `${latest.id} has taken it back`
        : `${latest.id} was to take it back, and did not come to its end`,
      takenBack: true,
    }
  const deployed = history.findLast(
    ({ summary: { started, ended } }) => started?.command === 'deploy' && ended?.verdict === 'done',
  )
  if (!deployed) return { why: 'the transcript of the last deployment is not here' }
  const last = await recall(stateDir, deployed)
  const { operator, machine } = last.state.started ?? {}
  const why = last.whole
    ? `the last deployment, ${last.id}, did not do it`
    : `the transcript of the last deployment is not here, but with ${operator} on ${machine}`
  return { last, why }
}
