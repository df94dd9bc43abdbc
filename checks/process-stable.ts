import {
  type Check,
  defineCheck,
  fails,
  holds,
  type Look,
  quantity,
  reads,
  typed,
  type Verdict,
} from '../runbook/index.ts'
import { type Instance, pm2Instances, stateOf } from './reading/pm2-instances.ts'

export interface ProcessStableOptions {
  process: string
  /** How long it must have run, in ms. Default: 3000. */
  soak?: number
  /** How often pm2 may have started its instances in all, since they exist. Default: as often as at the first look. */
  restarts?: number
}

const EVERY = 250

/**
 * pm2 has not had to start a process again for some time. pm2 itself calls a process online that dies after two
 * seconds, again and again; only its count of restarts tells.
 */
export const processStable = ({ process, soak = 3000, restarts }: ProcessStableOptions): Check =>
  defineCheck({
    fact: `${process} has run for ${soak / 1000} s without a crash`,
    remedy: typed`pm2 logs ${process} --err --lines 50`,
    look: async (look) => {
      const first = await pm2Instances(look, process)
      const left = soak - (await ageOf(first, look))
      // What has lived that long already was not started again in that time, whoever restarted it since.
      const most = left > 0 ? (restarts ?? sumOf(first)) : sumOf(first)
      const notUp = judge(first, first.map(idOf), most)
      if (notUp) return notUp
      if (left <= 0) return evidence(first, soak)
      const crashes = first.find(({ quickCrashes }) => quickCrashes > 1)?.quickCrashes
      if (crashes)
        return fails(`${stateOf(first)}: it died within its first second, ${quantity(crashes, 'time')}`, {
          final: true,
        })
      const gone = !(await stayAlive(left, first, look))
      const last = await pm2Instances(look, process)
      const changed = judge(last, first.map(idOf), most)
      if (changed) return changed
      return gone ? fails(`${stateOf(first)}: it died`, { final: true }) : evidence(last, soak)
    },
  })

/** Why the process is not as it should be, or nothing. */
const judge = (instances: readonly Instance[], ids: readonly string[], most: number): Verdict | undefined => {
  if (instances.length === 0) return fails('pm2 does not know it')
  const state = stateOf(instances)
  const again = sumOf(instances) - most
  if (again > 0)
    return fails(`${state}: it died and was started again, ${quantity(again, 'time')}`, { final: true })
  if (instances.some(({ status, pid }) => status !== 'online' || !pid)) return fails(state)
  return instances.some((instance) => !ids.includes(idOf(instance)))
    ? fails(`${state}: not the process it was`, { final: true })
    : undefined
}

/** Waits as long as all of them live; false when one is gone. `ps` costs a tenth of asking pm2. */
const stayAlive = async (ms: number, instances: readonly Instance[], look: Look): Promise<boolean> => {
  const pids = instances.map(({ pid }) => pid)
  const alive = reads('ps', '-o', 'pid=', '-p', pids.join(','))
  const until = look.now().getTime() + ms
  for (let left = ms; left > 0; left = until - look.now().getTime()) {
    await look.sleep(Math.min(EVERY, left))
    const seen = await look.attempt(alive)
    // Slim containers have no ps: then only the end of the wait tells.
    const gone = seen.ok
      ? seen.value.trim().split(/\s+/).length < pids.length
      : seen.failure.kind === 'command-failed' && seen.failure.exit === 1
    if (gone) return false
  }
  return true
}

/** How long the youngest has run, by the clock of the host that started it. */
const ageOf = async (instances: readonly Instance[], { env, now, see }: Look): Promise<number> => {
  // One that tells pm2 when it is ready has been online for an unknown time: it counts from the first look.
  if (instances.length === 0 || instances.some(({ tellsReady }) => tellsReady)) return 0
  const hostNow = env.host === 'local' ? now().getTime() : Number(await see(reads('date', '+%s'))) * 1000
  return Math.max(0, hostNow - Math.max(...instances.map(({ startedAt }) => startedAt)))
}

const evidence = (instances: readonly Instance[], soak: number): Verdict =>
  holds(`${stateOf(instances)}, ${quantity(sumOf(instances), 'restart')} in all, none in ${soak / 1000} s`)

const sumOf = (instances: readonly Instance[]): number =>
  instances.reduce((sum, { restarts }) => sum + restarts, 0)
const idOf = ({ id, pid }: Instance): string => `${id}/${pid}`
