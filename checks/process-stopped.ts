import { type Check, defineCheck, Failed, fails, gets, holds, reads, typed } from '../runbook/index.ts'

export interface ProcessStoppedOptions {
  process: string
  /** The process ids from before it was stopped. */
  pids: readonly number[]
  /** The path that answered while it ran; false: none is asked. */
  health: string | false
}

/**
 * Nothing of a stopped application runs or answers any more. The process ids of before are looked for, not pm2's list:
 * it takes half a second to come, in which nobody is served.
 */
export const processStopped = ({ process, pids, health }: ProcessStoppedOptions): Check =>
  defineCheck({
    fact: `${process} has stopped`,
    remedy: typed`pm2 stop ${process}; what still answers is found with: ss -ltnp`,
    look: async ({ attempt }) => {
      const running = pids.length ? await attempt(reads('ps', '-o', 'pid=', '-p', pids.join(','))) : undefined
      // Slim containers have no ps: then the answer alone tells.
      const alive = running?.ok ? running.value.trim().split(/\s+/) : []
      if (alive.length) return fails(`still there: pid ${alive.join(', ')}`)
      if (health === false) return holds('its processes are gone')
      const asked = await attempt({ ...gets(health), timeout: 2000 })
      if (!asked.ok) {
        if (asked.failure.kind !== 'request-failed') throw new Failed(asked.failure)
        return holds(`GET ${health}: ${asked.failure.message}`)
      }
      // What stands before it, such as nginx, says that nobody answers.
      const { status } = asked.value
      return status >= 500
        ? holds(`GET ${health}: ${status}`)
        : fails(`GET ${health} still answers ${status}`)
    },
  })
