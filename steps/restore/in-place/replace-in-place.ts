import { readManifest } from '../../../checks/reading/backup-manifest.ts'
import { isDumped } from '../../../checks/reading/dumped-relations.ts'
import { listed } from '../../../checks/reading/listed.ts'
import { isOther, type Session, sessionText } from '../../../checks/reading/sessions.ts'
import {
  type BackupManifest,
  changes,
  databaseOf,
  defineCheck,
  defineStep,
  executes,
  fails,
  holds,
  type Look,
  libpqVariables,
  nothingToUndo,
  type Step,
  selects,
  typed,
  WHOLE_DATABASE,
} from '../../../runbook/index.ts'
import { backupFiles, nameOf } from '../../backup/files.ts'
import { countedLosses } from '../losses.ts'
import { type BroughtInPlace, scriptOf, scriptTrace } from './bring-in-place.ts'
import { emptyDatabase, proveTables } from './empty-and-prove.ts'

/**
 * Empties the live database and fills it again, in one transaction with the count of every table: however it ends, the
 * database is the one from before or the one of the backup.
 */
export const replaceInPlace = (brought: Step<any, any, BroughtInPlace>, dump: string) =>
  defineStep({
    id: 'replace-in-place',
    title: 'Put the backup into the live database',
    about:
      'Ends the sessions of others, which are named, then empties the database, performs the SQL of the dump and counts ' +
      'every table against the manifest, all in one transaction. Programs that come back meanwhile wait for its end. ' +
      'What was there stands in the backup that was made right before.',
    sort: 'state',
    observe: async (at) => {
      const { incoming: live } = at.outputOf(brought)
      const manifest = (await readManifest(at, dump)) ?? null
      return {
        live,
        manifest,
        losses: manifest ? await countedLosses(at, manifest, { database: live, isBeside: false }) : [],
        replaces: (await at.see(tables)).map(({ oid }) => oid),
      }
    },
    findings: ({ env, run }) => [
      'the application does not run until this is done: it takes as long as a whole restore',
      typed`to return: runbook restore ${env.name} ${nameOf(backupFiles(run, env.name).dump)} --in-place`,
    ],
    // Not unsaid: to bring the backup back is all that it does.
    migrates: () => [],
    actions: ({ observed: { live, manifest }, env }) => ({
      end: executes<Omit<Session, 'endable'>>(
        `SELECT pid, usename AS role, application_name AS application, coalesce(host(client_addr), '') AS client, pg_terminate_backend(pid)
FROM pg_stat_activity a WHERE ${isOther}`,
        live,
      ),
      replace: {
        ...changes(
          ...(['psql', '--no-psqlrc', '--quiet', '--no-password', '--single-transaction'] as const),
          ...['--set=ON_ERROR_STOP=1', '--output=/dev/null', `--command=${emptyDatabase}`],
          ...[`--file=${scriptOf(dump)}`, '--file=-'],
        ),
        // A statement for each table may be longer than an argument can be.
        input: manifest ? proveTables(manifest) : '',
        env: libpqVariables(databaseOf(env)),
        timeout: WHOLE_DATABASE,
      },
      analyze: executes('ANALYZE'),
      discard: changes('rm', '-f', '--', scriptOf(dump)),
    }),
    run: async (act) => {
      const { perform, cleanUp, prove, observed } = act
      try {
        // Of a run that goes on it may have been committed already: once more would take what was written since.
        if (!(await isReplaced(act, observed))) {
          const { script } = act.outputOf(brought)
          const isOwn = script === undefined || (await scriptTrace(act, dump)) === script
          prove(
            'the SQL of the backup is as it was written',
            isOwn ? holds('nobody has touched it') : fails('somebody has touched it since'),
            'find out who else writes there; the database is as it was; then start the restore again',
          )
          const ended = (await perform('end')) as Omit<Session, 'endable'>[]
          await perform('replace')
          prove(
            `the sessions of others in ${observed.live} were ended`,
            holds(ended.map(sessionText).join('; ') || 'there were none'),
            '',
          )
        }
        await perform('analyze')
      } finally {
        await cleanUp('discard').catch(() => {})
      }
    },
    after: ({ observed }) => [holdsBackup(observed), isPutAway(scriptOf(dump))],
    loses: async ({ observed: { losses } }) => losses,
    output: async ({ observed: { losses }, env, run }) => ({
      losses,
      kept: nameOf(backupFiles(run, env.name).dump),
    }),
    foresee: ({ observed: { losses }, env, run }) => ({
      losses,
      kept: nameOf(backupFiles(run, env.name).dump),
    }),
    summary: ({ output: { kept } }) => `what was there is in ${kept}`,
    undo: ({ env, run }) => nothingToUndo(`what was there is in ${backupFiles(run, env.name).dump}`),
  })

/** PostgreSQL's own numbers of the tables. What is made anew gets another, whatever its name. */
const tables = selects<{ oid: number }>(
  `SELECT c.oid::bigint AS oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE c.relkind = 'r' AND ${isDumped} ORDER BY c.oid`,
)

interface Replaced {
  manifest: BackupManifest | null
  /** The tables that were to go. */
  replaces: number[]
}

/** Whether the transaction was committed: then none of the tables that it found is there any more, and others are. */
const isReplaced = async ({ see }: Pick<Look, 'see'>, { manifest, replaces }: Replaced): Promise<boolean> => {
  const now = new Set((await see(tables)).map(({ oid }) => oid))
  return !replaces.some((oid) => now.has(oid)) && now.size >= (manifest?.tables.length ?? 0)
}

const holdsBackup = (replaced: Replaced) =>
  defineCheck({
    fact: 'the database holds what the backup holds',
    remedy: 'it is as it was before; look at the last lines, then try again',
    look: async (at) =>
      (await isReplaced(at, replaced))
        ? holds('every table was counted in the transaction that filled it')
        : fails('that transaction was not committed'),
  })

const isPutAway = (script: string) =>
  defineCheck({
    fact: 'the SQL of the backup is put away',
    remedy: typed`rm -- ${script}`,
    look: async (at) =>
      (await listed(at, script)) ? fails(`${script} is still there`) : holds('nothing is left of it'),
  })
