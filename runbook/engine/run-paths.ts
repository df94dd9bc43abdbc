import { join } from 'node:path'
import type { Environment } from '../model/environment.ts'
import type { RunPaths } from '../model/look.ts'

/** The paths of a run; dumps are wherever the book keeps them. */
export const pathsOf = (env: Environment, stateDir: string, stamp: string): RunPaths => {
  const copies = join(stateDir, 'backups')
  return { stamp, backups: env.database?.backupsOnHost ?? copies, copies }
}
