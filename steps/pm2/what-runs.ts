import { type Instance, pm2Daemon, pm2Instances } from '../../checks/reading/pm2-instances.ts'
import type { Look, Step } from '../../runbook/index.ts'
import { outputIfDone } from '../output-if-done.ts'
import { logsNow, type ProcessLogs } from './process-logs.ts'

/** What runs before it is restarted, reloaded or stopped. */
export type WhatRuns = {
  /** pm2's daemon runs. */
  daemon: boolean
  /** pm2 knows the process, whether it runs or not. */
  known: boolean
  /** pm2 may be waiting before it starts a crashed process again. */
  waits: boolean
  clustered: boolean
  /** All its instances run, so that another can take over from each of them. */
  serves: boolean
  pids: number[]
  /** How many restarts they will have had in all after one more; null where that cannot be told. */
  restarts: number | null
  logs: ProcessLogs
}

export const whatRuns = async (look: Look, process: string): Promise<WhatRuns> => {
  const instances = await pm2Instances(look, process)
  return {
    daemon: instances.length > 0 || (await pm2Daemon(look)).runs,
    known: instances.length > 0,
    waits: instances.some(mayWait),
    clustered: instances.every(({ clustered }) => clustered),
    serves: instances.length > 0 && instances.every(({ status }) => status === 'online'),
    pids: instances.map(({ pid }) => pid).filter(Boolean),
    restarts: restartsAfter(instances, look.now().getTime()),
    logs: await logsNow(look, process, instances),
  }
}

/** What the step that stopped it saw before; undefined where that step did not get to its end. */
export const whatRanBefore = async (
  look: Look,
  stop: Step<any, any, WhatRuns>,
): Promise<WhatRuns | undefined> => {
  const ran = outputIfDone(look, stop)
  if (!ran) return undefined
  // pm2 does not count the start of what is stopped as a restart.
  const restarts = ran.restarts === null ? null : ran.restarts - ran.pids.length
  // What did not run was not stopped either.
  return { ...ran, waits: ran.waits && ran.pids.length === 0, serves: false, restarts }
}

/** While pm2 waits before it starts a crashed process again, it refuses to restart it: 'Process … already exists'. */
const mayWait = ({ status, delayed, crashed }: Instance): boolean =>
  status === 'waiting restart' || (delayed && crashed)

/** A process younger than this may be one that crashes again and again, although it has not crashed yet. */
const SETTLED = 30_000

/**
 * How many restarts the instances will have had in all: a stopped one's start is not counted. Null where one may crash
 * once more before its restart.
 */
const restartsAfter = (instances: readonly Instance[], now: number): number | null => {
  const unsettled = ({ status, startedAt }: Instance) =>
    status === 'waiting restart' || status === 'launching' || now - startedAt < SETTLED
  if (instances.some(unsettled)) return null
  return instances.reduce((sum, { status, restarts }) => sum + restarts + (status === 'online' ? 1 : 0), 0)
}
