import { databaseAnswers } from '../../checks/database-answers.ts'
import { databaseCanBeRenamed } from '../../checks/database-can-be-renamed.ts'
import { secretPresent } from '../../checks/secret-present.ts'
import {
  type BackupManifest,
  databaseOf,
  defineCheck,
  defineStep,
  early,
  fails,
  holds,
  nothingToUndo,
  quantity,
} from '../../runbook/index.ts'
import { tablesOf } from '../backup/live-database.ts'
import type { Brought } from './bring-backup.ts'
import { databasesNamed, inDatabase, liveAndBeside } from './live-and-beside.ts'
import { lossesSince } from './losses.ts'

/** A database that an earlier restore has replaced stands beside the live one already; it is only looked at. */
export const bringKept = (name: string) =>
  defineStep({
    id: 'bring-kept',
    title: `Look at the kept database ${name}`,
    about:
      'Counts the tables of a database that an earlier restore has replaced, and what returning to it would lose.',
    sort: 'prepares',
    needs: ({ env }) => [secretPresent(databaseOf(env).url.name), databaseAnswers()],
    observe: async (at) => {
      const { live, via } = await liveAndBeside(at, at.run.stamp)
      const there = (await at.see(databasesNamed(name))).length > 0
      const tables = there ? await tablesOf((query) => at.see(inDatabase(name, query))) : []
      const manifest = { tables } as unknown as BackupManifest
      return { live, via, there, tables: tables.length, losses: await lossesSince(at, manifest, live) }
    },
    before: ({ observed: { there } }) => [early(keptStands(name, there)), early(databaseCanBeRenamed())],
    after: ({ observed: { there } }) => [keptStands(name, there)],
    output: async ({ observed: { losses, tables } }): Promise<Brought> => ({
      incoming: name,
      losses,
      tables,
      rows: 0,
    }),
    foresee: ({ observed: { losses, tables } }): Brought => ({ incoming: name, losses, tables, rows: 0 }),
    summary: ({ output: { tables } }) => quantity(tables, 'table'),
    undo: () => nothingToUndo('it only looks'),
  })

const keptStands = (name: string, there: boolean) =>
  defineCheck({
    fact: `the kept database ${name} is there`,
    remedy: 'list what there is: runbook backups <env>',
    look: async () => (there ? holds('it is there') : fails('there is no such database')),
  })
