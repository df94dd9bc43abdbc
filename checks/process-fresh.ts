import { type Check, defineCheck, fails, holds, typed } from '../runbook/index.ts'
import { type Instance, pm2Instances, stateOf } from './reading/pm2-instances.ts'

export interface ProcessFreshOptions {
  process: string
  /** The process ids from before the restart. */
  notPids: readonly number[]
}

/** pm2 runs a process, all instances of it, under other process ids than before, and none has crashed at its start. */
export const processFresh = ({ process, notPids }: ProcessFreshOptions): Check =>
  defineCheck({
    fact: `${process} runs as a new process`,
    remedy: typed`pm2 logs ${process} --err --lines 50`,
    look: async (look) => {
      const instances = await pm2Instances(look, process)
      if (instances.length === 0) return fails('pm2 does not know it', { final: true })
      const state = stateOf(instances)
      const old = instances.filter(({ pid }) => notPids.includes(pid))
      if (old.length) return fails(`${state}: still the old process`)
      const crashed = instances.filter(isCrashed)
      if (crashed.length) return fails(`${state}: ${crashed.map(crashesOf).join('; ')}`, { final: true })
      if (instances.some(({ status, pid }) => status !== 'online' || !pid)) return fails(state)
      return holds(notPids.length ? `${state}, before: ${notPids.join(', ')}` : state)
    },
  })

/**
 * A restart on request sets the count of quick crashes back, but then counts the end of the old process as one where
 * that was younger than a second. One crash of the new process is left to `processStable` to find.
 */
const isCrashed = ({ status, quickCrashes }: Instance): boolean =>
  quickCrashes > 1 || ['errored', 'stopped', 'waiting restart'].includes(status)

const crashesOf = ({ quickCrashes, status }: Instance): string => {
  if (quickCrashes > 1) return `it died within its first second, ${quickCrashes} times`
  if (status === 'waiting restart') return 'it died and is to be started again'
  return status === 'errored' ? 'pm2 gave up on it' : 'it ended and was not started again'
}
