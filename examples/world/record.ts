import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ProcessId } from './processes.ts'

/** What `down` must know, in `world.json`; written before anything starts, so that a half-built world can end. */
export type WorldRecord = {
  scenario: string
  state: 'raising' | 'up' | 'down'
  /** The process that raises it. */
  builder: ProcessId
  /** Where the cluster is: in the world, or in a temporary folder. */
  postgres?: { home: string; port?: number; process?: ProcessId }
  /** Where pm2 is: in the world, or in a temporary folder. */
  pm2?: { home: string; processes: (ProcessId & { name: string })[] }
  ports: Record<string, number>
}

const fileIn = (dir: string) => join(dir, 'world.json')

/** Claims the folder: fails with EEXIST where another world is already in it. */
export async function createRecord(dir: string, record: WorldRecord): Promise<void> {
  await writeFile(fileIn(dir), toText(record), { mode: 0o600, flag: 'wx' })
}

/** Replaces the record in one go, so that a reader never finds half of one. */
export async function writeRecord(dir: string, record: WorldRecord): Promise<void> {
  await writeFile(`${fileIn(dir)}.new`, toText(record), { mode: 0o600 })
  await rename(`${fileIn(dir)}.new`, fileIn(dir))
}

/** Undefined where the folder holds no world. */
export async function readRecord(dir: string): Promise<WorldRecord | undefined> {
  const text = await readFile(fileIn(dir), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined
    throw error
  })
  return text === undefined ? undefined : JSON.parse(text)
}

function toText(record: WorldRecord): string {
  return `${JSON.stringify(record, null, 2)}\n`
}
