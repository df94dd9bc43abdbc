import { type Instance, instancesOf, pm2Daemon } from '../../checks/reading/pm2-instances.ts'
import type { Look, Step } from '../../runbook/index.ts'
import { outputIfDone } from '../output-if-done.ts'
import { logsNow, type ProcessLogs } from './process-logs.ts'

/** What runs before it is restarted, reloaded or stopped. */
export type WhatRuns = {
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
  /** The process id of pm2's daemon, whose list this is of; 0 where none runs. */
  daemon: number
}

export const whatRuns = async (look: Look, process: string): Promise<WhatRuns> => {
  const daemon = await pm2Daemon(look)
  const instances = await instancesOf(daemon, look, process)
  return {
    known: instances.length > 0,
    waits: instances.some(mayWait),
    clustered: instances.every(({ clustered }) => clustered),
    serves: instances.length > 0 && instances.every(({ status }) => status === 'online'),
    pids: instances.map(({ pid }) => pid).filter(Boolean),
    restarts: restartsAfter(instances, look.now().getTime()),
    logs: await logsNow(look, process, instances),
    daemon: daemon.pid,
  }
}

/**
 * What the step that stopped it saw before; what runs now where that step did not get to its end. A daemon that has
 * died since has taken its list with it, and another does not know the process: then pm2 is asked anew.
 */
export const whatRanBefore = async (
  look: Look,
  process: string,
  stop: Step<any, any, WhatRuns>,
): Promise<WhatRuns> => {
  const ran = outputIfDone(look, stop)
  // What another step has stopped, or was to stop, is restarted and not reloaded.
  const now = async () => ({ ...(await whatRuns(look, process)), serves: false })
  if (!ran) return now()
  const { runs, pid } = await pm2Daemon(look)
  if (!runs || pid !== ran.daemon) return { ...(await now()), logs: ran.logs }
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
