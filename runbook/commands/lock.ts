import { whoRuns } from '../doors/process-identity.ts'
import { freeze, freezeOf, frozenBy } from '../engine/freeze.ts'
import { runIn } from '../engine/lock.ts'
import { explain } from '../model/explain.ts'
import { Failed } from '../model/failure.ts'
import { typed } from '../model/shell-word.ts'
import { onOneLine } from '../model/unseen.ts'
import { visible } from '../render/visible.ts'
import type { Invocation } from './invocation.ts'
import { lookCommand } from './look-command.ts'
import { recordedAct } from './recorded-act.ts'
import { UsageError } from './usage-error.ts'

/** Locks an environment on purpose: no run of it begins until somebody unlocks it. */
export const lock = async (invocation: Invocation): Promise<number> => {
  const { options, variables, say } = invocation
  const reason = options.reason?.trim()
  if (!reason) throw new UsageError('it does not say why', 'whoever is kept out is told: --reason <text>')
  return lookCommand(invocation, async (open, context) => {
    const { arrangement, stateDir } = open
    const { book, env } = arrangement
    const who = whoRuns(variables)
    const since = context.doors.clock.now().toISOString()
    const why = context.recorder.redacted({ ...who, since, reason })
    const kept = { book: book.name, stateDir }
    const already = await freezeOf(kept, context).catch(ignoring(context.signal))
    if (already) throw new Failed(frozenBy(env.name, already))
    const { onlyHere } = await recordedAct(
      { command: 'lock', reason, found: [] },
      open,
      invocation,
      (recorded) => freeze(kept, why, recorded),
    )
    say(`${env.name} is locked for every run, by ${why.operator}: ${visible(onOneLine(why.reason))}\n`)
    if (onlyHere) say(`  on this machine only, in this state folder: ${visible(onlyHere)}\n`)
    const where = { env: env.name, stateDir, machine: who.machine }
    const going = await runIn(book.name, where, context)
    if (going) say(`  a run that began before goes on: ${visible(explain(going).sentence)}\n`)
    say(typed`  to let runs begin again: runbook unlock ${env.name}\n`)
  })
}

/** A database that is down keeps nobody from locking: where it is kept is decided, and said, then. */
const ignoring =
  (signal: AbortSignal) =>
  (error: unknown): undefined => {
    signal.throwIfAborted()
    if (!(error instanceof Failed)) throw error
  }
