import type { Node } from 'libpg-query'

export interface Refusal {
  readonly seen: string
  readonly remedy: string
}

/** Why a statement cannot be part of a transaction; undefined where it can. */
export const refusalOf = (node: Node, script: readonly { readonly node: Node }[]): Refusal | undefined => {
  const alone = (words: string, remedy = aloneRemedy): Refusal => ({
    seen: `${words} cannot run in a transaction`,
    remedy,
  })
  if ('IndexStmt' in node && node.IndexStmt.concurrent)
    return alone(
      'CREATE INDEX CONCURRENTLY',
      `leave CONCURRENTLY out where the table is small; ${aloneRemedy}`,
    )
  if ('DropStmt' in node && node.DropStmt.concurrent) return alone('DROP INDEX CONCURRENTLY')
  if ('ReindexStmt' in node) {
    const { kind, params = [] } = node.ReindexStmt
    if (params.some((param) => 'DefElem' in param && param.DefElem.defname === 'concurrently'))
      return alone('REINDEX CONCURRENTLY')
    if (kind !== 'REINDEX_OBJECT_INDEX' && kind !== 'REINDEX_OBJECT_TABLE')
      return alone('REINDEX of a schema or database')
  }
  if ('AlterTableStmt' in node && node.AlterTableStmt.cmds?.some(detachesConcurrently))
    return alone('DETACH PARTITION CONCURRENTLY')
  if ('VacuumStmt' in node && node.VacuumStmt.is_vacuumcmd)
    return alone('VACUUM', 'leave it to autovacuum, or run it by hand')
  if ('ClusterStmt' in node && !node.ClusterStmt.relation) return alone('CLUSTER without a table')
  const [words] = Object.entries(neverInside).find(([kind]) => kind in node) ?? []
  if (words) return alone(neverInside[words]!)
  if ('DiscardStmt' in node && node.DiscardStmt.target === 'DISCARD_ALL')
    return alone('DISCARD ALL', 'take it out')
  if ('VariableSetStmt' in node && node.VariableSetStmt.name === 'client_encoding')
    return { seen: 'sets client_encoding; the file is sent as UTF-8', remedy: 'take it out' }
  if ('CopyStmt' in node && !node.CopyStmt.filename)
    return {
      seen: `COPY ${node.CopyStmt.is_from ? 'FROM STDIN' : 'TO STDOUT'} needs psql at the other end`,
      remedy: node.CopyStmt.is_from ? 'write INSERT statements' : 'take it out',
    }
  return usesNewValue(node, script)
}

const aloneRemedy = 'run it by itself with psql, in a `shell` step of its own'

const neverInside: Readonly<Record<string, string>> = {
  CreatedbStmt: 'CREATE DATABASE',
  DropdbStmt: 'DROP DATABASE',
  CreateTableSpaceStmt: 'CREATE TABLESPACE',
  DropTableSpaceStmt: 'DROP TABLESPACE',
  AlterSystemStmt: 'ALTER SYSTEM',
  CreateSubscriptionStmt: 'CREATE SUBSCRIPTION',
  DropSubscriptionStmt: 'DROP SUBSCRIPTION',
}

const detachesConcurrently = (command: Node): boolean => {
  if (!('AlterTableCmd' in command)) return false
  const { def } = command.AlterTableCmd
  return !!def && 'PartitionCmd' in def && !!def.PartitionCmd.concurrent
}

/** A value added to an enum that is there already can be used only once its transaction has been committed. */
const usesNewValue = (node: Node, script: readonly { readonly node: Node }[]): Refusal | undefined => {
  if (!('AlterEnumStmt' in node) || !node.AlterEnumStmt.newVal || node.AlterEnumStmt.oldVal) return undefined
  const { newVal, typeName } = node.AlterEnumStmt
  const name = JSON.stringify(typeName)
  const createdHere = script.some(
    (one) => 'CreateEnumStmt' in one.node && JSON.stringify(one.node.CreateEnumStmt.typeName) === name,
  )
  const used = JSON.stringify({ sval: newVal })
  const later = script.slice(script.findIndex((one) => one.node === node) + 1)
  if (createdHere || !later.some((one) => JSON.stringify(one.node).includes(`"sval":${used}`)))
    return undefined
  return {
    seen: `the value '${newVal}' can be used only after the transaction that adds it`,
    remedy: 'put ALTER TYPE … ADD VALUE into a file, and a step, of its own, before this one',
  }
}
