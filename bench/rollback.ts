import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { World } from '../examples/world/raise.ts'
import type { Benchmark, Figure } from './figure.ts'
import { median, roundsOf } from './measure.ts'
import { cli } from './tool.ts'
import { inWorld, timed } from './world.ts'

const writer = fileURLToPath(new URL('../tests/fixtures/programs/writer/writer.mjs', import.meta.url))

/** Each undoes the whole of what the deployment before it did, but for the last, which leaves the columns. */
const forms = {
  schema: ['--database', 'schema'],
  restore: ['--database', 'restore'],
  code: [],
} as const
type Form = keyof typeof forms

/** What users met with: requests, and the longest time without an answer, in ms. */
interface Met {
  failed: number
  longestGap: number
}

export const rollback: Benchmark = {
  name: 'rollback',
  about:
    'What users meet with while `runbook rollback production` takes the deployment of `examples/lumiku` back, in each of its forms: the tests’ writer asks `/health` every 5 ms, each time on a new connection, and inserts, updates, deletes and reads all the time. The code and the schema go back while the application runs, which is reloaded; for a restore it is stopped, and started on the old code. Its start is measured by itself: from `pm2 restart` of the stopped application until it answers. The worst of all rounds.',
  measure: async (folder) => {
    const met: Record<Form, Met[]> = { code: [], schema: [], restore: [] }
    const starts: number[] = []
    for (let round = 1; round <= roundsOf(3); round += 1)
      await inWorld(folder, `world-${round}`, async (world) => {
        for (const form of Object.keys(forms) as Form[]) {
          // The second time it is asked whether what was taken back is to be deployed again.
          await runbook(world, 'deploy', '--yes')
          met[form].push(await usersOf(world, () => runbook(world, 'rollback', ...forms[form])))
        }
        starts.push(await startTime(world))
      })
    return [
      ...(['code', 'schema'] as const).map(
        (form): Figure => ({
          what: `${form === 'code' ? 'the code alone' : 'code and schema'}, failed requests`,
          value: worst(met[form], 'failed'),
          unit: 'requests',
          limit: { atMost: 2 },
          from: `of each of ${met[form].length} rollbacks: ${each(met[form], 'failed')}; longest gaps ${each(met[form], 'longestGap')} ms`,
        }),
      ),
      {
        what: 'a restore, the longest gap beyond the application’s own start',
        value: worst(met.restore, 'longestGap') - median(starts),
        unit: 'ms',
        limit: { atMost: 1000 },
        from: `gaps ${each(met.restore, 'longestGap')} ms, with ${each(met.restore, 'failed')} failed requests; starts ${starts.map((ms) => ms.toFixed(0)).join(', ')} ms`,
      },
    ]
  },
}

const each = (met: readonly Met[], what: keyof Met): string => met.map((one) => one[what]).join(', ')
const worst = (met: readonly Met[], what: keyof Met): number => Math.max(...met.map((one) => one[what]))

const runbook = (world: World, verb: string, ...options: string[]) =>
  timed(process.execPath, [cli, verb, 'production', '--confirm', 'production', ...options], world)

/** What the users of a world meet with meanwhile. */
const usersOf = async ({ url, databaseUrl }: World, work: () => Promise<unknown>): Promise<Met> => {
  const child = spawn(process.execPath, [writer], {
    env: { ...process.env, WRITER_URL: url, WRITER_DATABASE_URL: databaseUrl },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const lines: string[] = []
  const reader = createInterface({ input: child.stdout }).on('line', (line) => lines.push(line))
  const closed = once(reader, 'close')
  try {
    await once(reader, 'line')
    await work()
  } finally {
    child.kill('SIGTERM')
    await closed
  }
  return JSON.parse(lines.at(-1)!).http
}

const startTime = async (world: World): Promise<number> => {
  await timed('pm2', ['stop', 'lumiku-backend'], world)
  const began = performance.now()
  await timed('pm2', ['restart', 'lumiku-backend'], world)
  while (!(await fetch(`${world.url}/health`).catch(() => undefined))) await sleep(5)
  return performance.now() - began
}
