import { databaseOf, defineCheck, fails, holds, quantity, selects, sqlName } from '../runbook/index.ts'

/** Each of these tables has so many rows at least. */
export const tablesHaveRows = (tables: Readonly<Record<string, number>>) =>
  defineCheck({
    fact: `there are rows in ${Object.keys(tables).join(', ')}`,
    remedy: 'run what fills them: npx prisma db seed',
    look: async ({ see, env }) => {
      const { schema } = databaseOf(env)
      const counted: string[] = []
      let enough = true
      for (const [table, least] of Object.entries(tables)) {
        const path = `${sqlName(schema)}.${sqlName(table)}`
        const [found] = await see(
          selects<{ there: boolean }>('SELECT to_regclass($1) IS NOT NULL AS there', path),
        )
        // No more than it takes to know: a table may be large.
        const limited = `SELECT count(*) AS rows FROM (SELECT FROM ${path} LIMIT ${least}) AS first`
        const rows = found!.there ? (await see(selects<{ rows: number }>(limited)))[0]!.rows : undefined
        enough &&= rows !== undefined && rows >= least
        counted.push(
          rows === undefined
            ? `no table ${table}`
            : `${table} has ${rows >= least ? `${least} or more` : `${quantity(rows, 'row')} of ${least}`}`,
        )
      }
      return enough ? holds(counted.join(', ')) : fails(counted.join(', '))
    },
  })
