import type { SchemaObject } from '../../checks/reading/schema-objects.ts'
import type { Statement } from '../../runbook/index.ts'
import type { OnLine } from './ledger.ts'
import { quoted } from './quoted.ts'

/**
 * The statements that drop what was added, the last first. A constraint is dropped even where its table goes too: a
 * foreign key may point to a table that was made after its own. A value of an enum cannot be dropped.
 */
export const dropsOf = (added: readonly OnLine<SchemaObject>[]): Statement[] => {
  const gone = new Set(added.filter(({ kind }) => kind === 'table').map(pathOf))
  return [...added]
    .reverse()
    .filter(
      ({ kind, schema, of }) =>
        of === undefined || kind === 'constraint' || !gone.has(pathOf({ schema, name: of })),
    )
    .map((object) => ({ sql: dropOf(object), line: object.line }))
}

const dropOf = (object: SchemaObject): string => {
  const { kind, schema, of, name } = object
  if (kind === 'column' || kind === 'constraint')
    return `ALTER TABLE IF EXISTS ${pathOf({ schema, name: of! })} DROP ${kind.toUpperCase()} IF EXISTS ${quoted(name)}`
  return `DROP ${kind.toUpperCase()} IF EXISTS ${pathOf(object)}`
}

const pathOf = ({ schema, name }: { schema: string; name: string }): string =>
  schema ? `${quoted(schema)}.${quoted(name)}` : quoted(name)
