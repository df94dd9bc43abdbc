import { backupFits } from '../../checks/backup-fits.ts'
import { backupStands } from '../../checks/backup-stands.ts'
import { clientFitsServer } from '../../checks/client-fits-server.ts'
import { databaseAnswers } from '../../checks/database-answers.ts'
import { databaseCanBeRenamed } from '../../checks/database-can-be-renamed.ts'
import { readManifest } from '../../checks/reading/backup-manifest.ts'
import { coresOf } from '../../checks/reading/cores.ts'
import { roleMay } from '../../checks/role-may.ts'
import { secretPresent } from '../../checks/secret-present.ts'
import {
  type Actions,
  type BackupManifest,
  type Check,
  databaseOf,
  defineCheck,
  defineStep,
  early,
  executes,
  fails,
  holds,
  type Loss,
  libpqVariables,
  lossesText,
  nothingToUndo,
  quantity,
  transaction,
  WHOLE_DATABASE,
} from '../../runbook/index.ts'
import { folderOf } from '../backup/files.ts'
import { quoted } from '../sql/quoted.ts'
import { watchDump } from './as-summed.ts'
import { drops } from './drops.ts'
import { canBeRestoredInPlace } from './in-place/can-be-restored-in-place.ts'
import { databasesNamed, type LiveAndBeside, liveAndBeside } from './live-and-beside.ts'
import { compareBeside, countedLosses, type Sums } from './losses.ts'
import { alikeness, copyWhatIsInNoDump, createLike, makingOfLive } from './make-alike.ts'
import { archiveOf, canBeRead, FILLING, maintains, PUT_AWAY, restoresDump } from './restore-dump.ts'
import { roomForAnother, roomToUnpack } from './room-for-another.ts'
import { rowsAsInManifest } from './rows-as-in-manifest.ts'
import { settingsCanBeCopied } from './settings-can-be-copied.ts'

/** What the next steps need to know of what was brought. */
export type Brought = {
  /** The database that is to take the live one's place. */
  incoming: string
  /** Counted while the application still ran. */
  losses: Loss[]
  /** What that rests on, table by table. */
  sums: Sums
  tables: number
  rows: number
}

