import { askFor } from '../engine/ask.ts'
import type { RunContext } from '../engine/run-context.ts'
import type { Plan } from '../plan/plan.ts'

/** A revision that was rolled back once, by whomever, is not deployed again by accident. */
export const askAgainAfterRollback = async ({ revision }: Plan, context: RunContext): Promise<void> => {
  if (!revision) return
  for (const { summary } of (await context.ledger.history()).toReversed()) {
    const { started, ended, revision: moved } = summary
    // Deployed well since: it has proven itself.
    if (started?.command === 'deploy' && ended?.verdict === 'done' && moved?.to === revision.to) return
    const tookBack = ended?.verdict === 'rolled-back' || ended?.verdict === 'rollback-failed'
    if (started?.command !== 'rollback' || !tookBack || moved?.from !== revision.to) continue
    const when = ended.at.slice(0, 16).replace('T', ' ')
    const why = started.reason ? `: ${started.reason}` : ', without a reason given'
    const what = ended.verdict === 'rolled-back' ? 'was taken back' : 'was to be taken back, which failed,'
    const question = `${revision.to.slice(0, 7)} ${what} on ${when} UTC by ${started.operator}${why}. Deploy it again?`
    await askFor({ kind: 'go-on', question }, context)
    return
  }
}
