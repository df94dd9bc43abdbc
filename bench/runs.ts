import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Benchmark } from './figure.ts'
import { writeRuns } from './many-runs.ts'
import { interleave, ratio, runNode, spread } from './measure.ts'
import { cli } from './tool.ts'

/** How many runs a state folder has after some years of several deployments a day. */
const MANY = 10_000
const FEW = 100

export const runs: Benchmark = {
  name: 'runs',
  about: `\`runbook runs\` of a state folder with ${MANY} runs, against one with ${FEW}. The first listing, which reads every transcript, is not counted: what it found is kept in an index.`,
  measure: async (folder) => {
    const listing = async (count: number) => {
      const stateDir = join(folder, String(count))
      await mkdir(stateDir)
      writeRuns(stateDir, count)
      return () => runNode({ argv: [cli, 'runs', '--state-dir', stateDir], cwd: folder })
    }
    const contestants = { few: await listing(FEW), many: await listing(MANY) }
    const { few, many } = await interleave(contestants, { rounds: 9 })
    return [
      {
        what: `\`runbook runs\` with ${MANY} runs, against ${FEW}`,
        value: ratio(many, few),
        unit: '×',
        limit: { atMost: 3 },
        from: `${spread(many)}, ${spread(few)}`,
      },
    ]
  },
}
