import { machineName, operatorName } from '../doors/process-identity.ts'
import { freeze } from '../engine/freeze.ts'
import { runIn } from '../engine/lock.ts'
import { explain } from '../model/explain.ts'
import { visible } from '../render/visible.ts'
import type { Invocation } from './invocation.ts'
import { lookCommand } from './look-command.ts'
import { prepareStateDir } from './prepare-state-dir.ts'
import { UsageError } from './usage-error.ts'

/** Locks an environment on purpose: no run of it begins until somebody unlocks it. */
export const lock = async (invocation: Invocation): Promise<number> => {
  const { options, variables, say } = invocation
  const reason = options.reason?.trim()
  if (!reason) throw new UsageError('it does not say why', 'whoever is kept out is told: --reason <text>')
  return lookCommand(invocation, async ({ arrangement: { book, env }, stateDir }, context) => {
    const machine = machineName()
    const since = context.doors.clock.now().toISOString()
    const why = context.recorder.redacted({ operator: operatorName(variables), machine, since, reason })
    prepareStateDir(stateDir)
    const { onlyHere } = await freeze({ book: book.name, stateDir }, why, context)
    say(`${env.name} is locked for every run, by ${why.operator}: ${visible(why.reason)}\n`)
    if (onlyHere) say(`  on this machine only, in this state folder: ${visible(onlyHere)}\n`)
    const going = await runIn(book.name, { env: env.name, stateDir, machine }, context)
    if (going) say(`  a run that began before goes on: ${visible(explain(going).sentence)}\n`)
    say(`  to let runs begin again: runbook unlock ${env.name}\n`)
  })
}
