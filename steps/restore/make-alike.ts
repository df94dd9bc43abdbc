import { type Statement, selects, sqlText } from '../../runbook/index.ts'
import { quoted } from '../sql/quoted.ts'

/** How a database was made; none of it can be changed later. */
export type Making = {
  owner: string
  encoding: string
  collate: string
  ctype: string
  /** Since PostgreSQL 15: `c` of the C library, `i` of ICU, `b` PostgreSQL's own. */
  provider: string | null
  locale: string | null
  /** Where it is not the one that a new database comes into anyway, for which nobody needs a right. */
  tablespace: string | null
}

export const makingOfLive = selects<Making>(
  `SELECT pg_get_userbyid(d.datdba) AS owner, pg_encoding_to_char(d.encoding) AS encoding,
     d.datcollate AS collate, d.datctype AS ctype, j.row ->> 'datlocprovider' AS provider,
     coalesce(j.row ->> 'datlocale', j.row ->> 'daticulocale') AS locale,
     (SELECT t.spcname FROM pg_tablespace t, pg_database zero WHERE t.oid = d.dattablespace
        AND zero.datname = 'template0' AND zero.dattablespace <> t.oid) AS tablespace
   FROM pg_database d, to_jsonb(d) AS j (row)
   WHERE d.datname = current_database()`,
)

/** An empty database like it; from `template0`, which nobody has put anything into. */
export const createLike = (name: string, making: Making): string => {
  const { owner, encoding, collate, ctype, provider, locale, tablespace } = making
  const providers: Record<string, string> = {
    c: ' LOCALE_PROVIDER libc',
    i: ` LOCALE_PROVIDER icu ICU_LOCALE ${sqlText(locale ?? '')}`,
    b: ` LOCALE_PROVIDER builtin BUILTIN_LOCALE ${sqlText(locale ?? '')}`,
  }
  return `CREATE DATABASE ${quoted(name)} TEMPLATE template0 OWNER ${quoted(owner)} ENCODING ${sqlText(encoding)}${
    providers[provider ?? ''] ?? ''
  } LC_COLLATE ${sqlText(collate)} LC_CTYPE ${sqlText(ctype)}${tablespace ? ` TABLESPACE ${quoted(tablespace)}` : ''}`
}

/**
 * Gives a database what belongs to another as a whole and is in no dump: settings, grants, comment. The server copies
 * them itself, because a setting's value may be a secret and would stand in the transcript.
 */
export const copyWhatIsInNoDump = (from: string, to: string): Statement => ({
  line: 1,
  sql: `DO $copy$
DECLARE
  was pg_database%ROWTYPE;
  it record;
  target text;
BEGIN
  SELECT * INTO STRICT was FROM pg_database WHERE datname = ${sqlText(from)};
  IF was.datacl IS NOT NULL THEN
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC, %I', ${sqlText(to)}, pg_get_userbyid(was.datdba));
    FOR it IN SELECT * FROM aclexplode(was.datacl) LOOP
      EXECUTE format('GRANT %s ON DATABASE %I TO %s', it.privilege_type, ${sqlText(to)},
        CASE it.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(it.grantee)) END)
        || CASE WHEN it.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END;
    END LOOP;
  END IF;
  FOR it IN SELECT s.setrole, split_part(c, '=', 1) AS name, substr(c, strpos(c, '=') + 1) AS value
    FROM pg_db_role_setting s, unnest(s.setconfig) AS c WHERE s.setdatabase = was.oid
  LOOP
    target := CASE it.setrole WHEN 0 THEN format('DATABASE %I', ${sqlText(to)})
      ELSE format('ROLE %I IN DATABASE %I', pg_get_userbyid(it.setrole), ${sqlText(to)}) END;
    IF it.name IN ('search_path', 'temp_tablespaces', 'session_preload_libraries', 'local_preload_libraries') THEN
      -- A list: as one literal it would become a list of one.
      PERFORM set_config(it.name, it.value, true);
      EXECUTE format('ALTER %s SET %I FROM CURRENT', target, it.name);
    ELSE
      EXECUTE format('ALTER %s SET %I TO %L', target, it.name, it.value);
    END IF;
  END LOOP;
  EXECUTE format('ALTER DATABASE %I CONNECTION LIMIT %s', ${sqlText(to)}, was.datconnlimit);
  IF shobj_description(was.oid, 'pg_database') IS NOT NULL THEN
    EXECUTE format('COMMENT ON DATABASE %I IS %L', ${sqlText(to)}, shobj_description(was.oid, 'pg_database'));
  END IF;
END $copy$`,
})

/** How many of another database's settings, grants and comments one has, and how many it lacks or has besides. */
export const alikeness = (one: string, other: string) =>
  selects<{ same: number; different: number }>(
    `WITH parts AS (
       SELECT d.datname, 'setting ' || s.setrole || ' ' || c AS part
       FROM pg_database d JOIN pg_db_role_setting s ON s.setdatabase = d.oid, unnest(s.setconfig) AS c
       UNION ALL SELECT d.datname, concat_ws(' ', 'grant', a.grantee, a.privilege_type, a.is_grantable)
       FROM pg_database d, aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) AS a
       UNION ALL SELECT d.datname, 'comment ' || shobj_description(d.oid, 'pg_database') FROM pg_database d
         WHERE shobj_description(d.oid, 'pg_database') IS NOT NULL
       UNION ALL SELECT d.datname, concat_ws(' ', d.datdba, d.encoding, d.datcollate, d.datctype, d.dattablespace, d.datconnlimit)
       FROM pg_database d)
     SELECT count(*) FILTER (WHERE n = 2) AS same, count(*) FILTER (WHERE n <> 2) AS different
     FROM (SELECT part, count(DISTINCT datname) AS n FROM parts WHERE datname IN ($1, $2) GROUP BY part) counted`,
    one,
    other,
  )
