import { z } from 'zod'
import { backupStands } from '../checks/backup-stands.ts'
import { clientFitsServer } from '../checks/client-fits-server.ts'
import { databaseAnswers } from '../checks/database-answers.ts'
import { diskHasRoom } from '../checks/disk-has-room.ts'
import { printTotals, totalsOf } from '../checks/reading/backup-manifest.ts'
import { roleMay } from '../checks/role-may.ts'
import { secretPresent } from '../checks/secret-present.ts'
import {
  type BackupManifest,
  changes,
  databaseOf,
  defineStep,
  factory,
  given,
  nothingToUndo,
  readsFile,
  writesFile,
} from '../runbook/index.ts'
import { dumps } from './backup/archive.ts'
import { backupFiles, leftovers } from './backup/files.ts'
import { databaseFacts, liveContents } from './backup/live-database.ts'
import { proveDump } from './backup/prove-dump.ts'
import { rehearse } from './rehearse.ts'
import { restoreDatabase } from './restore-database.ts'

export const backupDatabase = factory(
  'backup-database',
  {
    /** How many times the database's size must be free on the disk of the backups. Default: 1; a dump takes less. */
    room: z
      .number()
      .positive()
      .default(1)
      .describe("how many times the database's size must be free on the backups' disk; a dump takes less"),
  },
  ({ room }) =>
    defineStep({
      id: 'backup-database',
      title: 'Back up the database',
      about:
        'Dumps the whole database with pg_dump, reads the dump in full, holds its tables against the live ones, and ' +
        'only then gives it its name, with a manifest beside it: sha256, size, and the rows that each table had in ' +
        'the very snapshot that was dumped. Refuses before it starts when pg_dump is older than the server, the disk ' +
        'too small, or a table not readable. A dump that fails never bears the final name.',
      sort: 'prepares',
      role: 'backup',
      here: true,
      needs: ({ env }) => [
        secretPresent(databaseOf(env).url.name),
        databaseAnswers(),
        clientFitsServer('pg_dump'),
        clientFitsServer('pg_restore'),
        roleMay('read everything'),
        diskHasRoom({
          path: ({ run }) => run.backups,
          bytes: async ({ see }) => room * (await see(databaseFacts))[0]!.size,
          for: 'a backup',
        }),
      ],
      observe: async (at) => {
        const [database] = await at.see(databaseFacts)
        return { ...database!, leftovers: await leftovers(at) }
      },
      actions: ({ env, run, observed }) => {
        const { dump, partial, manifest } = backupFiles(run, env.name)
        return {
          // Performed a second time where one of the others fails.
          discard: changes('rm', '-f', '--', partial, ...observed.leftovers),
          // pg_dump keeps the mode of a file that is there; its own would let everybody read it.
          private: writesFile(partial, '', 0o600),
          dump: given(['snapshot'], ({ snapshot }) => dumps(env, { to: partial, snapshot })),
          describe: given(['manifest'], (values) => ({
            ...writesFile(manifest, values.manifest, 0o600),
            shows: 'its database, versions, sha256, size, and tables with their rows',
          })),
          name: changes('mv', '--', partial, dump),
        }
      },
      run: async (act) => {
        const { perform, observed, env, run } = act
        const { partial } = backupFiles(run, env.name)
        const startedAt = act.now().toISOString()
        await perform('discard')
        await perform('private')
        try {
          const live = await act.snapshot(async (at) => {
            const counting = liveContents(at)
            let cause: unknown
            counting.catch((error) => {
              cause = error
            })
            // A count that fails ends the snapshot under pg_dump: then that is the reason, not what pg_dump says.
            await perform('dump', { snapshot: at.id }).catch((error) => {
              throw cause ?? error
            })
            return counting
          })
          const proof = await proveDump(act, partial, live)
          const { database, host, system } = observed
          const manifest: BackupManifest = {
            environment: env.name,
            ...{ database, host, system, ...proof, startedAt },
            finishedAt: act.now().toISOString(),
          }
          await perform('describe', { manifest: `${JSON.stringify(manifest, null, 2)}\n` })
          await perform('name')
        } catch (error) {
          // Where even that fails, the next run removes what is left.
          await act.cleanUp('discard').catch(() => {})
          throw error
        }
      },
      after: ({ env, run }) => [backupStands(backupFiles(run, env.name).dump)],
      output: async ({ see, env, run }) => {
        const { dump, manifest } = backupFiles(run, env.name)
        return { dump, manifest, ...totalsOf(JSON.parse(await see(readsFile(manifest)))) }
      },
      summary: ({ output }) => printTotals(output),
      undo: () => nothingToUndo('a backup changes nothing, and stays'),
      restore: restoreDatabase,
      rehearsal: (backup) => rehearse({ from: backup }),
    }),
)
