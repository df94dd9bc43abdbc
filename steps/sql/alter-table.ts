import type { AlterTableCmd, AlterTableStmt, Constraint } from 'libpg-query'
import type { SchemaObject } from '../../checks/reading/schema-objects.ts'
import { columnPromise, stringOf, typeText } from './column.ts'
import type { Ledger, Name } from './ledger.ts'

export const alterTable = (ledger: Ledger, { objtype, relation, cmds = [] }: AlterTableStmt): void => {
  const table = ledger.name(relation!)
  ledger.alters(table)
  if (objtype !== 'OBJECT_TABLE') nothingCertain(ledger, [])
  else for (const command of cmds) if ('AlterTableCmd' in command) alter(ledger, table, command.AlterTableCmd)
}

/** One clause of ALTER TABLE. */
const alter = (ledger: Ledger, table: Name, { subtype, name = '', def }: AlterTableCmd): void => {
  const column: SchemaObject = { kind: 'column', schema: table.schema, of: table.name, name }
  const owner: SchemaObject = ledger.has(column) ? column : { kind: 'table', ...table }
  if (subtype === 'AT_AddColumn' && def && 'ColumnDef' in def) {
    const added = def.ColumnDef.colname!
    ledger.promise(table, added, columnPromise(def.ColumnDef))
    ledger.add({ ...column, name: added })
  } else if (subtype === 'AT_DropColumn') {
    ledger.forgetColumns(table, name)
    ledger.drop(column)
  } else if (subtype === 'AT_SetNotNull' || subtype === 'AT_DropNotNull') {
    ledger.promise(table, name, { nullable: subtype === 'AT_DropNotNull' })
    ledger.oneWay([owner])
  } else if (subtype === 'AT_AlterColumnType' && def && 'ColumnDef' in def) {
    const type = typeText(def.ColumnDef.typeName)
    if (type) ledger.promise(table, name, { type })
    else ledger.unproven()
    ledger.oneWay([owner])
  } else if (subtype === 'AT_AddConstraint' && def && 'Constraint' in def)
    addConstraint(ledger, table, def.Constraint)
  else if (subtype === 'AT_DropConstraint') ledger.drop({ ...column, kind: 'constraint' })
  else nothingCertain(ledger, [owner])
}

const addConstraint = (ledger: Ledger, table: Name, constraint: Constraint): void => {
  const { conname, indexname, contype } = constraint
  const isNew = ledger.has({ kind: 'table', ...table })
  const index = indexname ? ledger.indexOf(indexname) : undefined
  // The index is the constraint's now, under its name.
  if (index && conname && conname !== indexname) ledger.forget((one) => one === index)
  promisePrimaryKey(ledger, table, constraint)
  const name = conname ?? indexname
  if (name) ledger.add({ kind: 'constraint', schema: table.schema, of: table.name, name })
  else {
    ledger.makesMore()
    nothingCertain(ledger, [{ kind: 'table', ...table }])
  }
  // Its columns stay NOT NULL where the key goes again, and may not have been.
  if (contype === 'CONSTR_PRIMARY' && !isNew) ledger.oneWay([])
}

/** Nothing to look at afterwards, and a way back only together with what it belongs to. */
export const nothingCertain = (ledger: Ledger, belongsTo: readonly SchemaObject[]): void => {
  ledger.unproven()
  ledger.oneWay(belongsTo)
}

/** The columns of a primary key become NOT NULL. */
export const promisePrimaryKey = (ledger: Ledger, table: Name, { contype, keys = [] }: Constraint): void => {
  if (contype !== 'CONSTR_PRIMARY') return
  for (const key of keys) ledger.promise(table, stringOf(key) ?? '', { nullable: false })
}
