import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { World } from '../examples/world/raise.ts'
import type { Benchmark } from './figure.ts'
import { type Cost, interleave, ratio, spread } from './measure.ts'
import { cli } from './tool.ts'
import { inWorld, timed } from './world.ts'

const guide = fileURLToPath(new URL('programs/guide.sh', import.meta.url))

export const deployment: Benchmark = {
  name: 'deployment',
  about:
    'The whole deployment of `examples/lumiku`, production, each time in a fresh world with its own PostgreSQL, remote, clone and pm2: `runbook deploy production --confirm production --yes`, with its checklist, its plan and every proof, against a bash script of the guide’s own commands in the guide’s order (`programs/guide.sh`). Strictly: the script does not watch at all, while the tool watches the new process for three seconds, because pm2 reports success for one that dies after two. Alike: the guide’s ten minutes of `pm2 logs` are three seconds in the script too. After each the application must answer with the fixed revision.',
  measure: async (folder) => {
    let worlds = 0
    const inFreshWorld = (program: string, argv: (world: World) => string[]) => (): Promise<Cost> => {
      worlds += 1
      return inWorld(folder, `world-${worlds}`, async (world) => {
        const ms = await timed(program, argv(world), world)
        await provenFixed(world)
        return { ms, peak: Number.NaN }
      })
    }
    const { tool, script, watching } = await interleave(
      {
        script: inFreshWorld('bash', ({ dir }) => [guide, join(dir, 'production'), '0']),
        watching: inFreshWorld('bash', ({ dir }) => [guide, join(dir, 'production'), '3']),
        tool: inFreshWorld(process.execPath, () => [
          ...[cli, 'deploy', 'production', '--confirm', 'production', '--yes'],
        ]),
      },
      { rounds: 5, warmUp: 0 },
    )
    const limited = { unit: '×', limit: { atMost: 1 } } as const
    return [
      {
        ...limited,
        what: 'the lumiku deployment, against the guide’s commands, strictly',
        value: ratio(tool, script),
        from: `${spread(tool)}, ${spread(script)}`,
      },
      {
        ...limited,
        what: 'the lumiku deployment, against the guide’s commands, watching alike',
        value: ratio(tool, watching),
        from: `${spread(tool)}, ${spread(watching)}`,
      },
    ]
  },
}

const provenFixed = async ({ url, revisions, env }: World): Promise<void> => {
  const { revision } = (await (await fetch(`${url}/health`)).json()) as { revision: string }
  const headers = { authorization: `Bearer ${env.LUMIKU_TOKEN}` }
  const { status } = await fetch(`${url}/api/apps/avatar-creator/projects`, { headers })
  if (revision !== revisions.fixed || status !== 200)
    throw new Error(`after the deployment ${url} answers ${status} with revision ${revision}`)
}
