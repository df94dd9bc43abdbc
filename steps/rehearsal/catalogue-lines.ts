import { type Query, selects } from '../../runbook/index.ts'

/** One object of the database: what PostgreSQL calls it, and a sum over all that its catalogue says of it. */
export type CatalogueLine = { what: string; sum: string }

/** What changes in the catalogue of a database that is only used: statistics, files, what VACUUM and ANALYZE write. */
const IN_USE = [
  ...['relfilenode', 'relpages', 'reltuples', 'relallvisible', 'relallfrozen', 'relfrozenxid', 'relminmxid'],
  ...['reltoastrelid', 'relhasindex', 'relhasrules', 'relhastriggers', 'relhassubclass', 'attcacheoff'],
  ...['atthasmissing', 'attmissingval', 'indisclustered', 'indcheckxmin', 'datfrozenxid', 'datminmxid'],
  ...['rolpassword', 'rolvaliduntil'],
]

/** Objects of the database's own, and no temporary ones: those come and go with the sessions of an application. */
const own = (oid: string): string => `${oid} >= 16384`
const kept = (relation: string): string =>
  `${relation} IN (SELECT oid FROM pg_class WHERE oid >= 16384 AND relpersistence <> 't' AND relkind <> 't'
     AND relnamespace <> 'pg_toast'::regnamespace)`
const described = (catalogue: string, oid = 'c.oid', sub = '0'): string =>
  `pg_describe_object('${catalogue}'::regclass, ${oid}, ${sub})`

/**
 * The roles that this database knows: who performs this, who owns it, and whoever owns something in it or has rights on it. What
 * comes and goes on the same server for other databases says nothing of this one.
 */
const ROLES = `SELECT oid FROM pg_roles WHERE rolname IN (current_user, session_user)
  UNION SELECT datdba FROM pg_database WHERE datname = current_database()
  UNION SELECT refobjid FROM pg_shdepend WHERE refclassid = 'pg_authid'::regclass
    AND dbid = (SELECT oid FROM pg_database WHERE datname = current_database())`
const ROLES_OF = (column: string): string => `${column} IN (${ROLES})`

/** A catalogue, what an object of it is called, and which of them count. */
const CATALOGUES: [name: string, what: string, where: string][] = [
  ['pg_class', described('pg_class'), kept('c.oid')],
  [
    'pg_attribute',
    described('pg_class', 'c.attrelid', 'c.attnum'),
    `NOT c.attisdropped AND c.attnum > 0 AND ${kept('c.attrelid')}`,
  ],
  ['pg_attrdef', `'the default of ' || ${described('pg_class', 'c.adrelid', 'c.adnum')}`, kept('c.adrelid')],
  [
    'pg_constraint',
    described('pg_constraint'),
    `${own('c.oid')} AND (c.conrelid = 0 OR ${kept('c.conrelid')})`,
  ],
  ['pg_index', described('pg_class', 'c.indexrelid'), kept('c.indexrelid')],
  ['pg_trigger', described('pg_trigger'), kept('c.tgrelid')],
  ['pg_rewrite', described('pg_rewrite'), kept('c.ev_class')],
  ['pg_policy', described('pg_policy'), kept('c.polrelid')],
  ['pg_inherits', `'the parent of ' || ${described('pg_class', 'c.inhrelid')}`, kept('c.inhrelid')],
  [
    'pg_partitioned_table',
    `'the partitions of ' || ${described('pg_class', 'c.partrelid')}`,
    kept('c.partrelid'),
  ],
  ['pg_sequence', `'how it counts: ' || ${described('pg_class', 'c.seqrelid')}`, kept('c.seqrelid')],
  ['pg_foreign_table', `'where it is: ' || ${described('pg_class', 'c.ftrelid')}`, kept('c.ftrelid')],
  [
    'pg_type',
    described('pg_type'),
    `${own('c.oid')} AND (c.typrelid = 0 OR ${kept('c.typrelid')})
       AND NOT EXISTS (SELECT FROM pg_type e WHERE e.oid = c.typelem AND e.typrelid <> 0)`,
  ],
  ['pg_enum', `'a value of ' || ${described('pg_type', 'c.enumtypid')}`, own('c.enumtypid')],
  [
    'pg_namespace',
    described('pg_namespace'),
    `c.nspname = 'public' OR ${own('c.oid')} AND c.nspname !~ '^pg_'`,
  ],
  ...[
    ...['pg_proc', 'pg_extension', 'pg_event_trigger', 'pg_publication', 'pg_statistic_ext', 'pg_cast'],
    ...['pg_foreign_data_wrapper', 'pg_foreign_server', 'pg_operator', 'pg_opclass', 'pg_opfamily'],
    ...['pg_collation', 'pg_conversion', 'pg_ts_config', 'pg_ts_dict', 'pg_language', 'pg_default_acl'],
  ].map((name): [string, string, string] => [name, described(name), own('c.oid')]),
  [
    'pg_description',
    `'the comment on ' || pg_describe_object(c.classoid, c.objoid, c.objsubid)`,
    `${own('c.objoid')} AND (c.classoid <> 'pg_class'::regclass OR ${kept('c.objoid')})`,
  ],
  // Of the whole server, where a session on the copy reaches them too.
  ['pg_database', `'database ' || c.datname`, 'c.datname = current_database()'],
  [
    'pg_db_role_setting',
    `'settings of the database and its roles'`,
    `c.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
       AND (c.setrole = 0 OR ${ROLES_OF('c.setrole')})`,
  ],
  ['pg_roles', `'role ' || c.rolname`, ROLES_OF('c.oid')],
  [
    'pg_auth_members',
    `'the members of role ' || c.roleid::regrole`,
    `${ROLES_OF('c.roleid')} OR ${ROLES_OF('c.member')}`,
  ],
]

/** All that a migration can change of a database but its rows, as the server's own catalogue has it. */
export const catalogueLines: Query<'reads', CatalogueLine> = {
  ...selects<CatalogueLine>(
    CATALOGUES.map(
      ([name, what, where]) =>
        `SELECT coalesce(${what}, 'an object of ${name}') AS what,
           md5((to_jsonb(c) - '{${IN_USE.join(',')}}'::text[])::text) AS sum FROM ${name} c WHERE ${where}`,
    ).join('\nUNION ALL '),
  ),
  timeout: 60_000,
}

/** What one has and the other has not, by name. */
export const objectsThatDiffer = (
  before: readonly CatalogueLine[],
  after: readonly CatalogueLine[],
  most = 6,
): string[] => {
  const key = ({ what, sum }: CatalogueLine) => `${sum} ${what}`
  const [was, is] = [new Set(before.map(key)), new Set(after.map(key))]
  const gone = before.filter((one) => !is.has(key(one))).map(({ what }) => what)
  const come = after.filter((one) => !was.has(key(one))).map(({ what }) => what)
  const [isGone, hasCome] = [new Set(gone), new Set(come)]
  const all = [...new Set([...gone, ...come])].map((what) => {
    if (!hasCome.has(what)) return `- ${what}`
    return isGone.has(what) ? `${what} is another` : `+ ${what}`
  })
  return all.length > most ? [...all.slice(0, most), `and ${all.length - most} more`] : all
}
