/** The schemas `n` that are not PostgreSQL's own. */
export const isOwnSchema = `n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'`

const OWN_DATABASE = '(SELECT oid FROM pg_database WHERE datname = current_database())'
/**
 * The roles that this database knows: who performs this, who owns it, and whoever owns something in it or has rights on it. What
 * comes and goes on the same server for other databases says nothing of this one.
 */
const KNOWN_ROLES = `SELECT oid FROM pg_roles WHERE rolname IN (current_user, session_user)
  UNION SELECT datdba FROM pg_database WHERE datname = current_database()
  UNION SELECT refobjid FROM pg_shdepend WHERE refclassid = 'pg_authid'::regclass AND dbid = ${OWN_DATABASE}`

/** What changes in the catalogue of a database that is only used: statistics, files, what VACUUM and ANALYZE write. */
const IN_USE = [
  ...['relfilenode', 'relpages', 'reltuples', 'relallvisible', 'relallfrozen', 'relfrozenxid', 'relminmxid'],
  ...['reltoastrelid', 'relhasindex', 'relhasrules', 'relhastriggers', 'relhassubclass', 'attcacheoff'],
  ...['atthasmissing', 'attmissingval', 'indisclustered', 'indcheckxmin', 'datfrozenxid', 'datminmxid'],
  ...['rolpassword', 'rolvaliduntil'],
]
/** Others, by numbers that are new when these are made again; the names tell most of them. */
const NUMBERS = [
  ...['oid', 'castsource', 'casttarget', 'castfunc', 'oprcom', 'oprnegate', 'opcfamily', 'opcintype'],
  ...['srvfdw', 'cfgparser', 'dicttemplate', 'lanplcallfoid', 'laninline', 'lanvalidator', 'fdwhandler'],
  'fdwvalidator',
]
const without = (row: string, ...keys: string[]) => `(to_jsonb(${row}) - '{${keys.join(',')}}'::text[])::text`
/** Rows of the catalogue to the letter, PostgreSQL's own numbers too: what was made again is another. */
const letter = (...rows: string[]) => `md5(concat(${rows.map((row) => without(row, ...IN_USE)).join(', ')}))`

const acl = (column: string, kind: string, owner: string) =>
  `'rights ' || (SELECT string_agg(x::text, ' ' ORDER BY x::text) FROM unnest(coalesce(${column}, acldefault('${kind}', ${owner}))) x)`
const ownedBy = (owner: string) => `'owner ' || ${owner}::regrole`
/** An extension's `e`, where the object is one's. Joined: a plan with a look for each of 10,000 objects costs seconds. */
const ofExtension = (catalogue: string, oid: string) =>
  `LEFT JOIN pg_depend e ON e.classid = '${catalogue}'::regclass AND e.objid = ${oid} AND e.deptype = 'e'`
const BROUGHT = `CASE WHEN e.objid IS NULL THEN 'schema' ELSE 'extension' END`
const inSchema = (oid: string) => `JOIN pg_namespace n ON n.oid = ${oid} AND ${isOwnSchema}`

/** A part of an object; of one object there may be several. */
interface Part {
  /** Where it stands, and its number there; absent where nothing can be said of it, and no extension brings it. */
  at?: [catalogue: string, oid: string, column?: string]
  object: string
  /** The object that it is counted with where only whole ones are told. */
  whole?: string
  /** Otherwise what an extension has brought is told from what it has not. */
  among?: string
  /** Where the order tells something. */
  place?: string
  /** What it is, the same when it was taken away and made again; NULL: nothing but its letter can tell. */
  line?: string
  /** Whose it is, and who may use it. */
  standing?: string
  /** Which part of the object. */
  called?: string
  letter: string
  from: string
  where?: string
}