/** Restores a dump under a new name beside the live database, and proves it there. */
export const bringBackup = ({ dump, sha256 }: { dump: string; sha256?: string }) =>
  defineStep({
    id: 'bring-backup',
    title: 'Restore the backup beside the live database',
    about:
      'Makes a new database like the live one, restores the dump into it, sums the dump once more and sees that nobody has touched it meanwhile, counts every table against the manifest, and ' +
      'copies what no dump holds: settings, grants and comment of the database itself. The live database and the ' +
      'application are not touched. Refuses a dump that is not the one of the transcript that it was made by, not what its manifest says, is of another database or ' +
      'cluster, or of a newer server.',
    sort: 'prepares',
    needs: ({ env }) => [
      secretPresent(databaseOf(env).url.name),
      databaseAnswers(),
      clientFitsServer('pg_restore'),
    ],
    observe: async (at) => {
      const beside = await liveAndBeside(at, at.run.stamp)
      const manifest = (await readManifest(at, dump)) ?? null
      return {
        ...beside,
        making: (await at.see(makingOfLive))[0]!,
        manifest,
        jobs: await coresOf(at),
        /** A restore takes the longer the more there is in the dump. */
        weight: manifest?.size ?? 0,
        losses: manifest ? await countedLosses(at, manifest, { database: beside.live, isBeside: true }) : [],
      }
    },
    before: ({ observed: { via, live, size, manifest } }) =>
      [
        backupStands(dump, sha256),
        backupFits(dump),
        ...canBeRead(archiveOf(dump, manifest)),
        ...roomToUnpack(archiveOf(dump, manifest), folderOf(dump), size),
        orInPlace(roleMay('create databases')),
        databaseCanBeRenamed(),
        settingsCanBeCopied(),
        anotherCanBeEntered(live, via),
        roomForAnother(size),
      ].map(early),
    actions: ({ observed, env }): Actions => {
      const { via, live, names, making, there, leftovers, jobs, manifest } = observed
      const database = via ?? 'postgres'
      const { restoring, restored, replaced } = names
      // Of a run that goes on: it has been brought already, and perhaps put in its place.
      if (there.includes(restored) || there.includes(replaced)) return {}
      return {
        // Performed a second time where one of the others fails.
        ...drops('discard', restoring, leftovers, database),
        create: { ...executes(createLike(restoring, making)), database, timeout: WHOLE_DATABASE },
        ...restoresDump(libpqVariables(databaseOf(env)), {
          ...archiveOf(dump, manifest),
          database: restoring,
          jobs,
          vacuum: maintains('VACUUM', restoring),
        }),
        analyze: maintains('ANALYZE', restoring),
        // It bears this name only once it has been proven.
        finish: {
          ...transaction([
            copyWhatIsInNoDump(live, restoring),
            { sql: `ALTER DATABASE ${quoted(restoring)} RENAME TO ${quoted(restored)}`, line: 2 },
          ]),
          database,
          leaves: [restoring],
        },
      }
    },
    run: async (act) => {
      const { perform, observed, env, run } = act
      const { names, manifest } = observed
      const planned = Object.keys(bringBackup({ dump }).actions({ observed, env, run }))
      if (planned.length === 0) return
      for (const name of planned) if (name.startsWith('discard')) await perform(name)
      try {
        const watched = await watchDump(act, archiveOf(dump, manifest), sha256 ?? manifest!.sha256)
        for (const name of ['create', ...FILLING]) {
          if (planned.includes(name)) await perform(name)
          if (name === 'unpack' && planned.includes(name)) await watched.unpacked()
        }
        await watched.prove()
        for (const name of [PUT_AWAY, 'analyze']) if (planned.includes(name)) await perform(name)
        act.prove(
          'every table has the rows that the manifest says',
          await rowsAsInManifest(manifest!, (count) => act.see({ ...count, database: names.restoring })),
          'do not rely on this backup; restore another: runbook backups',
        )
        await perform('finish')
      } catch (error) {
        // Where even that fails, the next restore removes what is left.
        for (const name of [PUT_AWAY, 'discard-sessions', 'discard'])
          if (planned.includes(name)) await act.cleanUp(name).catch(() => {})
        throw error
      }
    },
    after: ({ observed }) => [broughtBeside(observed)],
    output: async (at): Promise<Brought> => {
      const { names, losses, manifest } = at.observed
      const { tables, rows } = sizeOf(manifest)
      const stands = (await at.see(databasesNamed(names.restored))).length > 0
      // Of a run that goes on it may have taken its place already.
      const compared = stands ? await compareBeside(at, names.restored) : { losses, sums: {} }
      return { incoming: names.restored, ...compared, tables, rows }
    },
    foresee: ({ observed: { names, losses, manifest } }): Brought => {
      const { tables, rows } = sizeOf(manifest)
      return { incoming: names.restored, losses, sums: {}, tables, rows }
    },
    summary: ({ output: { incoming, tables, rows, losses } }) =>
      `${incoming}: ${quantity(tables, 'table')}, ${quantity(rows, 'row')}, as in the manifest; it would take away: ${lossesText(losses)}`,
    undo: () =>
      nothingToUndo('the live database is as it was; the next restore removes what stands beside it'),
  })

/** It has been brought; or, of a run that goes on, put in its place already. */
const broughtBeside = ({ live, names: { restored, replaced } }: LiveAndBeside) =>
  defineCheck({
    fact: `${restored} stands beside the live database, and is like it`,
    remedy: 'look at the last lines of the transcript, then try again',
    look: async ({ see }) => {
      const there = (await see(databasesNamed(restored, replaced))).map(({ name }) => name)
      if (there.includes(replaced)) return holds(`it has taken its place; what it replaced is ${replaced}`)
      if (!there.includes(restored)) return fails('there is no such database')
      const [alike] = await see(alikeness(live, restored))
      const { same, different } = alike!
      return different
        ? fails(`${quantity(different, 'setting, grant or comment', 'settings, grants and comments')} differ`)
        : holds(`${quantity(same, 'setting, grant or comment', 'settings, grants and comments')} the same`)
    },
  })

const anotherCanBeEntered = (live: string, via: string | null) =>
  defineCheck({
    fact: `the server has another database from which ${live} can be renamed`,
    remedy: 'let the role connect to the database postgres: GRANT CONNECT, and pg_hba.conf',
    look: async () => (via === null ? fails('the role can enter none') : holds(via)),
  })

/** Where the right is missing, the way that needs none is named, if it leads to the same. */
const orInPlace = (check: Check): Check => ({
  ...check,
  look: async (at) => {
    const verdict = await check.look(at)
    if (verdict.holds || !(await canBeRestoredInPlace().look(at)).holds) return verdict
    const other = 'or restore in place, with the application stopped for as long as that takes: --in-place'
    return { ...verdict, remedy: `${verdict.remedy ?? check.remedy}; ${other}` }
  },
})

const sizeOf = (manifest: BackupManifest | null) => ({
  tables: manifest?.tables.length ?? 0,
  rows: manifest?.tables.reduce((sum, { rows }) => sum + rows, 0) ?? 0,
})
