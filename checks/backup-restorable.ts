import { defineCheck, fails, few, holds, isOwnSchema, selects, typed } from '../runbook/index.ts'

/** What a dump holds that this role could not make again. */
interface Obstacle {
  /** By which it is allowed: `extension:postgres_fdw`. */
  name: string
  what: string
  remedy: string
}

/**
 * The role could restore what it dumps: asked of the catalogue, so that it is known before the day on which a restore is
 * needed. It stops what changes the database. `allowed`: what the book lets be, because somebody else would restore it.
 */
export const backupRestorable = (allowed: readonly string[] = []) =>
  defineCheck({
    fact: 'the role could restore its own backup',
    remedy: 'name a role in the database’s URL that could',
    look: async (at) => {
      const found = await at.see(obstacles)
      const isAllowed = ({ name }: Obstacle) => allowed.includes(name) || at.allowed(`unrestorable:${name}`)
      const stops = found.filter((one) => !isAllowed(one))
      const let_ = found.length - stops.length
      if (stops.length === 0)
        return holds(
          let_
            ? `NO, and that is allowed: ${sample(found.map(({ what }) => what))}`
            : 'nothing in it is closed to it',
        )
      // A backup alone is worth having: somebody else could restore it.
      if (at.migrations.length === 0)
        return holds(`NO, only another could: ${sample(found.map(({ what }) => what))}`)
      const remedies = [...new Set(stops.map(({ remedy }) => remedy))]
      return fails(sample(stops.map(({ what }) => what)), {
        remedy:
          `${sample(remedies)}; or use a role that may, such as a superuser, in the database’s URL; ` +
          typed`or, where somebody else would restore it: --allow ${[...new Set(stops.map(({ name }) => `unrestorable:${name}`))]}`,
      })
    },
  })

const sample = (all: readonly string[]): string => few(all, 5, '; ')

/** Of what an extension made, its own script is in charge. */
const free = (catalogue: string, oid: string) =>
  `NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = '${catalogue}'::regclass AND e.objid = ${oid} AND e.deptype = 'e')`

const owned = (catalogue: string, prefix: string, what: string, where = 'true') =>
  `SELECT o.${prefix}owner AS owner, ${what} AS what, n.nspowner AS keeper, n.nspname AS schema
   FROM ${catalogue} o JOIN pg_namespace n ON n.oid = o.${prefix}namespace
   WHERE ${isOwnSchema} AND ${free(catalogue, 'o.oid')} AND ${where}`

/**
 * As the documentation has the rights of each CREATE and of ALTER … OWNER TO, which pg_restore performs
 * (https://www.postgresql.org/docs/current/sql-commands.html). A superuser may all of it.
 */
