import { nearest } from '../../checks/reading/nearest.ts'
import { tablesNamed, whereElse } from '../../checks/table-exists.ts'
import {
  defineCheck,
  defineDiagnosis,
  fails,
  holds,
  type Look,
  quantity,
  selects,
} from '../../runbook/index.ts'
import { quoted } from '../sql/quoted.ts'
import { cannotTell, type SqlInQuestion } from './sql-in-question.ts'
import { ofMigration, symptoms } from './symptoms.ts'

/** undefined_table, invalid_schema_name. */
const STATES = ['42P01', '3F000']

/** What the SQL alters is in another schema, has a name that is written otherwise, or was never made. */
export const noRelation = (sql: SqlInQuestion) =>
  defineDiagnosis({
    id: 'no-relation',
    symptom: symptoms.noRelation,
    cause: `a table that ${sql.name} changes is not where it looks for it`,
    probe: defineCheck({
      fact: `the tables that ${sql.name} changes are there`,
      remedy: 'apply first what makes them',
      look: async (at) => {
        const effects = await sql.effects(at)
        if (effects.underived) return cannotTell(effects)
        const { alters, locks, adds } = effects
        const made = new Set(
          adds.flatMap(({ kind, schema, name }) => (kind === 'table' ? [`${schema}.${name}`] : [])),
        )
        const wanted = new Map(
          [...alters, ...locks].map(({ schema, table }) => [`${schema}.${table}`, { schema, table }]),
        )
        for (const name of made) wanted.delete(name)
        const missing: Missing[] = []
        for (const { schema, table } of wanted.values()) {
          const found = await at.see(tablesNamed(table))
          if (!found.some((one) => one.schema === schema))
            missing.push({ schema, table, elsewhere: found.map((one) => one.schema) })
        }
        if (missing.length === 0) return holds(`${quantity(wanted.size, 'table')}`)
        return fails([...missing.map(sentenceOf), ...(await searchPath(at))].join('; '), {
          remedy: await remedyOf(missing[0]!, at),
        })
      },
    }),
    fits: ofMigration(...STATES),
  })

interface Missing {
  schema: string
  table: string
  /** Schemas that have one of that name. */
  elsewhere: string[]
}

const sentenceOf = ({ schema, table, elsewhere }: Missing): string =>
  whereElse(
    table,
    schema,
    elsewhere.map((other) => ({ schema: other })),
  )

const remedyOf = async ({ schema, table, elsewhere: [other] }: Missing, at: Look): Promise<string> => {
  if (other !== undefined)
    return `name its schema in the book, database: { url, schema: '${other}' }; or in the SQL: ${quoted(other)}.${quoted(table)}`
  const tables = await at.see(
    selects<{ name: string }>(
      `SELECT relname AS name FROM pg_class WHERE relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = $1)
       AND relkind IN ('r', 'p', 'f')`,
      schema,
    ),
  )
  const names = tables.map(({ name }) => name)
  const alike = names.find((name) => name.toLowerCase() === table.toLowerCase())
  if (alike !== undefined) return `write it as the database has it, in quotes: ${quoted(alike)}`
  const near = nearest(table, names, 0.6)
  return `apply first what makes it${near === undefined ? '' : `; or is ${near} meant?`}`
}

/** Where the role's own sessions look, which those of a run do not follow: they have the book's schema. */
const searchPath = async ({ see }: Look): Promise<string[]> => {
  const set = await see(
    selects<{ setting: string }>(
      `SELECT DISTINCT unnest(setconfig) AS setting FROM pg_db_role_setting
       WHERE setrole IN (0, (SELECT oid FROM pg_roles WHERE rolname = current_user))
         AND setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))`,
    ),
  )
  return set.flatMap(({ setting }) =>
    setting.startsWith('search_path=') ? [`the role’s own ${setting.replace('=', ' is ')}`] : [],
  )
}
