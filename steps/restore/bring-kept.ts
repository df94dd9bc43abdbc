import { databaseAnswers } from '../../checks/database-answers.ts'
import { databaseCanBeRenamed } from '../../checks/database-can-be-renamed.ts'
import { secretPresent } from '../../checks/secret-present.ts'
import {
  databaseOf,
  defineCheck,
  defineStep,
  early,
  fails,
  holds,
  lossesText,
  nothingToUndo,
  quantity,
} from '../../runbook/index.ts'
import type { Brought } from './bring-backup.ts'
import { databasesNamed, liveAndBeside } from './live-and-beside.ts'
import { type Comparison, compareBeside } from './losses.ts'

/** A database that an earlier restore has replaced stands beside the live one already; it is only looked at. */
export const bringKept = (name: string) =>
  defineStep({
    id: 'bring-kept',
    title: `Look at the kept database ${name}`,
    about:
      'Compares the live database with one that an earlier restore has replaced: what returning to it would lose.',
    sort: 'prepares',
    needs: ({ env }) => [secretPresent(databaseOf(env).url.name), databaseAnswers()],
    observe: async (at) => {
      const { live, via } = await liveAndBeside(at, at.run.stamp)
      const there = (await at.see(databasesNamed(name))).length > 0
      const compared = there ? await compareBeside(at, name) : { losses: [], sums: {}, tables: 0 }
      return { live, via, there, ...compared }
    },
    before: ({ observed: { there } }) => [early(keptStands(name, there)), early(databaseCanBeRenamed())],
    after: ({ observed: { there } }) => [keptStands(name, there)],
    output: async ({ observed }): Promise<Brought> => broughtOf(name, observed),
    foresee: ({ observed }): Brought => broughtOf(name, observed),
    summary: ({ output: { tables, losses } }) =>
      `${quantity(tables, 'table')}; it would take away: ${lossesText(losses)}`,
    undo: () => nothingToUndo('it only looks'),
  })

const keptStands = (name: string, there: boolean) =>
  defineCheck({
    fact: `the kept database ${name} is there`,
    remedy: 'list what there is: runbook backups <env>',
    look: async () => (there ? holds('it is there') : fails('there is no such database')),
  })

const broughtOf = (incoming: string, { losses, sums, tables }: Comparison): Brought => ({
  ...{ incoming, losses, sums, tables, rows: 0 },
})
