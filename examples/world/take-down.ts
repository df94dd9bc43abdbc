import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { stopCluster } from './cluster.ts'
import { pm2Processes, stopPm2 } from './pm2.ts'
import { end, findProcesses, inspect, isAlive } from './processes.ts'
import { readRecord, writeRecord } from './record.ts'

/** The variable that marks the commands of an `up`: should it be killed, they go on without it. */
export const builtFor = 'RUNBOOK_WORLD'

/**
 * Ends every process of the world in this folder, and nothing else; works on half a world too. False where the folder
 * holds no world.
 */
export async function takeDown(dir: string): Promise<boolean> {
  if (!(await readRecord(dir))) return false
  await endBuilder(dir)
  await end(findProcesses((pid) => inspect.env(pid).includes(`${builtFor}=${dir}`)))
  // Read again: the builder may have written more.
  const record = await readRecord(dir)
  if (!record) return false
  const { pm2, postgres } = record
  // The programs first, or they would fill their logs with a lost database.
  if (pm2) await stopPm2(pm2.home)
  if (pm2) await end(pm2.processes)
  if (postgres) await stopCluster(postgres.home)
  if (postgres?.process) await end([postgres.process])
  for (const home of [pm2?.home, postgres?.home]) {
    if (home && dirname(home) !== dir) await rm(home, { recursive: true, force: true })
  }
  const left = pm2 ? pm2Processes(pm2.home) : []
  if (left.length > 0)
    throw new Error(`still running: ${left.map(({ name, pid }) => `${name} (${pid})`).join(', ')}`)
  await writeRecord(dir, { ...record, state: 'down' })
  return true
}

// An `up` that is still at work takes down what it started when it is asked to end.
async function endBuilder(dir: string): Promise<void> {
  const record = await readRecord(dir)
  if (record?.state !== 'raising' || record.builder.pid === process.pid || !isAlive(record.builder)) return
  await end(
    [record.builder],
    [
      ['SIGTERM', 60_000],
      ['SIGKILL', 5000],
    ],
  )
}

/** Removes the world's folder with everything in it. */
export async function removeWorld(dir: string): Promise<void> {
  if (existsSync(dir)) await rm(dir, { recursive: true, force: true, maxRetries: 3 })
}