const ofRelation = { object: 'r.object', whole: 'r.whole', among: 'r.among' }
const PARTS: Part[] = [
  {
    ...ofRelation,
    line: `concat_ws(' ', 'kind', c.relkind,
      CASE WHEN c.relpersistence = 'u' THEN 'unlogged' END, CASE WHEN c.relrowsecurity THEN 'row-level security' END,
      CASE WHEN c.relforcerowsecurity THEN 'forced' END, 'options ' || c.reloptions::text,
      'replica identity ' || nullif(c.relreplident::text, CASE WHEN c.relkind IN ('r', 'p', 'm') THEN 'd' ELSE 'n' END),
      'tablespace ' || s.spcname,
      'partitioned by ' || CASE WHEN c.relkind = 'p' THEN pg_get_partkeydef(c.oid) END, pg_get_expr(c.relpartbound, c.oid),
      'inherits ' || h.parents,
      'server ' || v.srvname, f.ftoptions::text)`,
    standing: `CASE WHEN c.relkind NOT IN ('i', 'I') THEN concat_ws(' ', ${ownedBy('c.relowner')},
      CASE WHEN c.relkind = 'S' THEN ${acl('c.relacl', 's', 'c.relowner')} ELSE ${acl('c.relacl', 'r', 'c.relowner')} END) END`,
    at: ['pg_class', 'c.oid'],
    letter: letter('c'),
    from: `rel r JOIN pg_class c ON c.oid = r.oid LEFT JOIN pg_tablespace s ON s.oid = c.reltablespace
      LEFT JOIN pg_foreign_table f ON f.ftrelid = c.oid LEFT JOIN pg_foreign_server v ON v.oid = f.ftserver
      LEFT JOIN (SELECT inhrelid, string_agg(inhparent::regclass::text, ' ' ORDER BY inhseqno) AS parents FROM pg_inherits GROUP BY 1) h
        ON h.inhrelid = c.oid`,
  },
  {
    ...ofRelation,
    place: 'a.attnum',
    line: `concat('column ', a.attname, ' ', format_type(a.atttypid, a.atttypmod), CASE WHEN a.attnotnull THEN ' not null' END,
      ' default ' || pg_get_expr(d.adbin, d.adrelid), ' identity ' || nullif(a.attidentity::text, ''), ' generated ' || nullif(a.attgenerated::text, ''),
      ' collate ' || o.collname,
      ' storage ' || nullif(a.attstorage, t.typstorage)::text, ' options ' || a.attoptions::text,
      ' inherited ' || nullif(a.attinhcount, 0), CASE WHEN NOT a.attislocal THEN ' only' END)`,
    standing: `'rights ' || a.attacl::text`,
    at: ['pg_class', 'a.attrelid', 'a.attnum'],
    called: `'column ' || a.attname`,
    letter: letter('a', 'd'),
    from: `rel r JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped JOIN pg_type t ON t.oid = a.atttypid
      LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
      LEFT JOIN pg_collation o ON o.oid = a.attcollation AND a.attcollation <> t.typcollation`,
    where: `r.relkind IN ('r', 'p', 'f', 'v', 'm', 'c')`,
  },
  {
    ...ofRelation,
    line: `concat('constraint ', k.conname, ' ', pg_get_constraintdef(k.oid), CASE WHEN NOT k.convalidated THEN ' not validated' END,
      CASE WHEN NOT k.conislocal THEN ' inherited' END)`,
    at: ['pg_constraint', 'k.oid'],
    called: 'k.conname',
    letter: letter('k'),
    from: 'rel r JOIN pg_constraint k ON k.conrelid = r.oid',
  },
  {
    ...ofRelation,
    line: `CASE WHEN NOT t.tgisinternal THEN concat(pg_get_triggerdef(t.oid), ' enabled ' || nullif(t.tgenabled::text, 'O'))
      WHEN t.tgenabled <> 'O' THEN concat('trigger of constraint ', k.conname, ' ', t.tgfoid::regproc, ' enabled ', t.tgenabled) END`,
    at: ['pg_trigger', 't.oid'],
    called: 't.tgname',
    letter: letter('t'),
    from: 'rel r JOIN pg_trigger t ON t.tgrelid = r.oid LEFT JOIN pg_constraint k ON k.oid = t.tgconstraint',
  },
  {
    ...ofRelation,
    line: `concat(CASE w.rulename WHEN '_RETURN' THEN 'AS ' || pg_get_viewdef(r.oid) ELSE pg_get_ruledef(w.oid) END,
      ' enabled ' || nullif(w.ev_enabled::text, 'O'))`,
    at: ['pg_rewrite', 'w.oid'],
    called: 'w.rulename',
    letter: letter('w'),
    from: 'rel r JOIN pg_rewrite w ON w.ev_class = r.oid',
  },
  {
    ...ofRelation,
    line: `concat_ws(' ', 'policy', p.polname, p.polcmd, CASE WHEN NOT p.polpermissive THEN 'restrictive' END, p.polroles::regrole[],
      'using ' || pg_get_expr(p.polqual, p.polrelid), 'check ' || pg_get_expr(p.polwithcheck, p.polrelid))`,
    at: ['pg_policy', 'p.oid'],
    called: 'p.polname',
    letter: letter('p'),
    from: 'rel r JOIN pg_policy p ON p.polrelid = r.oid',
  },
  {
    ...ofRelation,
    line: `concat(pg_get_indexdef(i.indexrelid), CASE WHEN NOT (i.indisvalid AND i.indisready) THEN ' invalid' END,
      CASE WHEN i.indisreplident THEN ' replica identity' END)`,
    standing: `CASE WHEN i.indisclustered THEN 'clustered' END`,
    letter: letter('i'),
    from: 'rel r JOIN pg_index i ON i.indexrelid = r.oid',
  },
  {
    ...ofRelation,
    line: `concat_ws(' ', format_type(s.seqtypid, NULL), 'start', s.seqstart, 'increment', s.seqincrement, 'from', s.seqmin, 'to', s.seqmax,
      'cache', s.seqcache, CASE WHEN s.seqcycle THEN 'cycle' END,
      'of ' || a.attrelid::regclass || '.' || a.attname)`,
    letter: letter('s'),
    from: `rel r JOIN pg_sequence s ON s.seqrelid = r.oid
      LEFT JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = r.oid AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
      LEFT JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid`,
  },
  {
    object: `'type ' || n.nspname || '.' || t.typname`,
    line: `concat_ws(' ', t.typtype, CASE WHEN t.typtype = 'd' THEN format_type(t.typbasetype, t.typtypmod) END,
      CASE WHEN t.typnotnull THEN 'not null' END, 'default ' || t.typdefault,
      v.labels,
      'of ' || format_type(g.rngsubtype, NULL), nullif(g.rngcollation, 0),
      k.checks)`,
    standing: `concat_ws(' ', ${ownedBy('t.typowner')}, ${acl('t.typacl', 'T', 't.typowner')})`,
    at: ['pg_type', 't.oid'],
    letter: `concat(${letter('t')}, k.numbers)`,
    from: `pg_type t ${inSchema('t.typnamespace')} LEFT JOIN pg_class c ON c.oid = t.typrelid
      LEFT JOIN pg_range g ON g.rngtypid = t.oid
      LEFT JOIN (SELECT enumtypid, string_agg(enumlabel, ', ' ORDER BY enumsortorder) AS labels FROM pg_enum GROUP BY 1) v ON v.enumtypid = t.oid
      LEFT JOIN (SELECT contypid, string_agg(oid::text, ' ' ORDER BY oid) AS numbers,
          string_agg(concat(conname, ' ', pg_get_constraintdef(oid), CASE WHEN NOT convalidated THEN ' not validated' END), ', ' ORDER BY conname) AS checks
        FROM pg_constraint WHERE contypid <> 0 GROUP BY 1) k ON k.contypid = t.oid`,
    where: `(t.typrelid = 0 OR c.relkind = 'c') AND t.typtype <> 'm' AND NOT (t.typelem <> 0 AND t.typlen = -1)`,
  },
  {
    object: `format('function %s.%s(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid))`,
    line: `CASE WHEN p.prokind = 'a' THEN (SELECT ${without('g', 'aggfnoid')} FROM pg_aggregate g WHERE g.aggfnoid = p.oid)
      ELSE pg_get_functiondef(p.oid) END`,
    standing: `concat_ws(' ', ${ownedBy('p.proowner')}, ${acl('p.proacl', 'f', 'p.proowner')})`,
    at: ['pg_proc', 'p.oid'],
    letter: letter('p'),
    from: `pg_proc p ${inSchema('p.pronamespace')}`,
  },
  {
    object: `'statistics ' || n.nspname || '.' || s.stxname`,
    line: 'pg_get_statisticsobjdef(s.oid)',
    standing: `concat_ws(' ', ${ownedBy('s.stxowner')})`,
    at: ['pg_statistic_ext', 's.oid'],
    letter: letter('s'),
    from: `pg_statistic_ext s ${inSchema('s.stxnamespace')}`,
  },
  {
    object: `'extension ' || x.extname`,
    among: `'schema'`,
    line: `concat_ws(' ', 'version', x.extversion, 'in', x.extnamespace::regnamespace)`,
    standing: `concat_ws(' ', ${ownedBy('x.extowner')})`,
    at: ['pg_extension', 'x.oid'],
    letter: letter('x'),
    from: 'pg_extension x',
  },
  {
    object: `'schema ' || n.nspname`,
    line: `'schema'`,
    standing: `concat_ws(' ', ${ownedBy('n.nspowner')}, ${acl('n.nspacl', 'n', 'n.nspowner')})`,
    at: ['pg_namespace', 'n.oid'],
    letter: letter('n'),
    from: 'pg_namespace n',
    where: isOwnSchema,
  },
  {
    object: `'default privileges of ' || x.defaclrole::regrole`,
    among: `'schema'`,
    standing: `concat_ws(' ', 'in', nullif(x.defaclnamespace, 0)::regnamespace, 'on', x.defaclobjtype, x.defaclacl::text)`,
    letter: letter('x'),
    from: 'pg_default_acl x',
  },
  {
    object: `'event trigger ' || x.evtname`,
    at: ['pg_event_trigger', 'x.oid'],
    line: `concat_ws(' ', x.evtevent, x.evtfoid::regprocedure, x.evtenabled, x.evttags::text)`,
    letter: letter('x'),
    from: 'pg_event_trigger x',
  },
  {
    object: `'publication ' || x.pubname`,
    at: ['pg_publication', 'x.oid'],
    line: `concat_ws(' ', ${without('x', 'oid')},
      (SELECT string_agg(prrelid::regclass::text, ' ' ORDER BY prrelid::regclass::text) FROM pg_publication_rel WHERE prpubid = x.oid))`,
    letter: letter('x'),
    from: 'pg_publication x',
  },
  // Which a migration seldom makes: by their rows.
  ...[
    ...[
      'pg_cast',
      'pg_foreign_data_wrapper',
      'pg_foreign_server',
      'pg_operator',
      'pg_opclass',
      'pg_opfamily',
    ],
    ...['pg_collation', 'pg_conversion', 'pg_ts_config', 'pg_ts_dict', 'pg_language'],
  ].map(
    (catalogue): Part => ({
      object: `pg_describe_object('${catalogue}'::regclass, x.oid, 0)`,
      line: without('x', ...NUMBERS),
      at: [catalogue, 'x.oid'],
      letter: letter('x'),
      from: `${catalogue} x`,
      where: 'x.oid >= 16384',
    }),
  ),
  ...[
    [`'database ' || x.datname`, `pg_database x WHERE x.datname = current_database()`],
    [
      `'settings of the database and its roles'`,
      `pg_db_role_setting x WHERE x.setdatabase IN (0, ${OWN_DATABASE}) AND (x.setrole = 0 OR x.setrole IN (${KNOWN_ROLES}))`,
    ],
    [`'role ' || x.rolname`, `pg_roles x WHERE x.oid IN (${KNOWN_ROLES})`],
    [
      `'members of role ' || x.roleid::regrole`,
      `pg_auth_members x WHERE x.roleid IN (${KNOWN_ROLES}) OR x.member IN (${KNOWN_ROLES})`,
    ],
  ].map(([object, from]): Part => ({ object: object!, among: `'server'`, letter: letter('x'), from: from! })),
]

