import { type Look, selects } from '../../runbook/index.ts'
import { isOwnSchema } from './dumped-relations.ts'

/**
 * A whole schema, as PostgreSQL's catalogue has it: each object by its name, with a digest of its definition, its owner,
 * its rights and its comment. Rows, the order of columns and PostgreSQL's own numbers are not in it, so that what was taken
 * away and made again is the same.
 */
export type SchemaShape = { [object: string]: string }

export const schemaShape = async ({ see }: Pick<Look, 'see'>): Promise<SchemaShape> =>
  Object.fromEntries((await see(shape)).map(({ object, digest }) => [object, digest]))

/** What became of objects from one moment to another: '+ table person', '- index i', '~ table order'. */
export const changesBetween = (
  before: SchemaShape,
  after: SchemaShape,
  among?: readonly string[],
): string[] => {
  const objects = among ?? [...new Set([...Object.keys(before), ...Object.keys(after)])].sort()
  return objects.flatMap((object) => {
    const [was, is] = [before[object], after[object]]
    if (was === is) return []
    return was === undefined ? `+ ${object}` : is === undefined ? `- ${object}` : `~ ${object}`
  })
}

/** The objects that another moment has otherwise, and how it has them; null: not at all. */
export type Left = { [object: string]: string | null }
export const leftOf = (before: SchemaShape, after: SchemaShape): Left =>
  Object.fromEntries(
    changesBetween(before, after)
      .map((change) => change.slice(2))
      .map((object) => [object, after[object] ?? null]),
  )

/** 'changed table public.deal, type public.stage': by PostgreSQL's word, whatever the SQL says. */
export const changedText = (left: Left, most = 8): string => {
  const objects = Object.keys(left)
  if (objects.length === 0) return 'nothing that can be seen in the schema'
  const more = objects.length > most ? ` and ${objects.length - most} more` : ''
  return `changed ${objects.slice(0, most).join(', ')}${more}`
}

/** Which object of the shape something belongs to. */
export const shapeKeyOf = (one: { kind: string; schema: string; name: string; of?: string }): string => {
  const named = (kind: string, name: string) => `${kind} ${one.schema}.${name}`
  if (one.kind === 'column' || one.kind === 'constraint') return named('table', one.of ?? '')
  if (one.kind === 'value') return named('type', one.of ?? '')
  return one.schema ? named(one.kind, one.name) : `${one.kind} ${one.name}`
}

const acl = (column: string, kind: string, owner: string) =>
  `(SELECT string_agg(x::text, ' ' ORDER BY x::text) FROM unnest(coalesce(${column}, acldefault('${kind}', ${owner}))) x)`
const comment = (catalogue: string, oid: string, part = '0') =>
  `(SELECT description FROM pg_description WHERE classoid = '${catalogue}'::regclass AND objoid = ${oid} AND objsubid = ${part})`
const free = (catalogue: string, oid: string) =>
  `NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = '${catalogue}'::regclass AND e.objid = ${oid} AND e.deptype = 'e')`
const kindOfRelation = `CASE c.relkind WHEN 'S' THEN 'sequence' WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view'
  WHEN 'c' THEN 'type' ELSE 'table' END`

/** Of a relation that is not PostgreSQL's own, nor an extension's, nor a session's. */
const relations = `pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace`
const isOwn = `${isOwnSchema} AND c.relpersistence <> 't' AND ${free('pg_class', 'c.oid')}`
const ofRelation = `${kindOfRelation} || ' ' || n.nspname || '.' || c.relname`

