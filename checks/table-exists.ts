import { defineCheck, fails, holds, selects } from '../runbook/index.ts'

/** A table of this very name, in the environment's schema or the one given. */
export const tableExists = (table: string, options: { schema?: string } = {}) =>
  defineCheck({
    fact: `the table ${options.schema ? `${options.schema}.` : ''}${table} exists`,
    remedy: `apply the migration that creates ${table}`,
    look: async ({ see, env }) => {
      const schema = options.schema ?? env.database?.schema ?? 'public'
      const found = await see(tablesNamed(table))
      return found.some((one) => one.schema === schema)
        ? holds(`${schema}.${table}`)
        : fails(whereElse(table, schema, found))
    },
  })

/** Tables of one name, in whatever schema. */
export const tablesNamed = (table: string) =>
  selects<{ schema: string }>(
    `SELECT n.nspname AS schema FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relname = $1 AND c.relkind IN ('r', 'p', 'f') ORDER BY 1`,
    table,
  )

/** What to say of a table that is not where it should be; one of the same name elsewhere explains most cases. */
export const whereElse = (table: string, schema: string, found: readonly { schema: string }[]): string => {
  const others = found.map((one) => one.schema).filter((other) => other !== schema)
  return `no table ${table} in schema ${schema}${others.length ? `; there is one in ${others.join(', ')}` : ''}`
}
