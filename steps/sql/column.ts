import type { ColumnDef, Node, TypeName } from 'libpg-query'
import { sqlName } from '../../runbook/index.ts'

/** What a column definition makes certain. `type` is left out where the parser does not tell it in full. */
export type ColumnPromise = {
  type?: string
  nullable?: boolean
}

/** What `ADD COLUMN` and `CREATE TABLE` promise of a column. */
export const columnPromise = ({ typeName, constraints = [] }: ColumnDef): ColumnPromise => {
  const kinds = constraints.map((one) => ('Constraint' in one ? one.Constraint.contype : undefined))
  const notNull = ['CONSTR_NOTNULL', 'CONSTR_PRIMARY', 'CONSTR_IDENTITY'].some((kind) =>
    kinds.includes(kind as never),
  )
  const type = typeText(typeName)
  const serial = serials[type ?? '']
  return { ...(type && { type: serial ?? type }), nullable: !notNull && !serial }
}

/** Not types: integers with a sequence and NOT NULL. */
const serials: Readonly<Record<string, string>> = {
  serial: 'integer',
  serial4: 'integer',
  bigserial: 'bigint',
  serial8: 'bigint',
  smallserial: 'smallint',
  serial2: 'smallint',
}

/** A type as it can be given back to the server; undefined where its modifiers are in a code of the parser's own. */
export const typeText = (type: TypeName | undefined): string | undefined => {
  if (!type?.names || type.pct_type || type.setof) return undefined
  const names = type.names.map(stringOf)
  const modifiers = type.typmods?.map(modifierOf) ?? []
  if (names.includes(undefined) || modifiers.includes(undefined)) return undefined
  if (names.at(-1) === 'interval' && modifiers.length) return undefined
  return [
    plainName(names as string[]),
    modifiers.length ? `(${modifiers.join(',')})` : '',
    '[]'.repeat(type.arrayBounds?.length ?? 0),
  ].join('')
}

export const stringOf = (node: Node): string | undefined =>
  'String' in node ? (node.String.sval ?? '') : undefined

/** A number, or a word such as the `Point` of a geometry. The parser leaves a zero out. */
const modifierOf = (node: Node): string | undefined => {
  if ('A_Const' in node && 'ival' in node.A_Const) return String(node.A_Const.ival?.ival ?? 0)
  if ('ColumnRef' in node) return node.ColumnRef.fields?.map(stringOf).join('.')
  return undefined
}

/** The parser writes `pg_catalog.int4` for `integer`, and `char` without a schema only for the type `"char"`. */
const plainName = (names: readonly string[]): string => {
  const [schema, name = ''] = names
  if (names.length === 2 && schema === 'pg_catalog') return spelled[name] ?? name
  return names.map((each) => (each === 'char' ? '"char"' : identifier(each))).join('.')
}

const spelled: Readonly<Record<string, string>> = {
  bool: 'boolean',
  float4: 'real',
  float8: 'double precision',
  int2: 'smallint',
  int4: 'integer',
  int8: 'bigint',
}

const identifier = (name: string): string => (/^[a-z_][a-z0-9_$]*$/.test(name) ? name : sqlName(name))