const shape = selects<{ object: string; digest: string }>(
  `SELECT object, left(md5(string_agg(line, E'\\n' ORDER BY line COLLATE "C")), 12) AS digest FROM (
     SELECT ${ofRelation} AS object, concat_ws('|', 'relation', c.relkind, c.relpersistence, c.relowner::regrole,
         ${acl('c.relacl', 'r', 'c.relowner')}, c.reloptions::text, c.relrowsecurity, c.relforcerowsecurity,
         c.relreplident, c.reltablespace, pg_get_expr(c.relpartbound, c.oid),
         CASE WHEN c.relkind = 'p' THEN pg_get_partkeydef(c.oid) END,
         CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END,
         (SELECT string_agg(inhparent::regclass::text, ' ' ORDER BY inhseqno) FROM pg_inherits WHERE inhrelid = c.oid),
         ${comment('pg_class', 'c.oid')}) AS line
     FROM ${relations} WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm', 'c') AND ${isOwn}
     UNION ALL SELECT ${ofRelation}, concat_ws('|', 'column', a.attname, format_type(a.atttypid, a.atttypmod),
         a.attnotnull, pg_get_expr(d.adbin, d.adrelid), a.attidentity, a.attgenerated, a.attcollation, a.attstorage,
         a.attoptions::text, a.attacl::text, a.attislocal, a.attinhcount, ${comment('pg_class', 'c.oid', 'a.attnum')})
     FROM ${relations} JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
       LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
     WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm', 'c') AND ${isOwn}
     UNION ALL SELECT ${ofRelation}, concat_ws('|', 'constraint', k.conname, pg_get_constraintdef(k.oid), k.convalidated,
         k.conislocal, ${comment('pg_constraint', 'k.oid')})
     FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE ${isOwn}
     UNION ALL SELECT ${ofRelation}, concat_ws('|', 'trigger', pg_get_triggerdef(t.oid), t.tgenabled)
     FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE NOT t.tgisinternal AND ${isOwn}
     UNION ALL SELECT ${ofRelation}, concat_ws('|', 'rule', pg_get_ruledef(r.oid), r.ev_enabled)
     FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE r.rulename <> '_RETURN' AND ${isOwn}
     UNION ALL SELECT ${ofRelation}, concat_ws('|', 'policy', p.polname, p.polcmd, p.polpermissive, p.polroles::text,
         pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid))
     FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE ${isOwn}
     UNION ALL SELECT 'index ' || n.nspname || '.' || c.relname, concat_ws('|', pg_get_indexdef(i.indexrelid), i.indisvalid,
         i.indisready, i.indisclustered, i.indisreplident, c.reloptions::text, ${comment('pg_class', 'c.oid')})
     FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE ${isOwn}
     UNION ALL SELECT 'sequence ' || n.nspname || '.' || c.relname, concat_ws('|', format_type(s.seqtypid, NULL), s.seqstart,
         s.seqincrement, s.seqmin, s.seqmax, s.seqcache, s.seqcycle, c.relowner::regrole,
         ${acl('c.relacl', 's', 'c.relowner')}, ${comment('pg_class', 'c.oid')},
         (SELECT string_agg(format('%s.%s', d.refobjid::regclass, a.attname), ' ') FROM pg_depend d
            JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
          WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype IN ('a', 'i')))
     FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE ${isOwn}
     UNION ALL SELECT 'type ' || n.nspname || '.' || t.typname, concat_ws('|', t.typtype, t.typowner::regrole,
         ${acl('t.typacl', 'T', 't.typowner')}, CASE WHEN t.typtype = 'd' THEN format_type(t.typbasetype, t.typtypmod) END,
         t.typnotnull, t.typdefault, ${comment('pg_type', 't.oid')},
         (SELECT string_agg(enumlabel, ',' ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = t.oid),
         (SELECT string_agg(conname || pg_get_constraintdef(oid), ',' ORDER BY conname) FROM pg_constraint WHERE contypid = t.oid))
     FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace LEFT JOIN pg_class c ON c.oid = t.typrelid
     WHERE (t.typtype IN ('e', 'd', 'r') OR c.relkind = 'c') AND ${isOwnSchema} AND ${free('pg_type', 't.oid')}
     UNION ALL SELECT format('function %s.%s(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)),
       concat_ws('|', CASE WHEN p.prokind = 'a' THEN (SELECT (to_jsonb(g) - 'aggfnoid')::text FROM pg_aggregate g WHERE g.aggfnoid = p.oid)
         ELSE pg_get_functiondef(p.oid) END, p.proowner::regrole, ${acl('p.proacl', 'f', 'p.proowner')}, ${comment('pg_proc', 'p.oid')})
     FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE ${isOwnSchema} AND ${free('pg_proc', 'p.oid')}
     UNION ALL SELECT 'statistics ' || n.nspname || '.' || s.stxname, pg_get_statisticsobjdef(s.oid)
     FROM pg_statistic_ext s JOIN pg_namespace n ON n.oid = s.stxnamespace WHERE ${isOwnSchema}
     UNION ALL SELECT 'extension ' || extname, concat_ws('|', extversion, extnamespace::regnamespace, extowner::regrole) FROM pg_extension
     UNION ALL SELECT 'schema ' || n.nspname, concat_ws('|', n.nspowner::regrole, ${acl('n.nspacl', 'n', 'n.nspowner')},
         ${comment('pg_namespace', 'n.oid')})
     FROM pg_namespace n WHERE ${isOwnSchema} AND ${free('pg_namespace', 'n.oid')}
     UNION ALL SELECT 'default privileges of ' || defaclrole::regrole, concat_ws('|', defaclnamespace, defaclobjtype, defaclacl::text)
     FROM pg_default_acl
     UNION ALL SELECT 'event trigger ' || evtname, concat_ws('|', evtevent, evtfoid::regprocedure, evtenabled, evttags::text)
     FROM pg_event_trigger
     UNION ALL SELECT 'publication ' || pubname, concat_ws('|', puballtables, pubinsert, pubupdate, pubdelete, pubtruncate,
         (SELECT string_agg(prrelid::regclass::text, ' ' ORDER BY prrelid::regclass::text) FROM pg_publication_rel WHERE prpubid = p.oid))
     FROM pg_publication p
   ) AS every (object, line) GROUP BY object ORDER BY object`,
)
