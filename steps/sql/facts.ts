import { schemaHas } from '../../checks/schema-has.ts'
import { schemaLacks } from '../../checks/schema-lacks.ts'
import { tableExists } from '../../checks/table-exists.ts'
import { tableHasColumns } from '../../checks/table-has-columns.ts'
import type { Check } from '../../runbook/index.ts'
import type { SqlEffects } from './ledger.ts'

/** What can be seen when a file has been applied: shapes, not names alone, because of IF NOT EXISTS. */
export const factsOf = ({ adds, removes, columns }: SqlEffects, schema: string): Check[] => {
  const elsewhere = (other: string) => (other === schema ? {} : { schema: other })
  const described = new Set(columns.map((one) => JSON.stringify([one.schema, one.table])))
  const bare = adds.filter(
    (one) => one.kind === 'table' && !described.has(JSON.stringify([one.schema, one.name])),
  )
  const named = adds.filter(({ kind }) => kind !== 'table' && kind !== 'column')
  return [
    ...columns.map((one) => tableHasColumns(one.table, one.columns, elsewhere(one.schema))),
    ...bare.map((one) => tableExists(one.name, elsewhere(one.schema))),
    ...(named.length ? [schemaHas(named)] : []),
    ...(removes.length ? [schemaLacks(removes)] : []),
  ]
}
