import { toolPresent } from '../../checks/tool-present.ts'
import {
  type Actions,
  type BackupManifest,
  type Check,
  type Command,
  changes,
  executes,
  type Text,
  WHOLE_DATABASE,
} from '../../runbook/index.ts'
import { type Archive, programOf, unpacks } from '../backup/archive.ts'
import { unpackedOf } from '../backup/files.ts'

export interface Filling extends Archive {
  /** An empty one, like the one that was dumped. */
  database: string
  /** How many programs work at once. */
  jobs: number
  /** `VACUUM` in it, all of it. */
  vacuum: Actions[string]
  /** What of it is left out: `--no-owner`. */
  without?: readonly string[]
}

/** In the order of `restoresDump`, for who restores; `PUT_AWAY` afterwards, also where one of them has failed. */
export const FILLING = ['make-room', 'unpack', 'restore', 'vacuum', 'index'] as const
export const PUT_AWAY = 'put-away'

/**
 * Fills an empty database from a dump, to be performed in this order; `env`: libpq's variables that lead to it. A
 * stream is unpacked beside the dump first: several programs cannot read one. Between the rows and the keys the tables are
 * vacuumed: then foreign keys are checked by the indexes alone, in half the time.
 */
export const restoresDump = (
  env: Record<string, Text>,
  { dump, format, database, jobs, vacuum, without = [] }: Filling,
): Actions => {
  const unpacked = unpackedOf(dump)
  const unpack = unpacks({ dump, format }, unpacked)
  const restores = (...sections: string[]): Command<'changes'> => ({
    ...changes(
      'pg_restore',
      `--dbname=dbname=${conninfo(database)}`,
      '--exit-on-error',
      '--no-password',
      `--jobs=${jobs}`,
      ...sections.map((section) => `--section=${section}`),
      ...without,
      unpack ? unpacked : dump,
    ),
    env,
    timeout: WHOLE_DATABASE,
  })
  const fill = { restore: restores('pre-data', 'data'), vacuum, index: restores('post-data') }
  if (!unpack) return fill
  const away = changes('rm', '-f', '--', unpacked)
  return { 'make-room': away, unpack, ...fill, [PUT_AWAY]: away }
}

/** `--dbname` takes what looks like a connection string for one, so that it is given one. */
const conninfo = (value: string): string => `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`

/** Of a whole database, by the run itself. */
export const maintains = (what: 'VACUUM' | 'ANALYZE', database: string) => ({
  ...executes(what),
  database,
  timeout: WHOLE_DATABASE,
})

/** A dump and its format; older manifests name none, and only `custom` was written then. */
export const archiveOf = (dump: string, manifest: BackupManifest | null): Archive => ({
  dump,
  format: manifest?.format ?? 'custom',
})

/** The program that its format needs is there. */
export const canBeRead = ({ format }: Pick<Archive, 'format'>): Check[] => {
  const program = programOf(format)
  return program ? [toolPresent(program)] : []
}
