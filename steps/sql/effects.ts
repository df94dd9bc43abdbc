import type { CreateStmt, DropStmt, Node, RenameStmt, VariableSetStmt } from 'libpg-query'
import type { SchemaObject } from '../../checks/reading/schema-objects.ts'
import { alterTable, nothingCertain, promisePrimaryKey } from './alter-table.ts'
import { columnPromise } from './column.ts'
import { changesNothing } from './harmless.ts'
import { Ledger, type Name, type SqlEffects } from './ledger.ts'
import { locksIn } from './locks-in.ts'
import type { ParsedStatement } from './script.ts'

/** What is certain of a file's statements; `schema` is where names without one go. */
export const effectsOf = (statements: readonly ParsedStatement[], schema: string): SqlEffects => {
  const ledger = new Ledger(schema)
  for (const { node, sql, line } of statements) {
    const words = sql.replace(/\s+/g, ' ')
    ledger.place = { line, words: words.length > 60 ? `${words.slice(0, 59)}…` : words }
    enter(ledger, node)
  }
  return ledger.effects
}

const enter = (ledger: Ledger, node: Node): void => {
  for (const { relation, readers } of locksIn(node)) ledger.locks(ledger.name(relation), readers)
  const made = madeBy(ledger, node)
  if (made) ledger.add(made)
  else if ('CreateStmt' in node) createTable(ledger, node.CreateStmt)
  else if ('AlterTableStmt' in node) alterTable(ledger, node.AlterTableStmt)
  else if ('DropStmt' in node) drop(ledger, node.DropStmt)
  else if ('RenameStmt' in node) rename(ledger, node.RenameStmt)
  else if ('VariableSetStmt' in node) setVariable(ledger, node.VariableSetStmt)
  else if (!changesNothing(node)) leavesNoFact(ledger, node)
  if ('IndexStmt' in node) ledger.alters(ledger.name(node.IndexStmt.relation!))
}

/** The one thing with a name that a statement makes, of which its existence is all there is to see. */
const madeBy = (ledger: Ledger, node: Node): SchemaObject | undefined => {
  if ('IndexStmt' in node && node.IndexStmt.idxname) {
    const { schema, name: of } = ledger.name(node.IndexStmt.relation!)
    return { kind: 'index', schema, of, name: node.IndexStmt.idxname }
  }
  if ('CreateEnumStmt' in node) return { kind: 'type', ...ledger.nameIn(node.CreateEnumStmt.typeName ?? []) }
  if ('CompositeTypeStmt' in node) return { kind: 'type', ...ledger.name(node.CompositeTypeStmt.typevar!) }
  if ('AlterEnumStmt' in node && node.AlterEnumStmt.newVal && !node.AlterEnumStmt.oldVal) {
    const { schema, name } = ledger.nameIn(node.AlterEnumStmt.typeName ?? [])
    return { kind: 'value', schema, of: name, name: node.AlterEnumStmt.newVal }
  }
  if ('CreateSeqStmt' in node) return { kind: 'sequence', ...ledger.name(node.CreateSeqStmt.sequence!) }
  if ('CreateExtensionStmt' in node)
    return { kind: 'extension', schema: '', name: node.CreateExtensionStmt.extname! }
  if ('CreateSchemaStmt' in node && node.CreateSchemaStmt.schemaname && !node.CreateSchemaStmt.schemaElts)
    return { kind: 'schema', schema: '', name: node.CreateSchemaStmt.schemaname }
  return undefined
}

const createTable = (ledger: Ledger, { relation, tableElts = [] }: CreateStmt): void => {
  const table = ledger.name(relation!)
  // It is gone with the session, and nothing can be looked at.
  if (relation!.relpersistence === 't') ledger.unproven()
  else ledger.add({ kind: 'table', ...table })
  if (relation!.relpersistence === 't') return
  for (const element of tableElts)
    if ('ColumnDef' in element)
      ledger.promise(table, element.ColumnDef.colname!, columnPromise(element.ColumnDef))
  for (const element of tableElts)
    if ('Constraint' in element) promisePrimaryKey(ledger, table, element.Constraint)
}

const droppable: Readonly<Record<string, SchemaObject['kind']>> = {
  OBJECT_TABLE: 'table',
  OBJECT_INDEX: 'index',
  OBJECT_SEQUENCE: 'sequence',
  OBJECT_TYPE: 'type',
  OBJECT_EXTENSION: 'extension',
  OBJECT_SCHEMA: 'schema',
}

const drop = (ledger: Ledger, { removeType, objects = [] }: DropStmt): void => {
  const kind = droppable[removeType ?? '']
  if (!kind) nothingCertain(ledger, [])
  for (const object of kind ? objects : []) {
    const parts =
      'List' in object ? object.List.items : 'TypeName' in object ? object.TypeName.names : [object]
    const { schema, name } = ledger.nameIn(parts ?? [])
    if (kind === 'table') ledger.forgetColumns({ schema, name })
    if (kind === 'table') ledger.forget((one) => one.schema === schema && one.of === name)
    ledger.drop({ kind: kind!, schema: kind === 'schema' || kind === 'extension' ? '' : schema, name })
  }
}

/** What has another name now must not be looked for under the old one. */
const rename = (ledger: Ledger, { renameType, relation, subname }: RenameStmt): void => {
  if (relation) {
    const { schema, name } = ledger.name(relation)
    const isColumn = renameType === 'OBJECT_COLUMN'
    ledger.forgetColumns({ schema, name }, isColumn ? subname : undefined)
    ledger.forget((one) =>
      isColumn
        ? one.schema === schema && one.of === name && one.name === subname
        : one.schema === schema && (one.of === name || one.name === name),
    )
  }
  nothingCertain(ledger, [])
}

const setVariable = (ledger: Ledger, { name, args = [] }: VariableSetStmt): void => {
  if (name !== 'search_path') return
  const [first] = args
  const path = first && 'A_Const' in first && 'sval' in first.A_Const ? first.A_Const.sval?.sval : undefined
  if (path && !path.startsWith('$')) ledger.schema = path
  else ledger.unproven()
}

/** Data, functions, rights. What fills a new column, or belongs to a new table, goes with it. */
const leavesNoFact = (ledger: Ledger, node: Node): void => {
  const table = tableOf(ledger, node)
  const targets = 'UpdateStmt' in node ? (node.UpdateStmt.targetList ?? []) : []
  const columns = targets.map(
    (target): SchemaObject => ({
      kind: 'column',
      schema: table?.schema ?? '',
      of: table?.name ?? '',
      name: 'ResTarget' in target ? (target.ResTarget.name ?? '') : '',
    }),
  )
  const fillsNew = columns.length > 0 && columns.every((column) => ledger.has(column))
  nothingCertain(ledger, fillsNew ? columns : table ? [{ kind: 'table', ...table }] : [])
}

/** The one table that a statement is about, where there is one. */
const tableOf = (ledger: Ledger, node: Node): Name | undefined => {
  if ('InsertStmt' in node) return ledger.name(node.InsertStmt.relation!)
  if ('UpdateStmt' in node) return ledger.name(node.UpdateStmt.relation!)
  if ('DeleteStmt' in node) return ledger.name(node.DeleteStmt.relation!)
  if ('IndexStmt' in node) return ledger.name(node.IndexStmt.relation!)
  if ('CreateTrigStmt' in node) return ledger.name(node.CreateTrigStmt.relation!)
  if ('CreatePolicyStmt' in node) return ledger.name(node.CreatePolicyStmt.table!)
  return undefined
}
