import { type Check, defineCheck, fails, holds, typed } from '../runbook/index.ts'
import { pm2Daemon, pm2Instances, stateOf } from './reading/pm2-instances.ts'

/** pm2 knows this process, whether it runs or not. */
export const processKnown = (process: string): Check =>
  defineCheck({
    fact: `pm2 knows the process ${process}`,
    remedy: typed`pm2 start <ecosystem file> --only ${process}, or name that file in the book (ecosystem: …)`,
    look: async (look) => {
      const instances = await pm2Instances(look, process)
      if (instances.length) return holds(stateOf(instances))
      const { home, runs } = await pm2Daemon(look)
      return fails(
        runs ? `no process of that name (PM2_HOME ${home})` : `pm2's daemon does not run (PM2_HOME ${home})`,
      )
    },
  })
