import { backupFits } from '../../../checks/backup-fits.ts'
import { backupStands } from '../../../checks/backup-stands.ts'
import { clientFitsServer } from '../../../checks/client-fits-server.ts'
import { databaseAnswers } from '../../../checks/database-answers.ts'
import { diskHasRoom } from '../../../checks/disk-has-room.ts'
import { readManifest } from '../../../checks/reading/backup-manifest.ts'
import { traceOf } from '../../../checks/reading/dump-sum.ts'
import { secretPresent } from '../../../checks/secret-present.ts'
import {
  type BackupManifest,
  changes,
  databaseOf,
  defineCheck,
  defineStep,
  early,
  fails,
  holds,
  type Look,
  nothingToUndo,
  quantity,
  readsFile,
  writesFile,
} from '../../../runbook/index.ts'
import { restoring } from '../../backup/archive.ts'
import { folderOf } from '../../backup/files.ts'
import { databaseFacts } from '../../backup/live-database.ts'
import { watchDump } from '../as-summed.ts'
import type { Brought } from '../bring-backup.ts'
import { countedLosses } from '../losses.ts'
import { archiveOf, canBeRead } from '../restore-dump.ts'
import { canBeRestoredInPlace } from './can-be-restored-in-place.ts'

/** The SQL of the dump, which a transaction can be made of together with what empties the database. */
export const scriptOf = (dump: string): string => `${dump}.restoring.sql`

/** Makes everything ready for a restore into the live database itself, while the application runs. */
export const bringInPlace = ({ dump, sha256 }: { dump: string; sha256?: string }) =>
  defineStep({
    id: 'bring-in-place',
    title: 'Unpack the backup',
    about:
      'Where the role may not create databases, and everything in the live one is its own: writes the SQL of the dump ' +
      'into a file, which will be performed in one transaction together with what empties the database.',
    sort: 'prepares',
    needs: ({ env }) => [
      secretPresent(databaseOf(env).url.name),
      databaseAnswers(),
      clientFitsServer('pg_restore'),
      clientFitsServer('psql'),
    ],
    observe: async (at) => {
      const manifest = (await readManifest(at, dump)) ?? null
      const [{ database, size } = never()] = await at.see(databaseFacts)
      return {
        database,
        size,
        manifest,
        losses: manifest ? await countedLosses(at, manifest, { database, isBeside: false }) : [],
      }
    },
    before: ({ observed: { size, manifest } }) =>
      [
        backupStands(dump, sha256),
        backupFits(dump),
        ...canBeRead(archiveOf(dump, manifest)),
        canBeRestoredInPlace(),
        diskHasRoom({ path: () => folderOf(dump), bytes: size, for: 'the SQL of the backup' }),
      ].map(early),
    actions: ({ observed: { manifest } }) => {
      const script = scriptOf(dump)
      return {
        // pg_restore keeps the mode of a file that is there; its own would let everybody read it.
        private: writesFile(script, '', 0o600),
        unpack: restoring(changes, archiveOf(dump, manifest), '--no-password', `--file=${script}`),
      }
    },
    run: async (act) => {
      const { perform, observed } = act
      const { manifest } = observed
      const watched = await watchDump(act, archiveOf(dump, manifest), sha256 ?? manifest!.sha256)
      await perform('private')
      await perform('unpack')
      await watched.prove()
    },
    after: () => [isWhole(scriptOf(dump))],
    output: async (at): Promise<BroughtInPlace> => ({
      ...broughtInPlace(at.observed),
      script: await scriptTrace(at, dump),
    }),
    foresee: ({ observed }): BroughtInPlace => ({ ...broughtInPlace(observed), script: '' }),
    summary: ({ output: { tables, rows } }) => `${quantity(tables, 'table')}, ${quantity(rows, 'row')}`,
    undo: () => nothingToUndo('the live database is as it was'),
  })

/** `script`: what the SQL was when it had been written: see `traceOf`. */
export type BroughtInPlace = Brought & { script: string }

/** Of the SQL of the dump, as it stands there now. */
export const scriptTrace = (at: Look, dump: string): Promise<string> => traceOf(at, scriptOf(dump))

const broughtInPlace = ({
  database,
  losses,
  manifest,
}: {
  database: string
  losses: Brought['losses']
  manifest: BackupManifest | null
}): Brought => ({ incoming: database, losses, sums: {}, ...sizeOf(manifest?.tables) })

const isWhole = (script: string) =>
  defineCheck({
    fact: 'the SQL of the backup is there, to its end',
    remedy: 'see whether the disk is full: df -h',
    look: async ({ attempt }) => {
      const end = await attempt(readsFile(script, -400))
      if (!end.ok) return fails('there is no such file')
      return end.value.includes('-- PostgreSQL database dump complete')
        ? holds('it is whole')
        : fails('it is cut')
    },
  })

const sizeOf = (tables: readonly { rows: number }[] = []) => ({
  tables: tables.length,
  rows: tables.reduce((sum, { rows }) => sum + rows, 0),
})

const never = (): never => {
  throw new Error('the server does not say which database this is')
}
