import { defineCheck, fails, few, holds, selects } from '../../../runbook/index.ts'

/** Whose objects a role may drop, and which a dump of schemas and their contents makes again, all of them. */
const obstacles = selects<{ what: string }>(
  `WITH own AS (SELECT oid, nspname FROM pg_namespace
     WHERE nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema'),
   extended AS (SELECT objid AS oid FROM pg_depend WHERE deptype = 'e')
   SELECT format('extension %I', extname) AS what FROM pg_extension WHERE extnamespace <> 'pg_catalog'::regnamespace
   UNION ALL SELECT format('schema %I belongs to %s', nspname, pg_get_userbyid(nspowner)) FROM pg_namespace
     WHERE oid IN (SELECT oid FROM own) AND NOT pg_has_role(nspowner, 'USAGE')
   UNION ALL SELECT format('%s belongs to %s', oid::regclass, pg_get_userbyid(relowner)) FROM pg_class
     WHERE relnamespace IN (SELECT oid FROM own) AND relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
       AND NOT pg_has_role(relowner, 'USAGE')
   UNION ALL SELECT format('%s belongs to %s', oid::regprocedure, pg_get_userbyid(proowner)) FROM pg_proc
     WHERE pronamespace IN (SELECT oid FROM own) AND NOT pg_has_role(proowner, 'USAGE') AND oid NOT IN (SELECT oid FROM extended)
   UNION ALL SELECT format('type %s belongs to %s', oid::regtype, pg_get_userbyid(typowner)) FROM pg_type
     WHERE typnamespace IN (SELECT oid FROM own) AND NOT pg_has_role(typowner, 'USAGE') AND typelem = 0
       AND oid NOT IN (SELECT oid FROM extended)
   UNION ALL SELECT 'large objects' WHERE EXISTS (SELECT FROM pg_largeobject_metadata)
   UNION ALL SELECT format('publication %I', pubname) FROM pg_publication
   UNION ALL SELECT format('event trigger %I', evtname) FROM pg_event_trigger
   UNION ALL SELECT format('foreign-data wrapper %I', fdwname) FROM pg_foreign_data_wrapper
   UNION ALL SELECT 'default privileges' WHERE EXISTS (SELECT FROM pg_default_acl)
   UNION ALL SELECT format('a cast from %s to %s', castsource::regtype, casttarget::regtype) FROM pg_cast
     WHERE oid >= 16384 AND oid NOT IN (SELECT oid FROM extended)
   UNION ALL SELECT format('language %I', lanname) FROM pg_language WHERE oid >= 16384
   UNION ALL SELECT 'no right to create schemas' WHERE NOT has_database_privilege(current_database(), 'CREATE')
   UNION ALL SELECT format('the prepared transaction %s', gid) FROM pg_prepared_xacts WHERE database = current_database()`,
)

/** What a dump does not make again, or this role may not drop, would be left of the database that is replaced. */
export const canBeRestoredInPlace = () =>
  defineCheck({
    fact: 'the database can be emptied and filled again, exactly as the backup has it',
    remedy: 'restore beside it, with a role that may create databases, without --in-place',
    look: async ({ see }) => {
      const found = await see(obstacles)
      const named = found.map(({ what }) => what)
      return found.length ? fails(few(named, 5, '; ')) : holds('all in it is the role’s own, and in the dump')
    },
  })
