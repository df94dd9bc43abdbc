import { isOwnSchema } from '../../checks/reading/dumped-relations.ts'
import { type Look, migrationTables, type Query, selects } from '../../runbook/index.ts'

/** A schema as lines that can be compared: one for each thing that has a definition. */
export type SchemaLines = readonly string[]
/** A table, or a column of one, with PostgreSQL's own numbers: a new name does not make another of it. */
export interface Holder {
  readonly id: string
  readonly schema: string
  readonly table: string
  readonly column: string | null
}

/** All that a migration can change of a schema, in every schema of the database; the order of columns apart. */
export const schemaLines = async (
  look: Pick<Look, 'see'>,
  query = (q: typeof lines) => q,
): Promise<SchemaLines> => (await look.see(query(lines))).map(({ line }) => line)

const lines: Query<'reads', { line: string }> = selects<{ line: string }>(
  `SELECT line FROM (
     SELECT format('column %I.%I.%I %s%s default %s identity "%s" generated "%s" collate %s', n.nspname, c.relname, a.attname,
       format_type(a.atttypid, a.atttypmod), CASE WHEN a.attnotnull THEN ' not null' ELSE '' END,
       coalesce(pg_get_expr(d.adbin, d.adrelid), 'none'), a.attidentity, a.attgenerated, a.attcollation::regcollation) AS line
     FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
     LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
     WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm', 'c') AND a.attnum > 0 AND NOT a.attisdropped AND ${isOwnSchema}
     UNION ALL SELECT format('%s %I.%I%s', CASE c.relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'partitioned table'
         WHEN 'S' THEN 'sequence' WHEN 'f' THEN 'foreign table' ELSE 'relation' END, n.nspname, c.relname,
       CASE WHEN c.relrowsecurity THEN ' with row-level security' ELSE '' END)
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p', 'S', 'f', 'c') AND ${isOwnSchema}
     UNION ALL SELECT format('view %I.%I %s', n.nspname, c.relname, pg_get_viewdef(c.oid))
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('v', 'm') AND ${isOwnSchema}
     UNION ALL SELECT pg_get_indexdef(i.indexrelid)
     FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE ${isOwnSchema}
     UNION ALL SELECT format('constraint %I on %s %s', k.conname,
       coalesce(nullif(k.conrelid, 0)::regclass::text, k.contypid::regtype::text), pg_get_constraintdef(k.oid))
     FROM pg_constraint k JOIN pg_namespace n ON n.oid = k.connamespace WHERE ${isOwnSchema}
     UNION ALL SELECT format('trigger on %s: %s', t.tgrelid::regclass, pg_get_triggerdef(t.oid))
     FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE NOT t.tgisinternal AND ${isOwnSchema}
     UNION ALL SELECT format('function %s %s', p.oid::regprocedure, md5(concat(p.prosrc, p.probin, p.provolatile, p.prorettype::regtype)))
     FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE ${isOwnSchema}
     UNION ALL SELECT format('enum %I.%I %s', n.nspname, t.typname, string_agg(e.enumlabel, ', ' ORDER BY e.enumsortorder))
     FROM pg_type t JOIN pg_enum e ON e.enumtypid = t.oid JOIN pg_namespace n ON n.oid = t.typnamespace WHERE ${isOwnSchema}
     GROUP BY n.nspname, t.typname
     UNION ALL SELECT format('domain %I.%I %s', n.nspname, t.typname, format_type(t.typbasetype, t.typtypmod))
     FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE t.typtype = 'd' AND ${isOwnSchema}
     UNION ALL SELECT format('policy %I on %s %s', p.polname, p.polrelid::regclass,
       concat_ws(' ', p.polcmd, pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)))
     FROM pg_policy p
     UNION ALL SELECT 'extension ' || extname FROM pg_extension
     UNION ALL SELECT 'schema ' || n.nspname FROM pg_namespace n WHERE ${isOwnSchema}
   ) AS every (line) ORDER BY line`,
)

/** What one has and the other has not: '- ' and '+ ' before each line. */
export const differencesOf = (before: SchemaLines, after: SchemaLines): string[] => {
  const [was, is] = [new Set(before), new Set(after)]
  return [
    ...before.filter((line) => !is.has(line)).map((line) => `- ${line}`),
    ...after.filter((line) => !was.has(line)).map((line) => `+ ${line}`),
  ]
}

/** A handful at most, and how many there are besides. */
export const shortened = (lines: readonly string[], most = 6): string[] =>
  lines.length > most ? [...lines.slice(0, most), `and ${lines.length - most} more`] : [...lines]

/** A table that a migration tool has made for itself when it was first called: its undo leaves that there, empty. */
const ofItsOwn = new RegExp(
  `^\\+ (?:(?:table|column|sequence) (?:"[^"]+"|[^\\s."]+)\\.|CREATE UNIQUE INDEX |constraint \\S+ on (?:\\S+\\.)?)"?(?:${migrationTables.join('|')})(?:_lock)?(?:_\\w+_seq|_\\w*pkey|_\\w*key)?"?(?=[ .]|$)`,
)
export const isOfMigrationTool = (difference: string): boolean => ofItsOwn.test(difference)

/** Everything that can hold data. */
export const holdersOf = ({ see }: Pick<Look, 'see'>): Promise<Holder[]> =>
  see(
    selects<Holder>(
      `SELECT c.oid::text AS id, n.nspname AS schema, c.relname AS table, NULL AS column
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p') AND ${isOwnSchema}
       UNION ALL SELECT format('%s.%s', c.oid, a.attnum), n.nspname, c.relname, a.attname
       FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
       WHERE c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped AND ${isOwnSchema}`,
    ),
  )

/** What is gone, the columns of a table that is gone apart. */
export const goneOf = (before: readonly Holder[], after: readonly Holder[]): Holder[] => {
  const is = new Set(after.map(({ id }) => id))
  const gone = before.filter(({ id }) => !is.has(id))
  const tables = new Set(gone.filter(({ column }) => column === null).map(({ id }) => id))
  return gone.filter(({ id, column }) => column === null || !tables.has(id.split('.')[0]!))
}
