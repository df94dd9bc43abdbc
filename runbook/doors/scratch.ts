import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startOf } from './process-identity.ts'

/** Milliseconds. A process of another container that shares the folder cannot be seen from here. */
const A_DAY = 24 * 3_600_000

/**
 * An empty folder outside of everything that a run looks at, named after this process. Those that killed processes have
 * left since long go first. Its path is short enough for a socket.
 */
export const makeScratch = async (): Promise<string> => {
  await removeLeftovers().catch(() => {})
  return mkdtemp(join(tmpdir(), `runbook-${process.pid}-`))
}

export const removeScratch = (path: string): Promise<void> => rm(path, { recursive: true, force: true })

const removeLeftovers = async (): Promise<void> => {
  for (const name of await readdir(tmpdir())) {
    const [, pid] = /^runbook-(\d+)-\w{6}$/.exec(name) ?? []
    if (pid === undefined || startOf(Number(pid)) !== undefined) continue
    const path = join(tmpdir(), name)
    const { mtimeMs, uid } = await stat(path)
    if (uid === process.getuid?.() && Date.now() - mtimeMs > A_DAY) await removeScratch(path)
  }
}
