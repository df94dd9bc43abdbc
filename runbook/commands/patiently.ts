import { systemClock } from '../doors/clock.ts'
import { machineName } from '../doors/process-identity.ts'
import { keptOutBy } from '../engine/lock.ts'
import { explain } from '../model/explain.ts'
import { Failed, type Failure, failureOf } from '../model/failure.ts'
import { visible } from '../render/visible.ts'
import type { Invocation } from './invocation.ts'
import { stateDirOf } from './open-book.ts'
import { spanOf } from './span-of.ts'

/** How often the lock file is looked at, and how often the command is tried again where only that tells. Milliseconds. */
const LOOK = 500
const TRY = 5_000

/**
 * A command, tried again while another run keeps it out, for as long as `--wait` says. It begins from its own beginning
 * each time: what it would do may be another thing once that run has ended.
 */
export const patiently = async (
  command: (invocation: Invocation) => Promise<number>,
  invocation: Invocation,
  takesEnvironment: boolean,
): Promise<number> => {
  const { wait } = invocation.options
  if (wait === undefined) return command(invocation)
  const until = systemClock.monotonic() + spanOf(wait, '90s, 10m or 1h')
  let again = invocation
  let said = ''
  for (;;) {
    try {
      return await command(again)
    } catch (error) {
      const failure = failureOf(error)
      if (failure.kind !== 'locked') throw error
      // What was asked once is not asked again.
      if (takesEnvironment) again = { ...invocation, env: failure.env }
      for (let now: Failure | undefined = failure; now; now = await heldHere(failure.env, invocation)) {
        if (now.kind !== 'locked' || systemClock.monotonic() >= until) throw new Failed(now)
        const sentence = `waiting: ${explain(now).sentence}`
        if (sentence !== said) invocation.say(`${visible(sentence)}\n`)
        said = sentence
        const pause = now.at === undefined ? TRY : LOOK
        await systemClock.sleep(Math.min(pause, until - systemClock.monotonic()), invocation.signal)
      }
    }
  }
}

const heldHere = (env: string, invocation: Invocation): Promise<Failure | undefined> => {
  const stateDir = stateDirOf(invocation)
  return keptOutBy({ env, stateDir, machine: machineName() })
}
