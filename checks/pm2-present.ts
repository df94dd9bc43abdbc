import { type Check, defineCheck, fails, holds, reads } from '../runbook/index.ts'
import { pm2Daemon } from './reading/pm2-instances.ts'

/** pm2 can be called. It is not asked for its version: even `pm2 --version` starts its daemon where there is none. */
export const pm2Present = (): Check =>
  defineCheck({
    fact: 'pm2 is installed',
    remedy: 'npm install --global pm2',
    look: async (look) => {
      const found = await look.attempt(reads('sh', '-c', 'command -v pm2'))
      if (!found.ok) return fails('not in PATH')
      const { home, runs } = await pm2Daemon(look)
      return holds(`${found.value}, its daemon ${runs ? 'runs' : 'does not run'} (PM2_HOME ${home})`)
    },
  })
