import { join } from 'node:path'
import { type Environment, isElsewhere, placeOf } from '../model/environment.ts'
import type { RunPaths } from '../model/look.ts'

/** The paths of a run; dumps are wherever the book keeps them. */
export const pathsOf = (env: Environment, stateDir: string, stamp: string): RunPaths => {
  const copies = join(stateDir, 'backups')
  const onHost = isElsewhere(placeOf({ at: 'backups' }, env)) ? env.database?.backupsOnHost : undefined
  return { stamp, backups: onHost ?? copies, copies }
}
