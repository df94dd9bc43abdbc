import { hashOf } from '../journal/journal-file.ts'
import { selects } from '../model/action.ts'
import type { SchemaFingerprint } from '../model/ledger.ts'
import type { Look } from '../model/look.ts'

/** So many objects are told one by one; of more only the sum. */
const MOST = 300

/**
 * What the catalogue holds of the objects that a migration makes or changes: tables with their columns, constraints,
 * indexes, triggers and policies, views, types, functions, sequences. Without what extensions bring, and without partitions
 * and temporary tables, which come and go by themselves.
 */
const OBJECTS = `
WITH ns AS (
  SELECT oid, nspname FROM pg_namespace
  WHERE nspname <> 'information_schema' AND nspname !~ '^pg_'
), own AS (
  SELECT classid, objid FROM pg_depend WHERE deptype = 'e'
), rel AS (
  SELECT c.* , ns.nspname FROM pg_class c JOIN ns ON ns.oid = c.relnamespace
  WHERE NOT c.relispartition AND c.relpersistence <> 't'
    AND NOT EXISTS (SELECT FROM own WHERE classid = 'pg_class'::regclass AND objid = c.oid)
), parts AS (
  SELECT c.oid, 'column ' || lpad((row_number() OVER (PARTITION BY c.oid ORDER BY a.attnum))::text, 4, '0') || ' ' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || ' ' || a.attnotnull
      || ' ' || a.attidentity::text || a.attgenerated::text || ' ' || coalesce(pg_get_expr(d.adbin, d.adrelid), '') AS part
    FROM rel c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm', 'c')
  UNION ALL
  SELECT conrelid, 'constraint ' || conname || ' ' || pg_get_constraintdef(k.oid) || ' ' || convalidated
    FROM pg_constraint k JOIN rel c ON c.oid = k.conrelid
  UNION ALL
  SELECT indrelid, 'index ' || pg_get_indexdef(indexrelid) || ' ' || indisvalid FROM pg_index i JOIN rel c ON c.oid = i.indrelid
  UNION ALL
  SELECT tgrelid, 'trigger ' || pg_get_triggerdef(t.oid) || ' ' || tgenabled::text
    FROM pg_trigger t JOIN rel c ON c.oid = t.tgrelid WHERE NOT tgisinternal
  UNION ALL
  SELECT polrelid, 'policy ' || polname || ' ' || polcmd::text || ' ' || coalesce(pg_get_expr(polqual, polrelid), '')
      || ' ' || coalesce(pg_get_expr(polwithcheck, polrelid), '') FROM pg_policy p JOIN rel c ON c.oid = p.polrelid
  UNION ALL
  SELECT c.oid, 'view ' || pg_get_viewdef(c.oid) FROM rel c WHERE relkind IN ('v', 'm')
), named AS (
  SELECT 'table' AS kind, c.nspname, c.relname::text AS name, c.relkind::text || c.relrowsecurity || coalesce(string_agg(p.part, E'\\n' ORDER BY p.part), '') AS part
    FROM rel c LEFT JOIN parts p USING (oid) WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm', 'S') GROUP BY c.oid, c.nspname, c.relname, c.relkind, c.relrowsecurity
  UNION ALL
  SELECT 'type', ns.nspname, t.typname, t.typtype::text || coalesce((SELECT string_agg(enumlabel, ',' ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = t.oid), '')
      || coalesce(format_type(nullif(t.typbasetype, 0), t.typtypmod), '') || t.typnotnull || coalesce(t.typdefault, '')
      || coalesce((SELECT string_agg(pg_get_constraintdef(k.oid), ',' ORDER BY conname) FROM pg_constraint k WHERE k.contypid = t.oid), '')
    FROM pg_type t JOIN ns ON ns.oid = t.typnamespace
    WHERE t.typtype IN ('e', 'd', 'r') AND NOT EXISTS (SELECT FROM own WHERE classid = 'pg_type'::regclass AND objid = t.oid)
  UNION ALL
  SELECT 'function', ns.nspname, p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')',
      CASE WHEN p.prokind = 'a' THEN 'aggregate' ELSE pg_get_functiondef(p.oid) END
    FROM pg_proc p JOIN ns ON ns.oid = p.pronamespace
    WHERE NOT EXISTS (SELECT FROM own WHERE classid = 'pg_proc'::regclass AND objid = p.oid)
  UNION ALL
  SELECT 'extension', '', extname::text, extversion FROM pg_extension
)
SELECT kind, nspname AS schema, name, md5(part) AS sum FROM named ORDER BY kind, nspname, name`

/** The schema of the environment's database as it is now; undefined where there is none, or where it does not answer. */
export const schemaFingerprint = async ({ env, attempt }: Look): Promise<SchemaFingerprint | undefined> => {
  if (!env.database) return undefined
  const asked = await attempt(selects<{ kind: string; schema: string; name: string; sum: string }>(OBJECTS))
  if (!asked.ok) return undefined
  const objects = asked.value.map(
    ({ kind, schema, name, sum }) => [`${kind} ${schema && `${schema}.`}${name}`, sum] as const,
  )
  const sum = hashOf(JSON.stringify(objects)).slice(0, 16)
  if (objects.length > MOST) return { sum }
  return { sum, objects: Object.fromEntries(objects.map(([name, one]) => [name, one.slice(0, 8)])) }
}

/** Which objects are others now, where both fingerprints tell them one by one: 'table public.orders changed'. */
export const schemaDifference = (was: SchemaFingerprint, is: SchemaFingerprint): string[] => {
  if (!was.objects || !is.objects) return []
  const names = new Set([...Object.keys(was.objects), ...Object.keys(is.objects)])
  return [...names].sort().flatMap((name) => {
    const [then, now] = [was.objects?.[name], is.objects?.[name]]
    if (then === now) return []
    return [`${name} ${then === undefined ? 'is new' : now === undefined ? 'is gone' : 'changed'}`]
  })
}
