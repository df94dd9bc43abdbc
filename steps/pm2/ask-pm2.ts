import { pm2Daemon } from '../../checks/reading/pm2-instances.ts'
import {
  type Act,
  type Actions,
  type Command,
  changes,
  explain,
  Failed,
  type Failure,
  gets,
  type Look,
  milliseconds,
  type Text,
} from '../../runbook/index.ts'

/** How long one of pm2's commands may take: it answers in a second, or its daemon is gone. Milliseconds. */
const A_MINUTE = 60_000
/** Of many instances one after the other. Milliseconds each. */
const AN_INSTANCE = 15_000

export interface Pm2Limit {
  /** How many instances it is about. */
  instances?: number
  /** What the book says instead. Milliseconds. */
  timeout?: number | undefined
}

/**
 * A command of pm2 that changes something, with a limit that fits it. Its daemon, where it has to be started, and whatever is started, keep
 * for good what pm2 is called with: that is little, and these of the book's variables. A restart hands a process what pm2
 * is called with only by `--update-env`.
 */
export const asksPm2 = (
  { instances = 1, timeout = Math.max(A_MINUTE, instances * AN_INSTANCE) }: Pm2Limit,
  words: readonly string[],
  { variables = [], env }: Pm2Variables = {},
): Command<'changes'> => ({ ...changes('pm2', ...words), timeout, outlives: variables, ...(env && { env }) })

/** What pm2 is called with, besides the little that it needs itself. */
export interface Pm2Variables {
  /** Names of the book's variables. */
  variables?: readonly string[]
  env?: Readonly<Record<string, Text>> | undefined
}

/**
 * Performs each action, in order. Where one fails and pm2's daemon is gone, that is why: its commands wait for it, and
 * what it kept running is kept by nobody.
 */
export const performWithDaemon = async (
  act: Act<any, any>,
  actions: Actions,
  { health, remedy }: { health: string | false; remedy: string },
): Promise<void> => {
  for (const name of Object.keys(actions))
    try {
      await act.perform(name)
    } catch (error) {
      const failure = error instanceof Failed ? error.failure : undefined
      if (failure?.kind !== 'timeout' && failure?.kind !== 'command-failed') throw error
      act.signal.throwIfAborted()
      const daemon = await pm2Daemon(act)
      if (daemon.runs) throw error
      act.prove(`pm2's daemon runs (PM2_HOME ${daemon.home})`, await gone(act, failure, health), remedy)
    }
}

const gone = async (
  look: Look,
  failure: Extract<Failure, { kind: 'timeout' | 'command-failed' }>,
  health: string | false,
) => {
  const { sentence } = explain(failure)
  const seen = [`it is gone: ${sentence}`, ...(health === false ? [] : [await metWith(look, health)])]
  return { holds: false, seen: seen.join('; '), ...(failure.tail && { tail: failure.tail }) }
}

/** What users of the application meet with right now. */
const metWith = async (look: Look, health: string): Promise<string> => {
  const asked = await look.attempt({ ...gets(health), timeout: 2000 })
  if (asked.ok) return `GET ${health} answers ${asked.value.status} in ${milliseconds(asked.value.ms)}`
  const { failure } = asked
  return `GET ${health}: ${failure.kind === 'request-failed' ? failure.message : explain(failure).sentence}`
}