const nameOf = (c: string) =>
  `CASE ${c}.relkind WHEN 'S' THEN 'sequence' WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view'
  WHEN 'c' THEN 'type' WHEN 'i' THEN 'index' WHEN 'I' THEN 'index' ELSE 'table' END || ' ' || n.nspname || '.' || ${c}.relname`

const sqlOf = (part: Part): string => {
  const { at, object, whole, among, place, line, standing, called, letter, from, where } = part
  const said = `concat_ws(' ', ${standing ?? 'NULL'}, ${at ? `'comment ' || m.description` : 'NULL'})`
  return `SELECT ${object} AS object, ${whole ?? 'NULL'}::text AS whole, ${among ?? BROUGHT} AS among, ${place ?? 0} AS place,
    ${line ?? 'NULL'}::text AS line, ${called ? `${called} || ' ' || ` : ''}nullif(${said}, '') AS standing, ${letter} AS letter
    FROM ${from} ${at && !among ? ofExtension(at[0], at[1]) : ''}
    ${at ? `LEFT JOIN pg_description m ON m.classoid = '${at[0]}'::regclass AND m.objoid = ${at[1]} AND m.objsubid = ${at[2] ?? 0}` : ''}
    ${where ? `WHERE ${where}` : ''}`
}

/**
 * All that a migration can change of a database but its rows: relations first, because most parts are theirs. What is not
 * asked for is not worked out.
 */
export const everyPart = `WITH rel AS (
  SELECT c.oid, c.relkind, ${nameOf('c')} AS object, CASE WHEN i.indrelid IS NULL THEN ${nameOf('c')} ELSE ${nameOf('t')} END AS whole,
    CASE WHEN c.relispartition OR t.relispartition THEN 'partition' ELSE ${BROUGHT} END AS among
  FROM pg_class c ${inSchema('c.relnamespace')}
    LEFT JOIN pg_index i ON i.indexrelid = c.oid LEFT JOIN pg_class t ON t.oid = i.indrelid
    ${ofExtension('pg_class', 'coalesce(i.indrelid, c.oid)')}
  WHERE c.relpersistence <> 't'
)
${PARTS.map(sqlOf).join('\nUNION ALL ')}`
