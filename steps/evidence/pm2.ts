import { pm2Instances, stateOf } from '../../checks/reading/pm2-instances.ts'
import { versionOf } from '../../checks/tool-present.ts'
import { type Evidence, quantity } from '../../runbook/index.ts'

/** How a process stands with pm2. Since when: by the clock of its host. */
export const pm2Evidence = (process: string): Evidence => ({
  file: `pm2-${process.replace(/[^\w.-]/g, '_')}.txt`,
  about: `how ${process} stands with pm2`,
  collect: async (at) => {
    const instances = await pm2Instances(at, process)
    const lines = instances.map(
      (one) =>
        `${stateOf([one])}, started ${quantity(one.restarts, 'time')} again, the last time on ${new Date(one.startedAt).toISOString()}, ${one.clustered ? 'cluster' : 'fork'} mode`,
    )
    return [
      `pm2 ${await versionOf(at, 'pm2', { outlives: [] })}`,
      `${process}: ${instances.length ? '' : 'pm2 does not know it, or does not run'}`,
      ...lines.map((line) => `  ${line}`),
      '',
    ].join('\n')
  },
})