const obstacles = selects<Obstacle>(
  `WITH me AS (SELECT rolname, rolsuper FROM pg_roles WHERE rolname = current_user),
   owners AS (
     SELECT o.nspowner AS owner, format('the schema %I', o.nspname) AS what, NULL::oid AS keeper, NULL::name AS schema FROM pg_namespace o
       WHERE o.nspname NOT LIKE 'pg\\_%' AND o.nspname <> 'information_schema' AND ${free('pg_namespace', 'o.oid')}
         AND NOT (o.nspname = 'public' AND (o.nspowner = 10 OR pg_get_userbyid(o.nspowner) = 'pg_database_owner'))
     UNION ALL ${owned('pg_class', 'rel', "format('%I.%I', n.nspname, o.relname)", "o.relkind IN ('r', 'p', 'v', 'm', 'S', 'f') AND o.relpersistence <> 't'")}
     UNION ALL ${owned('pg_proc', 'pro', "format('the function %I.%I', n.nspname, o.proname)")}
     UNION ALL ${owned('pg_type', 'typ', "format('the type %I.%I', n.nspname, o.typname)", "(o.typtype IN ('e', 'd', 'r') OR (o.typtype = 'c' AND (SELECT relkind FROM pg_class WHERE oid = o.typrelid) = 'c'))")}
     UNION ALL ${owned('pg_collation', 'coll', "format('the collation %I.%I', n.nspname, o.collname)")}
     UNION ALL ${owned('pg_operator', 'opr', "format('the operator %I.%s', n.nspname, o.oprname)")}
     UNION ALL ${owned('pg_statistic_ext', 'stx', "format('the statistics %I.%I', n.nspname, o.stxname)")}
     UNION ALL ${owned('pg_ts_config', 'cfg', "format('the text search configuration %I.%I', n.nspname, o.cfgname)")}
     UNION ALL ${owned('pg_ts_dict', 'dict', "format('the text search dictionary %I.%I', n.nspname, o.dictname)")}
     UNION ALL SELECT lomowner, format('the large object %s', oid), NULL, NULL FROM pg_largeobject_metadata
     UNION ALL SELECT pubowner, format('the publication %I', pubname), NULL, NULL FROM pg_publication
     UNION ALL SELECT srvowner, format('the server %I', srvname), NULL, NULL FROM pg_foreign_server o WHERE ${free('pg_foreign_server', 'o.oid')}
   ),
   may AS (SELECT CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END AS how)
   SELECT name, what, remedy FROM (
     SELECT 1 AS place, format('owner:%s', pg_get_userbyid(owner)) AS name,
       format('%s belongs to %s', what, pg_get_userbyid(owner)) AS what,
       format('GRANT %I TO %I', pg_get_userbyid(owner), me.rolname) AS remedy
     FROM owners, me, may WHERE NOT pg_has_role(owner, may.how)
     -- Rights on a schema are restored after what is in it: until then only its owner may create there.
     UNION ALL SELECT 1, format('owner:%s', pg_get_userbyid(owner)),
       format('%s belongs to %s, which does not own the schema %I', what, pg_get_userbyid(owner), schema),
       format('ALTER … OWNER TO %I', me.rolname)
     FROM owners, me, may WHERE pg_has_role(owner, may.how) AND pg_get_userbyid(owner) <> me.rolname AND keeper IS NOT NULL
       AND NOT pg_has_role(owner, keeper, 'USAGE')
       AND NOT (schema = 'public' AND current_setting('server_version_num')::int < 150000)
     UNION ALL SELECT 2, 'extension:' || o.extname,
       CASE WHEN v.name IS NULL THEN format('the extension %s is not installed on the server any more', o.extname)
         WHEN v.superuser AND NOT v.trusted THEN format('the extension %s is made by a superuser only', o.extname)
         ELSE format('the extension %s is made by who may create in the database', o.extname) END,
       CASE WHEN v.name IS NULL THEN format('install it on the server again, or DROP EXTENSION %I where nothing needs it', o.extname)
         WHEN v.superuser AND NOT v.trusted THEN 'keep a superuser at hand who restores'
         ELSE format('GRANT CREATE ON DATABASE %I TO %I', current_database(), me.rolname) END
     FROM pg_extension o CROSS JOIN me
       LEFT JOIN LATERAL (SELECT DISTINCT ON (name) name, superuser, trusted FROM pg_available_extension_versions a
         JOIN pg_available_extensions d USING (name) WHERE a.name = o.extname
         ORDER BY name, a.version = d.default_version DESC) v ON true
     WHERE o.extname <> 'plpgsql' AND (v.name IS NULL OR (v.superuser AND NOT v.trusted)
       OR NOT has_database_privilege(current_database(), 'CREATE'))
     UNION ALL SELECT DISTINCT 3, format('default-privileges:%s', pg_get_userbyid(defaclrole)),
       format('default privileges of the role %s', pg_get_userbyid(defaclrole)),
       format('GRANT %I TO %I', pg_get_userbyid(defaclrole), me.rolname)
     FROM pg_default_acl, me, may WHERE NOT pg_has_role(defaclrole, may.how)
     UNION ALL SELECT 4, 'event-trigger:' || evtname, format('the event trigger %s, which a superuser makes', evtname),
       format('DROP EVENT TRIGGER %I where it can be spared', evtname) FROM pg_event_trigger o WHERE ${free('pg_event_trigger', 'o.oid')}
     UNION ALL SELECT 5, 'foreign-data-wrapper:' || fdwname, format('the foreign-data wrapper %s, which a superuser makes', fdwname),
       'keep a superuser at hand who restores' FROM pg_foreign_data_wrapper o WHERE ${free('pg_foreign_data_wrapper', 'o.oid')}
     UNION ALL SELECT 6, 'publication:' || pubname, format('the publication %s of all tables, which a superuser makes', pubname),
       format('ALTER it to name its tables, or keep a superuser at hand who restores') FROM pg_publication WHERE puballtables
     UNION ALL SELECT 7, 'language:' || lanname, format('the language %s, which a superuser makes', lanname),
       'keep a superuser at hand who restores' FROM pg_language o WHERE oid >= 16384 AND ${free('pg_language', 'o.oid')}
     UNION ALL SELECT 8, format('function:%s.%s', n.nspname, o.proname),
       format('the function %I.%I, in a language that only a superuser may use (%s), or LEAKPROOF', n.nspname, o.proname, l.lanname),
       'keep a superuser at hand who restores'
     FROM pg_proc o JOIN pg_namespace n ON n.oid = o.pronamespace JOIN pg_language l ON l.oid = o.prolang
     WHERE ${isOwnSchema} AND ${free('pg_proc', 'o.oid')} AND o.prokind <> 'a' AND (NOT l.lanpltrusted OR o.proleakproof)
     UNION ALL SELECT 9, format('type:%s.%s', n.nspname, o.typname), format('the base type %I.%I, which a superuser makes', n.nspname, o.typname),
       'keep a superuser at hand who restores'
     FROM pg_type o JOIN pg_namespace n ON n.oid = o.typnamespace
     WHERE ${isOwnSchema} AND ${free('pg_type', 'o.oid')} AND o.typtype = 'b' AND o.typelem = 0 AND o.typinput <> 0
       AND NOT EXISTS (SELECT FROM pg_type e WHERE e.typarray = o.oid)
     UNION ALL SELECT 10, format('operator-class:%s.%s', n.nspname, o.opcname),
       format('the operator class %I.%I, which a superuser makes', n.nspname, o.opcname), 'keep a superuser at hand who restores'
     FROM pg_opclass o JOIN pg_namespace n ON n.oid = o.opcnamespace WHERE ${isOwnSchema} AND ${free('pg_opclass', 'o.oid')}
     UNION ALL SELECT 11, format('operator-family:%s.%s', n.nspname, o.opfname),
       format('the operator family %I.%I, which a superuser makes', n.nspname, o.opfname), 'keep a superuser at hand who restores'
     FROM pg_opfamily o JOIN pg_namespace n ON n.oid = o.opfnamespace WHERE ${isOwnSchema} AND ${free('pg_opfamily', 'o.oid')}
     UNION ALL SELECT 12, format('cast:%s-%s', castsource::regtype, casttarget::regtype),
       format('the cast from %s to %s', castsource::regtype, casttarget::regtype), 'keep a superuser at hand who restores'
     FROM pg_cast o, may WHERE o.oid >= 16384 AND ${free('pg_cast', 'o.oid')} AND (castmethod = 'b' OR NOT (
       SELECT bool_or(pg_has_role(typowner, may.how)) FROM pg_type WHERE oid IN (castsource, casttarget)))
     UNION ALL SELECT 13, 'tablespace:' || t.spcname, format('%I.%I is in the tablespace %s', n.nspname, o.relname, t.spcname),
       format('GRANT CREATE ON TABLESPACE %I TO %I', t.spcname, me.rolname)
     FROM pg_class o JOIN pg_namespace n ON n.oid = o.relnamespace JOIN pg_tablespace t ON t.oid = o.reltablespace, me
     WHERE ${isOwnSchema} AND ${free('pg_class', 'o.oid')} AND NOT has_tablespace_privilege(t.oid, 'CREATE')
     UNION ALL SELECT DISTINCT 14, format('grantor:%s', pg_get_userbyid(a.grantor)),
       format('rights on %I.%I that %s has granted', n.nspname, o.relname, pg_get_userbyid(a.grantor)),
       'let the owner grant them instead'
     FROM pg_class o JOIN pg_namespace n ON n.oid = o.relnamespace, aclexplode(o.relacl) a
     WHERE ${isOwnSchema} AND ${free('pg_class', 'o.oid')} AND a.grantor <> o.relowner
   ) AS every WHERE NOT (SELECT rolsuper FROM me) ORDER BY place, what`,
)
