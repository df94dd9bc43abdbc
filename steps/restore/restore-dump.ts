import { WHOLE_DATABASE } from '../../checks/reading/whole-database.ts'
import { toolPresent } from '../../checks/tool-present.ts'
import {
  type Actions,
  type BackupManifest,
  type Check,
  type Command,
  changes,
  databaseOf,
  type Environment,
  libpqVariables,
} from '../../runbook/index.ts'
import { type Archive, programOf, unpacks } from '../backup/archive.ts'
import { unpackedOf } from '../backup/files.ts'

export interface Filling extends Archive {
  /** An empty one, like the one that was dumped. */
  database: string
  /** How many programs work at once. */
  jobs: number
}

/**
 * Fills an empty database from a dump, to be performed in this order. A stream is unpacked beside the dump first: several
 * programs cannot read one. `put-away` is right also after a failure.
 */
export const restoresDump = (env: Environment, { dump, format, database, jobs }: Filling): Actions => {
  const unpacked = unpackedOf(dump)
  const unpack = unpacks({ dump, format }, unpacked)
  const restore = restores(env, unpack ? unpacked : dump, database, jobs)
  if (!unpack) return { restore }
  const away = changes('rm', '-f', '--', unpacked)
  return { 'make-room': away, unpack, restore, 'put-away': away }
}

/** `--dbname` takes what looks like a connection string for one, so that it is given one. */
const restores = (env: Environment, from: string, database: string, jobs: number): Command<'changes'> => ({
  ...changes(
    'pg_restore',
    `--dbname=dbname=${conninfo(database)}`,
    `--jobs=${jobs}`,
    '--exit-on-error',
    '--no-password',
    from,
  ),
  env: libpqVariables(databaseOf(env)),
  timeout: WHOLE_DATABASE,
})
const conninfo = (value: string): string => `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`

/** A dump and its format; older manifests name none, and only `custom` was written then. */
export const archiveOf = (dump: string, manifest: BackupManifest | null): Archive => ({
  dump,
  format: manifest?.format ?? 'custom',
})

/** The program that its format needs is there. */
export const canBeRead = (archive: Archive): Check[] => {
  const program = programOf(archive.format)
  return program ? [toolPresent(program)] : []
}
