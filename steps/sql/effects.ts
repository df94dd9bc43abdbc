import type { CommentStmt, CreateStmt, DropStmt, Node, VariableSetStmt } from 'libpg-query'
import type { SchemaObject } from '../../checks/reading/schema-objects.ts'
import { beginningOf } from '../../runbook/index.ts'
import { alterTable, nothingCertain, promisePrimaryKey } from './alter-table.ts'
import { columnPromise, stringOf } from './column.ts'
import { whyNotDerived } from './derivable.ts'
import { changesNothing } from './harmless.ts'
import { Ledger, type Name, type SqlEffects } from './ledger.ts'
import { locksIn } from './locks-in.ts'
import type { ParsedStatement } from './script.ts'

/**
 * What is certain of a file's statements; `schema` is where names without one go. Where one of them is not understood to
 * the last, nothing is claimed of any. `several`: of more than one file, each of which may be a transaction.
 */
export const effectsOf = (
  statements: readonly ParsedStatement[],
  schema: string,
  { several = false } = {},
): SqlEffects => {
  const ledger = new Ledger(schema)
  for (const { node, sql, line } of statements) {
    const words = sql.replace(/\s+/g, ' ')
    ledger.place = { line, words: beginningOf(words, 60, '…') }
    const because = whyNotDerived(node, ledger, several)
    if (because) ledger.givesUp(because)
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
  else if ('CommentStmt' in node) comment(ledger, node.CommentStmt)
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
  ledger.add({ kind: 'table', ...table })
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

/** What was said before of something that was there does not come back. */
const comment = (ledger: Ledger, { objtype, object }: CommentStmt): void => {
  const parts = object && 'List' in object ? (object.List.items ?? []) : []
  const isColumn = objtype === 'OBJECT_COLUMN'
  const { schema, name } = ledger.nameIn(isColumn ? parts.slice(0, -1) : parts)
  const table: SchemaObject = { kind: 'table', schema, name }
  const column = (): SchemaObject => ({
    ...{ kind: 'column', schema, of: name },
    name: stringOf(parts.at(-1)!) ?? '',
  })
  ledger.oneWay([isColumn && !ledger.has(table) ? column() : table])
}

const setVariable = (ledger: Ledger, { name, args = [] }: VariableSetStmt): void => {
  if (name !== 'search_path') return
  const [first] = args
  const path = first && 'A_Const' in first && 'sval' in first.A_Const ? first.A_Const.sval?.sval : undefined
  if (path) ledger.schema = path
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
