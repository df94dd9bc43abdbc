import { type Json, type Query, quantity, selects } from '../../runbook/index.ts'

/** Something in a database that has a name. `of`: the table of a column, constraint or index, the type of a value. */
export type SchemaObject = {
  readonly kind:
    | 'schema'
    | 'extension'
    | 'table'
    | 'column'
    | 'constraint'
    | 'index'
    | 'sequence'
    | 'type'
    | 'value'
  readonly schema: string
  readonly name: string
  readonly of?: string
}

/** How it is named in a sentence: `column avatars.gender`. */
export const nameOf = ({ kind, name, of }: SchemaObject): string =>
  `${kind} ${of && kind !== 'index' ? `${of}.` : ''}${name}`

/** All of them in a sentence: by name where they are few, otherwise how many of each kind. */
export const namesOf = (objects: readonly SchemaObject[]): string => {
  if (objects.length <= 6) return objects.map(nameOf).join(', ')
  const kinds = [...new Set(objects.map(({ kind }) => kind))].map((kind) =>
    quantity(
      objects.filter((one) => one.kind === kind).length,
      kind,
      kind === 'index' ? 'indexes' : undefined,
    ),
  )
  return `${kinds.join(', ')}, ${objects[0]!.name} to ${objects.at(-1)!.name}`
}

/** Which of them exist, as their places in the list. An index that failed to build does not count. */
export const existing = (objects: readonly SchemaObject[]): Query<'reads', { place: number }> =>
  selects<{ place: number }>(
    `SELECT (o.place - 1)::int AS place
     FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) WITH ORDINALITY AS o (kind, schema, of, name, place)
     LEFT JOIN pg_namespace n ON n.nspname = o.schema
     WHERE CASE o.kind
       WHEN 'schema' THEN EXISTS (SELECT FROM pg_namespace s WHERE s.nspname = o.name)
       WHEN 'extension' THEN EXISTS (SELECT FROM pg_extension e WHERE e.extname = o.name)
       WHEN 'table' THEN EXISTS (SELECT FROM pg_class c
         WHERE c.relnamespace = n.oid AND c.relname = o.name AND c.relkind IN ('r', 'p', 'f'))
       WHEN 'sequence' THEN EXISTS (SELECT FROM pg_class c
         WHERE c.relnamespace = n.oid AND c.relname = o.name AND c.relkind = 'S')
       WHEN 'index' THEN EXISTS (SELECT FROM pg_class c JOIN pg_index i ON i.indexrelid = c.oid
         WHERE c.relnamespace = n.oid AND c.relname = o.name AND i.indisvalid)
       WHEN 'column' THEN EXISTS (SELECT FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
         WHERE c.relnamespace = n.oid AND c.relname = o.of AND a.attname = o.name AND a.attnum > 0 AND NOT a.attisdropped)
       WHEN 'constraint' THEN EXISTS (SELECT FROM pg_class c JOIN pg_constraint k ON k.conrelid = c.oid
         WHERE c.relnamespace = n.oid AND c.relname = o.of AND k.conname = o.name)
       WHEN 'type' THEN EXISTS (SELECT FROM pg_type t WHERE t.typnamespace = n.oid AND t.typname = o.name)
       WHEN 'value' THEN EXISTS (SELECT FROM pg_type t JOIN pg_enum e ON e.enumtypid = t.oid
         WHERE t.typnamespace = n.oid AND t.typname = o.of AND e.enumlabel = o.name)
       END
     ORDER BY o.place`,
    ...columnsOf(objects),
  )

const columnsOf = (objects: readonly SchemaObject[]): Json[] => [
  objects.map(({ kind }) => kind),
  objects.map(({ schema }) => schema),
  objects.map(({ of }) => of ?? null),
  objects.map(({ name }) => name),
]
