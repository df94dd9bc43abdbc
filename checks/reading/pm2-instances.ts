import { beginningOf, type Look, reads, unmet } from '../../runbook/index.ts'

/** One process that pm2 keeps; in cluster mode several share a name. */
export interface Instance {
  id: number
  /** 0 where it does not run. */
  pid: number
  status: string
  /** How often pm2 has started it again, on request or after a crash. */
  restarts: number
  /** Crashes in its first second, since it was last started or restarted on request. */
  quickCrashes: number
  /** Milliseconds since 1970, by the host's clock. */
  startedAt: number
  /** pm2 has started it again since it was last asked to: it has crashed. */
  crashed: boolean
  /** After a crash pm2 waits before it starts it again. */
  delayed: boolean
  /** In cluster mode: several processes share one port, so that a new one can take over from an old one. */
  clustered: boolean
  /** It tells pm2 itself when it is ready, some time after its start. */
  tellsReady: boolean
  /** Bytes, and a percentage of one core; 0 where it does not run. */
  memory: number
  cpu: number
  outLog: string
  errLog: string
  /** What it runs, and the folder that it runs in; absolute. */
  script: string
  cwd: string
}

/**
 * pm2's own way of finding its daemon. Every one of its commands, `jlist` too, starts the daemon where there is none:
 * a look must not.
 */
const findDaemon = `
const path = require('node:path')
const home = process.env.PM2_HOME || path.join(require('node:os').homedir(), '.pm2')
const pid = () => { try { return Number(require('node:fs').readFileSync(path.join(home, 'pm2.pid'), 'utf8')) } catch { return 0 } }
const tell = (runs) => { console.log(JSON.stringify({ home, runs, pid: runs ? pid() : 0 })); process.exit() }
require('node:net').connect(path.join(home, 'rpc.sock')).on('connect', () => tell(true)).on('error', () => tell(false))`

/** Where pm2 keeps its files, whether its daemon runs, and under which process id; 0 where it does not. */
export interface Daemon {
  home: string
  runs: boolean
  pid: number
}
export const pm2Daemon = async ({ see }: Look): Promise<Daemon> =>
  JSON.parse(await see({ ...reads('node', '-e', findDaemon), timeout: 10_000 }))

/** The instances of a process; none where pm2 does not know it, or its daemon does not run. */
export const pm2Instances = async (look: Look, process: string): Promise<Instance[]> =>
  instancesOf(await pm2Daemon(look), look, process)

/** The same, of a daemon that was just looked at. */
export const instancesOf = async ({ runs }: Daemon, look: Look, process: string): Promise<Instance[]> => {
  return (await listed({ runs }, look))
    .filter(({ name }) => name === process)
    .map(({ pid, pm_id, monit, pm2_env }) => ({
      id: pm_id,
      // Between a crash and the next start pm2 still shows the dead one's.
      pid: pm2_env.status === 'online' || pm2_env.status === 'launching' ? (pid ?? 0) : 0,
      status: pm2_env.status,
      restarts: pm2_env.restart_time ?? 0,
      quickCrashes: pm2_env.unstable_restarts ?? 0,
      startedAt: pm2_env.pm_uptime ?? 0,
      crashed: (pm2_env.unstable_restarts ?? 0) > 0 || lateStart(pm2_env),
      delayed: pm2_env.restart_delay !== undefined || pm2_env.exp_backoff_restart_delay !== undefined,
      clustered: pm2_env.exec_mode === 'cluster_mode',
      tellsReady: pm2_env.wait_ready === true,
      memory: monit?.memory ?? 0,
      cpu: monit?.cpu ?? 0,
      outLog: pm2_env.pm_out_log_path ?? '',
      errLog: pm2_env.pm_err_log_path ?? '',
      script: pm2_env.pm_exec_path ?? '',
      cwd: pm2_env.pm_cwd ?? '',
    }))
}

/** Everything that pm2 keeps, as it lists it: with every variable of each, so that it is to be seen by nobody. */
export const listed = async ({ runs }: Pick<Daemon, 'runs'>, look: Look): Promise<Listed[]> => {
  if (!runs) return []
  // With --silent it would write into its home, and what is only looked at stays as it is.
  // It may start a daemon all the same, where that ends in between.
  const printed = await look.see({ ...reads('pm2', 'jlist'), outlives: [], timeout: 30_000 })
  return parse(printed)
}

export interface Listed {
  name: string
  pid?: number
  pm_id: number
  monit?: { memory?: number; cpu?: number }
  pm2_env: {
    status: string
    restart_time?: number
    unstable_restarts?: number
    pm_uptime?: number
    /** When it was last started or restarted on request; null once pm2 has given up on it. */
    created_at?: number | null
    restart_delay?: unknown
    exp_backoff_restart_delay?: unknown
    exec_mode?: string
    wait_ready?: boolean
    pm_out_log_path?: string
    pm_err_log_path?: string
    pm_exec_path?: string
    pm_cwd?: string
  }
}

/** A restart on request begins its process as soon as the old one is gone, which takes seconds at most. */
const lateStart = ({ pm_uptime, created_at }: Listed['pm2_env']): boolean =>
  !!pm_uptime && !!created_at && pm_uptime - created_at > 30_000

/** The list is one line; a new daemon, or one of another version, says a few words before it. */
const parse = (printed: string): Listed[] => {
  const line = printed.split('\n').findLast((line) => /^\[(\{|\])/.test(line))
  try {
    return JSON.parse(line ?? '')
  } catch {
    throw unmet('pm2 lists its processes', `it printed: ${beginningOf(printed, 200)}`, 'pm2 jlist')
  }
}

/** 'online, pid 4711', for evidence. */
export const stateOf = (instances: readonly Instance[]): string =>
  instances.map(({ status, pid }) => (pid ? `${status}, pid ${pid}` : status)).join('; ')
