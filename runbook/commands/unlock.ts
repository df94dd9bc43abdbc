import { operatorName } from '../doors/process-identity.ts'
import { askOnTerminal } from '../doors/prompt.ts'
import { freezeOf, frozenBy, thaw } from '../engine/freeze.ts'
import { explain } from '../model/explain.ts'
import { Failed } from '../model/failure.ts'
import { visible } from '../render/visible.ts'
import type { Invocation } from './invocation.ts'
import { lookCommand } from './look-command.ts'

/** Takes away what `runbook lock` has put there. The lock of a run is only ever freed by that run. */
export const unlock = (invocation: Invocation): Promise<number> =>
  lookCommand(invocation, async ({ arrangement: { book, env }, stateDir }, context) => {
    const { say, variables } = invocation
    const kept = { book: book.name, stateDir }
    const there = await freezeOf(kept, context)
    if (!there) {
      say(`${env.name} is not locked on purpose; the lock of a run goes with that run.\n`)
      return
    }
    const whose = visible(explain(frozenBy(env.name, there)).sentence)
    if (there.operator !== operatorName(variables)) await mayUnlock(`${whose}. Unlock it?`, invocation)
    await thaw(kept, context)
    say(`${env.name} is unlocked. It was: ${whose}\n`)
  })

const mayUnlock = async (question: string, { options, canAsk, signal }: Invocation): Promise<void> => {
  if (options.yes) return
  if (!canAsk) throw new Failed({ kind: 'answer-needed', question, flag: '--yes' })
  const answer = await askOnTerminal({ kind: 'confirm', message: question, default: false }, signal)
  if (answer !== 'yes') throw new Failed({ kind: 'declined', question })
}
