import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { startCluster } from '../../examples/world/cluster.ts'

/** One PostgreSQL server for the whole run; each test makes databases of its own in it. */
export default async (project: TestProject) => {
  const dir = await mkdtemp(join(tmpdir(), 'runbook-tests-'))
  const cluster = await startCluster({ dir })
  project.provide('adminUrl', cluster.adminUrl)
  project.provide('postgresBin', cluster.bin)
  // Of several versions that are installed, the server's own programs.
  process.env.PATH = `${cluster.bin}${delimiter}${process.env.PATH}`
  // The command line is built there by the first test that wants it.
  const commandFolder = await mkdtemp(join(tmpdir(), 'runbook command line '))
  project.provide('commandFolder', commandFolder)
  // What the command line keeps of the books of the tests is theirs, and goes with them.
  process.env.XDG_CACHE_HOME = join(commandFolder, 'cache')
  return async () => {
    await cluster.stop()
    await rm(cluster.home, { recursive: true, force: true })
    await rm(dir, { recursive: true, force: true })
    await rm(commandFolder, { recursive: true, force: true })
  }
}

declare module 'vitest' {
  export interface ProvidedContext {
    adminUrl: string
    postgresBin: string
    commandFolder: string
  }
}
