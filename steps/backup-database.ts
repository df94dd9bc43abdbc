import { z } from 'zod'
import { backupRestorable } from '../checks/backup-restorable.ts'
import { backupStands } from '../checks/backup-stands.ts'
import { clientFitsServer } from '../checks/client-fits-server.ts'
import { databaseAnswers } from '../checks/database-answers.ts'
import { diskHasRoom } from '../checks/disk-has-room.ts'
import { folderWritable } from '../checks/folder-writable.ts'
import { printTotals, totalsOf } from '../checks/reading/backup-manifest.ts'
import { sha256OfText } from '../checks/reading/sha256.ts'
import { roleMay } from '../checks/role-may.ts'
import { secretPresent } from '../checks/secret-present.ts'
import { tiedIsKnown } from '../checks/tied-is-known.ts'
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
import { dumps, programOf } from './backup/archive.ts'
import { backupFiles, leftovers } from './backup/files.ts'
import { databaseFacts, liveContents } from './backup/live-database.ts'
import { tellingProgress } from './backup/progress.ts'
import { proveDump } from './backup/prove-dump.ts'
import { chooseWay, wayIsChosen } from './backup/way.ts'
import { wrongDatabaseUrl } from './diagnoses/wrong-database-url.ts'
import { postgresqlEvidence } from './evidence/postgresql.ts'
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
    /** What matters more where not both can be had. Default: `size`, in the time of a plain dump. */
    prefer: z
      .enum(['size', 'speed'])
      .default('size')
      .describe(
        '`size`: compressed, a folder with several tables at once or one file, whatever is sooner; `speed`: a folder, not compressed, several tables at once',
      ),
    /** What the role could not restore and need not, because another would: the names that the refusal gives. */
    unrestorable: z
      .array(z.string().min(1))
      .default([])
      .describe(
        'what the role could not restore and need not, because another would, by the names that the refusal gives: extension:postgres_fdw',
      ),
  },
  ({ room, prefer, unrestorable }) =>
    defineStep({
      id: 'backup-database',
      title: 'Back up the database',
      about:
        'Dumps the whole database with pg_dump, reads the dump in full, holds its tables against the live ones, and ' +
        'only then gives it its name, with a manifest beside it: sha256, size, and the rows that each table had in ' +
        'the very snapshot that was dumped. Refuses before it starts when pg_dump is older than the server, the disk ' +
        'too small, a table not readable, or something in it that this role could not restore. A dump that fails never ' +
        'bears the final name.',
      sort: 'prepares',
      role: 'backup',
      at: 'backups',
      needs: ({ env }) => [
        secretPresent(databaseOf(env).url.name),
        databaseAnswers(),
        clientFitsServer('pg_dump'),
        clientFitsServer('pg_restore'),
        wayIsChosen(prefer),
        ...(env.database?.backupsOnHost ? [folderWritable(env.database.backupsOnHost)] : []),
        roleMay('read everything'),
        backupRestorable(unrestorable),
        tiedIsKnown(),
        diskHasRoom({
          path: ({ run }) => run.backups,
          bytes: async ({ see }) => room * (await see(databaseFacts))[0]!.size,
          for: 'a backup',
        }),
      ],
      observe: async (at) => {
        const [database] = await at.see(databaseFacts)
        return {
          ...database!,
          leftovers: await leftovers(at, at.run.backups),
          way: await chooseWay(at, prefer),
        }
      },
      actions: ({ env, run, observed }) => {
        const { dump, partial, manifest } = backupFiles(run, env.name)
        const { way, leftovers } = observed
        return {
          // Performed a second time where one of the others fails.
          discard: changes('rm', '-rf', '--', partial, ...leftovers),
          dump: given(['snapshot'], ({ snapshot }) => dumps(env, { to: partial, snapshot, way })),
          // Meanwhile nobody else may enter the folder that it is in.
          private: changes('chmod', '-R', 'u=rwX,go=', '--', partial),
          // What pg_dump writes itself is on the disk when it ends; the other programs leave that to the system.
          ...(programOf(way.format) && { settle: changes('sync', '--', partial) }),
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
        const { format, jobs } = observed.way
        const startedAt = act.now().toISOString()
        await perform('discard')
        try {
          const live = await act.snapshot(async (at) => {
            const counting = liveContents(at)
            let cause: unknown
            counting.catch((error) => {
              cause = error
            })
            // Where both fail, what the count met with is the reason: it names the table.
            const dumping = perform('dump', { snapshot: at.id })
            await tellingProgress(act, { action: 'dump', jobs }, dumping).catch((error) => {
              throw cause ?? error
            })
            return counting
          })
          await perform('private')
          if (programOf(format)) await perform('settle')
          const proof = await proveDump(act, { dump: partial, format }, live)
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
      output: async (at) => {
        const { dump, manifest } = backupFiles(at.run, at.env.name)
        const text = await at.see(readsFile(manifest))
        // By that it is seen later whether the manifest is still what was written.
        return { dump, manifest, described: await sha256OfText(at, text), ...totalsOf(JSON.parse(text)) }
      },
      summary: ({ output }) => printTotals(output),
      evidence: () => [postgresqlEvidence],
      undo: () => nothingToUndo('a backup changes nothing, and stays'),
      diagnoses: ({ env }) => [wrongDatabaseUrl(env)],
      restore: restoreDatabase,
      rehearsal: (backup) => rehearse({ from: backup }),
    }),
)
