import { existing, nameOf } from '../../checks/reading/schema-objects.ts'
import { schemaLacks } from '../../checks/schema-lacks.ts'
import {
  type Actions,
  type Check,
  defineCheck,
  defineStep,
  early,
  fails,
  forwardOnly,
  holds,
  selects,
  transaction,
} from '../../runbook/index.ts'
import { quoted } from '../sql/quoted.ts'
import { dropsOf } from '../sql/reverse.ts'
import { settingsOf } from '../sql/settings.ts'
import type { SqlInQuestion } from './sql-in-question.ts'

/** Drops what an attempt has left of some SQL, so that it can be applied as a whole. */
export const dropUnfinished = (sql: SqlInQuestion) =>
  defineStep({
    id: 'drop-unfinished',
    title: `Drop what is there of ${sql.name}`,
    about:
      'Drops the tables, columns and whatever else the SQL would make and that is there already, in one transaction and ' +
      'without CASCADE. Refuses where a row would be lost.',
    sort: 'state',
    role: 'migration',
    observe: async (at) => {
      const adds = droppable((await sql.effects(at)).adds)
      const places = await at.see(existing(adds))
      return { schema: at.env.database?.schema ?? 'public', there: places.map(({ place }) => adds[place]!) }
    },
    before: ({ observed: { there } }) => [early(nothingInside(there))],
    findings: ({ observed: { there } }) => there.map((one) => `drops ${nameOf(one)}`),
    actions: ({ observed: { there, schema } }): Actions =>
      there.length
        ? {
            drop: transaction(
              dropsOf(there),
              settingsOf({ lockTimeout: 2000, statementTimeout: 60_000 })(schema),
            ),
          }
        : {},
    after: ({ observed: { there } }) => [schemaLacks(there) as Check],
    undo: () =>
      forwardOnly(
        'what was dropped was empty, and is made again by the migration',
        'apply the migration: runbook deploy',
      ),
  })

/** A schema or an extension is shared with others; a value of an enum cannot be dropped. */
export const droppable = <T extends { kind: string }>(objects: readonly T[]): T[] =>
  objects.filter(({ kind }) => !['schema', 'extension', 'value'].includes(kind))

/** No table with a row, and no column with a value. */
const nothingInside = (
  there: readonly { kind: string; schema: string; name: string; of?: string }[],
): Check =>
  defineCheck({
    fact: 'nothing is lost with what is dropped',
    remedy: 'save the rows, or finish the migration by hand',
    look: async ({ see }) => {
      const tables = there.filter(({ kind }) => kind === 'table')
      const inTables = new Set(tables.map(({ schema, name }) => `${schema}.${name}`))
      const full: string[] = []
      const holdsRows = async (what: string, schema: string, table: string, where: string) => {
        const query = `SELECT EXISTS (SELECT FROM ${quoted(schema)}.${quoted(table)} ${where}) AS full`
        if ((await see(selects<{ full: boolean }>(query)))[0]!.full) full.push(what)
      }
      for (const { schema, name } of tables) await holdsRows(name, schema, name, '')
      for (const { kind, schema, name, of } of there)
        if (kind === 'column' && of !== undefined && !inTables.has(`${schema}.${of}`))
          await holdsRows(`${of}.${name}`, schema, of, `WHERE ${quoted(name)} IS NOT NULL`)
      return full.length ? fails(`there are rows in ${full.join(', ')}`) : holds('no row, no value')
    },
  })
