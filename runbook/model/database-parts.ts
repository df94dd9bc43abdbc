/**
 * The variables from which libpq's programs take the parts of a database's URL
 * (https://www.postgresql.org/docs/current/libpq-envars.html). Each part has the name of libpq's parameter, but
 * `database`, which is `dbname` there.
 */
export const LIBPQ_VARIABLES = {
  PGHOST: 'host',
  PGHOSTADDR: 'hostaddr',
  PGPORT: 'port',
  PGUSER: 'user',
  PGPASSWORD: 'password',
  PGPASSFILE: 'passfile',
  PGDATABASE: 'database',
  PGOPTIONS: 'options',
  PGCONNECT_TIMEOUT: 'connect_timeout',
  PGTARGETSESSIONATTRS: 'target_session_attrs',
  PGLOADBALANCEHOSTS: 'load_balance_hosts',
  PGCHANNELBINDING: 'channel_binding',
  PGGSSENCMODE: 'gssencmode',
  PGSSLMODE: 'sslmode',
  PGSSLNEGOTIATION: 'sslnegotiation',
  PGSSLROOTCERT: 'sslrootcert',
  PGSSLCERT: 'sslcert',
  PGSSLKEY: 'sslkey',
  PGSSLCERTMODE: 'sslcertmode',
  PGSSLCRL: 'sslcrl',
  PGSSLCRLDIR: 'sslcrldir',
  PGSSLMINPROTOCOLVERSION: 'ssl_min_protocol_version',
  PGSSLMAXPROTOCOLVERSION: 'ssl_max_protocol_version',
} as const

/** A part of a database's URL, by which libpq's programs know it. */
export type LibpqPart = (typeof LIBPQ_VARIABLES)[keyof typeof LIBPQ_VARIABLES]
/** A part, or the names of what counts in it and Prisma's engine passes over. */
export type DatabasePart = LibpqPart | 'beyond_prisma'
