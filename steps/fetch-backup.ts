import { backupStands } from '../checks/backup-stands.ts'
import { diskHasRoom } from '../checks/disk-has-room.ts'
import { printTotals, readManifest, totalsOf } from '../checks/reading/backup-manifest.ts'
import {
  changes,
  defineStep,
  early,
  factory,
  given,
  type Look,
  manifestOf,
  nothingToUndo,
  piped,
  quietSsh,
  type Step,
  shellWord,
  WHOLE_DATABASE,
} from '../runbook/index.ts'
import { backupFiles, folderOf, leftovers, nameOf } from './backup/files.ts'
import { databaseFacts } from './backup/live-database.ts'
import { BACKUP, theBackup } from './backup/the-backup.ts'

/** Where the copy comes to stand, and where it is until it has been proven. */
const copyOf = ({ copies, stamp }: Look['run'], environment: string) => {
  const { dump, partial, manifest } = backupFiles({ backups: copies, stamp }, environment)
  return { dump, manifest, partial, unproven: `${partial}/${nameOf(dump)}` }
}

export const fetchBackup = factory(
  'fetch-backup',
  {
    /** The step of the same book that backs the database up. */
    from: theBackup,
  },
  ({ from }): Step =>
    defineStep({
      id: 'fetch-backup',
      title: 'Fetch the backup',
      about:
        'Where the book keeps its backups on the host: copies the one that was just made, with its manifest, to the ' +
        'operator, reads the copy in full, and gives it its name only when it is what the manifest says, to the bit. So ' +
        'a host that is lost with its disk does not take the backup along. The one on the host stays.',
      sort: 'prepares',
      at: 'operator',
      observe: async (at) => ({
        isHere: at.run.copies === at.run.backups,
        leftovers: await leftovers(at, at.run.copies),
      }),
      before: ({ observed: { isHere }, run }) =>
        isHere
          ? []
          : [
              early(
                diskHasRoom({
                  path: () => run.copies,
                  bytes: async ({ see }) => (await see(databaseFacts))[0]!.size,
                  for: 'a copy of the backup',
                }),
              ),
            ],
      findings: ({ observed: { isHere } }) => (isHere ? ['the backups are with the operator anyway'] : []),
      actions: ({ observed: { isHere, leftovers }, env, run }) => {
        if (isHere) return {}
        const { dump, manifest, partial, unproven } = copyOf(run, env.name)
        return {
          // Performed a second time where one of the others fails.
          discard: changes('rm', '-rf', '--', partial, ...leftovers),
          folder: changes('mkdir', '-m', '700', '--', partial),
          fetch: given(['dump'], ({ dump }) => {
            const [folder, ...files] = [folderOf(dump), nameOf(dump), nameOf(manifestOf(dump))].map(shellWord)
            const sends = `exec tar -C ${folder} -cf - -- ${files.join(' ')}`
            return {
              ...piped(changes('ssh', ...quietSsh, '--', env.host, sends), 'tar', '-xf', '-', '-C', partial),
              timeout: WHOLE_DATABASE,
              // What is said of a connection that broke, by ssh or by tar; what came is written over.
              retry: { tries: 3, pause: 2000, on: [255, 2] },
            }
          }),
          private: changes('chmod', '-R', 'u=rwX,go=', '--', partial),
          settle: changes('sync', '--file-system', '--', unproven),
          describe: changes('mv', '-f', '--', manifestOf(unproven), manifest),
          name: changes('mv', '--', unproven, dump),
          'put-away': changes('rmdir', '--', partial),
        }
      },
      run: async (act) => {
        const { perform, observed, env, run } = act
        if (observed.isHere) return
        const { dump } = act.outputOf(from) as { dump: string }
        const stands = backupStands(copyOf(run, env.name).unproven)
        await perform('discard')
        try {
          await perform('folder')
          await perform('fetch', { dump })
          await perform('private')
          await perform('settle')
          act.prove('the copy is what its manifest says', await stands.look(act), stands.remedy)
          await perform('describe')
          await perform('name')
          await perform('put-away')
        } catch (error) {
          // Where even that fails, the next one removes what is left.
          await act.cleanUp('discard').catch(() => {})
          throw error
        }
      },
      after: ({ env, run }) => [backupStands(copyOf(run, env.name).dump)],
      output: async (at) => {
        const { dump } = copyOf(at.run, at.env.name)
        const manifest = await readManifest(at, dump)
        return { dump, totals: manifest ? totalsOf(manifest) : null }
      },
      summary: ({ output: { totals } }) => (totals ? printTotals(totals) : ''),
      undo: () => nothingToUndo('a copy changes nothing, and stays'),
    }),
  { from: BACKUP },
)
