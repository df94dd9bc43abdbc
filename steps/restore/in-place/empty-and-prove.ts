import { type BackupManifest, durableCommitHere, sqlText } from '../../../runbook/index.ts'
import { printedName } from '../../sql/printed-name.ts'
import { quoted } from '../../sql/quoted.ts'

/**
 * Drops everything that is in the database, and gives the schema `public` the rights that it was born with: a dump says
 * only how they differ from these. What is committed in the end stays, whatever the role says of that. Whoever holds a table is waited for as long as `lock_timeout` says.
 */
export const emptyDatabase = `${durableCommitHere}; SET LOCAL lock_timeout = '10s'; SET LOCAL client_min_messages = warning;
DO $empty$
DECLARE
  it record;
BEGIN
  FOR it IN SELECT nspname FROM pg_namespace
    WHERE nspname NOT LIKE 'pg\\_%' AND nspname NOT IN ('information_schema', 'public')
  LOOP
    EXECUTE format('DROP SCHEMA %I CASCADE', it.nspname);
  END LOOP;
  LOOP
    -- Anew each time: what has been dropped may have taken others with it. Tables take the most.
    SELECT i.type, i.identity INTO it
    FROM pg_depend d, pg_namespace n, pg_identify_object(d.classid, d.objid, 0) i
    WHERE n.nspname = 'public' AND d.refclassid = 'pg_namespace'::regclass AND d.refobjid = n.oid AND d.deptype = 'n'
    ORDER BY i.type = 'table' DESC LIMIT 1;
    EXIT WHEN NOT FOUND;
    EXECUTE format('DROP %s %s CASCADE', it.type, it.identity);
  END LOOP;
  FOR it IN SELECT DISTINCT grantee FROM pg_namespace, aclexplode(nspacl) WHERE nspname = 'public' LOOP
    EXECUTE format('REVOKE ALL ON SCHEMA public FROM %s CASCADE',
      CASE it.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(it.grantee)) END);
  END LOOP;
  FOR it IN SELECT a.* FROM pg_namespace n JOIN pg_init_privs p ON p.classoid = 'pg_namespace'::regclass
    AND p.objoid = n.oid, aclexplode(p.initprivs) a WHERE n.nspname = 'public'
  LOOP
    EXECUTE format('GRANT %s ON SCHEMA public TO %s', it.privilege_type,
      CASE it.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(it.grantee)) END);
  END LOOP;
END $empty$`

/** Counts every table, and ends the transaction where one is not as in the manifest. */
export const proveTables = ({ tables }: BackupManifest): string =>
  [
    'DO $prove$ BEGIN',
    ...tables.map(({ schema, name, rows }) => {
      const table = `${quoted(schema)}.${quoted(name)}`
      const message = sqlText(`${printedName(schema, name)} does not have the ${rows} rows of the manifest`)
      return `  IF (SELECT count(*) FROM ONLY ${table}) <> ${rows} THEN RAISE EXCEPTION USING MESSAGE = ${message}; END IF;`
    }),
    'END $prove$;',
  ].join('\n')
