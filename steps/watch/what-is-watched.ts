import { fileSize, type LogPosition } from '../../checks/reading/log-lines.ts'
import { pm2Instances } from '../../checks/reading/pm2-instances.ts'
import type { Look, Step } from '../../runbook/index.ts'
import { outputIfDone } from '../output-if-done.ts'
import { logsNow, type ProcessLogs } from '../pm2/process-logs.ts'
import type { WatchOptions } from './options.ts'

/** What is watched beside requests and database, and from where on the logs count. */
export type Watched = {
  processes: { process: string; errorLogs: LogPosition[] }[]
  logs: LogPosition[]
  since: 'the restart' | 'now'
}

export const whatIsWatched = async (
  look: Look,
  { from, process, logs }: Pick<WatchOptions, 'from' | 'process' | 'logs'>,
): Promise<Watched> => {
  const restarts = [from ?? []].flat()
  const known = restarts.map((restart) => outputIfDone(look, restart))
  const names = [...restarts.map(processOf), ...(process ? [process] : [])]
  const since = await Promise.all(
    names.map(async (name, i): Promise<ProcessLogs> => {
      const restarted = known[i]
      return restarted ?? logsNow(look, name, await pm2Instances(look, name))
    }),
  )
  const further = await Promise.all(
    logs.map(async (path) => ({ path, from: (await fileSize(look, path)) ?? 0 })),
  )
  return {
    processes: names.map((name, i) => ({ process: name, errorLogs: since[i]!.err })),
    logs: [...since.flatMap(({ out, err }) => [...out, ...err]), ...further],
    since: known.length && known.every(Boolean) ? 'the restart' : 'now',
  }
}

const processOf = ({ options }: Step): string => String(options?.process)
