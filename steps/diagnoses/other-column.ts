import { existing } from '../../checks/reading/schema-objects.ts'
import { tableHasColumns } from '../../checks/table-has-columns.ts'
import { defineCheck, defineDiagnosis, fails, holds, quantity } from '../../runbook/index.ts'
import { cannotTell, type SqlInQuestion } from './sql-in-question.ts'
import { ofMigration, symptoms } from './symptoms.ts'

/** duplicate_column. */
const STATES = ['42701']

/** A column that the SQL adds was there before, and is another than it would be: IF NOT EXISTS passes that over. */
export const otherColumn = (sql: SqlInQuestion) =>
  defineDiagnosis({
    id: 'other-column',
    symptom: symptoms.columnThere,
    cause: `a column that ${sql.name} adds is there already, of another shape`,
    probe: defineCheck({
      fact: `the columns of ${sql.name} that are there have the shape that it gives them`,
      remedy: 'migrate what differs',
      look: async (at) => {
        const effects = await sql.effects(at)
        if (effects.underived) return cannotTell(effects)
        const { columns: tables } = effects
        const other: string[] = []
        let [there, all] = [0, 0]
        for (const { schema, table, columns } of tables) {
          const names = Object.keys(columns)
          const objects = names.map((name) => ({ kind: 'column' as const, schema, of: table, name }))
          const places = await at.see(existing(objects))
          all += names.length
          there += places.length
          const shapes = Object.fromEntries(
            places.map(({ place }) => [names[place]!, columns[names[place]!]!]),
          )
          if (places.length === 0) continue
          const verdict = await tableHasColumns(table, shapes, { schema }).look(at)
          if (!verdict.holds) other.push(`${table}: ${verdict.seen}`)
        }
        if (other.length === 0) return holds(`${there} of ${quantity(all, 'column')} there`)
        return fails(`${other.join('; ')}; ${there} of ${quantity(all, 'column')} there`, {
          remedy: `make it what is expected, in a migration before: ALTER TABLE ${tables[0]!.table} ALTER COLUMN … TYPE …; or let ${sql.name} say what is there`,
        })
      },
    }),
    fits: ofMigration(...STATES),
  })
