import { defineCheck, fails, holds, quantity, selects } from '../runbook/index.ts'
import { tablesNamed, whereElse } from './table-exists.ts'

/** How many columns a table has; in its own schema only, unlike the count by `table_name` that guides like to give. */
export const columnCount = (table: string, count: number, options: { schema?: string } = {}) =>
  defineCheck({
    fact: `${options.schema ? `${options.schema}.` : ''}${table} has ${quantity(count, 'column')}`,
    remedy: `look at its columns: psql, then \\d ${table}`,
    look: async ({ see, env }) => {
      const schema = options.schema ?? env.database?.schema ?? 'public'
      const [table_] = await see(
        selects<{ columns: number }>(
          `SELECT count(a.attname) AS columns FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
           LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
           WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'p', 'f') GROUP BY c.oid`,
          schema,
          table,
        ),
      )
      if (!table_) return fails(whereElse(table, schema, await see(tablesNamed(table))))
      const seen = quantity(table_.columns, 'column')
      return table_.columns === count ? holds(seen) : fails(`${seen}, expected ${count}`)
    },
  })
