import { type Check, defineCheck, fails, holds, reads, typed } from '../runbook/index.ts'
import { fileTimes } from './reading/file-times.ts'
import { pm2Instances } from './reading/pm2-instances.ts'

/** A process under pm2 was started after what it runs was last written: node reads its files once. */
export const processNewerThanCode = (process: string): Check =>
  defineCheck({
    fact: `${process} was started after its code was written`,
    remedy: typed`pm2 restart ${process}`,
    look: async (at) => {
      const instances = await pm2Instances(at, process)
      if (instances.length === 0) return holds('pm2 does not know it')
      const running = instances.filter(({ pid }) => pid > 0)
      if (running.length === 0) return holds('it does not run')
      const { script, cwd } = running[0]!
      // What lies around a script in the process's own folder, such as its logs, is no code.
      const [folder, name] = [
        script.slice(0, script.lastIndexOf('/')),
        script.slice(script.lastIndexOf('/') + 1),
      ]
      const own = (path: string) => path === at.env.app.dir || path.startsWith(`${at.env.app.dir}/`)
      const real = own(folder) ? folder : await at.see({ ...reads('realpath', '--', folder), cwd: '/' })
      const dir = await at.see(reads('pwd', '-P'))
      if (
        !(own(real) || real === dir || real.startsWith(`${dir}/`)) ||
        /(^|\/)node_modules(\/|$)/.test(folder)
      )
        return holds(`it runs ${script}, which is not of the application`)
      const [newest] = await fileTimes(at, folder, [[folder === cwd ? name : '.']])
      if (!newest) return fails(`it runs ${script}, which is no longer there`)
      const started = Math.min(...running.map(({ startedAt }) => startedAt))
      const path = newest.path.replace(/^\.\//, '')
      const gap = `${Math.abs(Math.round((newest.ms - started) / 1000))} s`
      return newest.ms <= started
        ? holds(`started ${gap} after ${path} was written`)
        : fails(`${path} was written ${gap} after it was started`)
    },
  })
