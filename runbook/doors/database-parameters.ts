/** What is wrong with a value, behind "has the parameter NAME"; undefined where nothing is. */
type Wrong = (value: string) => string | undefined

const oneOf =
  (...values: string[]): Wrong =>
  (value) =>
    values.includes(value) ? undefined : `, which can be ${values.join(', ')}`
const path: Wrong = (value) =>
  value.startsWith('/')
    ? undefined
    : ', which must be a path that begins with /: this tool and the programs that it starts stand in other folders than you'
const whole: Wrong = (value) => (/^[+-]?\d+$/.test(value.trim()) ? undefined : ', which is a whole number')
const anything: Wrong = () => undefined
/** Its usual value may be named; another is not honoured. */
const only =
  (usual: readonly string[], because: string): Wrong =>
  (value) =>
    usual.includes(value) ? undefined : because
const never =
  (because: string): Wrong =>
  () =>
    because

const NO_VARIABLE = ', which pg_dump, psql and the others take from no variable'
const NO_SETTING = `${NO_VARIABLE}, and Node cannot set`
const KERBEROS = ', and this tool knows no Kerberos'
const VERSIONS = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3']

export const SSL_MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full']

/**
 * Every parameter of libpq up to version 18 (https://www.postgresql.org/docs/current/libpq-connect.html): what this tool does
 * with it, and so do the programs that it starts; or why it does not.
 */
export const OF_LIBPQ: Readonly<Record<string, Wrong>> = {
  host: anything,
  hostaddr: anything,
  port: anything,
  dbname: anything,
  user: anything,
  password: anything,
  passfile: path,
  service: anything,
  servicefile: path,
  options: anything,
  connect_timeout: whole,
  // A run's sessions bear its own name, by which it finds them again.
  application_name: anything,
  fallback_application_name: anything,
  client_encoding: (value) =>
    /^(auto|utf-?8|unicode)$/i.test(value) ? undefined : ', and this tool speaks UTF-8',
  target_session_attrs: oneOf('any', 'read-write', 'read-only', 'primary', 'standby', 'prefer-standby'),
  load_balance_hosts: oneOf('disable', 'random'),
  channel_binding: oneOf('disable', 'prefer', 'require'),
  sslmode: oneOf(...SSL_MODES, 'no-verify'),
  sslnegotiation: oneOf('postgres', 'direct'),
  sslrootcert: (value) => (value === 'system' ? undefined : path(value)),
  sslcert: path,
  sslkey: path,
  sslcertmode: only(
    ['allow', 'disable'],
    ', and Node does not tell whether a server has asked for a certificate',
  ),
  sslcrl: path,
  sslcrldir: path,
  ssl_min_protocol_version: oneOf(...VERSIONS),
  ssl_max_protocol_version: oneOf(...VERSIONS),
  sslcompression: only(['0'], ', which OpenSSL does not do any more'),
  sslsni: only(['1'], ', and pg always sends the name of the server'),
  requiressl: oneOf('0', '1'),
  gssencmode: only(['disable', 'prefer'], KERBEROS),
  keepalives: only(['1'], NO_SETTING),
  keepalives_idle: never(NO_SETTING),
  keepalives_interval: never(NO_SETTING),
  keepalives_count: never(NO_SETTING),
  tcp_user_timeout: never(NO_SETTING),
  sslpassword: never(`${NO_VARIABLE}: take a key without a password, whose file nobody else can read`),
  sslkeylogfile: never(', which would write down the keys of every session'),
  require_auth: never(', which pg does not know and programs before version 16 pass over'),
  requirepeer: never(', and Node does not tell who serves a socket'),
  replication: only(['false', 'off', 'no', '0'], ', and this tool makes no replication sessions'),
  krbsrvname: never(KERBEROS),
  gsslib: never(KERBEROS),
  gssdelegation: only(['0'], KERBEROS),
  min_protocol_version: only(['3.0'], ', and pg speaks 3.0'),
  max_protocol_version: anything,
  scram_client_key: never(', and pg takes a password'),
  scram_server_key: never(', and pg takes a password'),
  oauth_issuer: never(', and pg knows no OAuth'),
  oauth_client_id: never(', and pg knows no OAuth'),
  oauth_client_secret: never(', and pg knows no OAuth'),
  oauth_scope: never(', and pg knows no OAuth'),
}

/** What other clients add. What is of their pools and sessions is the application's, and passed over. */
export const OF_OTHERS: Readonly<Record<string, Wrong>> = {
  // Prisma's engine (https://www.prisma.io/docs/orm/overview/databases/postgresql).
  schema: anything,
  sslaccept: oneOf('strict', 'accept_invalid_certs'),
  sslidentity: never(', a PKCS #12 archive, which libpq does not read: take sslcert and sslkey'),
  // node-postgres, libpq and asyncpg, in their own ways.
  ssl: oneOf('true', '1', 'false', '0', ...SSL_MODES, 'no-verify'),
  ...Object.fromEntries(
    [
      ...['connection_limit', 'pool_timeout', 'socket_timeout', 'pgbouncer', 'statement_cache_size'],
      ...['single_use_connections', 'max_connection_lifetime', 'max_idle_connection_lifetime'],
      // pg, pg-pool, postgres.js
      ...['max', 'min', 'idleTimeoutMillis', 'connectionTimeoutMillis', 'keepAlive', 'encoding'],
      ...[
        'keepAliveInitialDelayMillis',
        'allowExitOnIdle',
        'maxUses',
        'maxLifetimeSeconds',
        'uselibpqcompat',
      ],
      ...['statement_timeout', 'query_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout'],
      ...['idle_timeout', 'max_lifetime', 'prepare', 'fetch_types', 'binary'],
      // Rails, Django, SQLAlchemy, pgx
      ...['adapter', 'pool', 'timeout', 'checkout_timeout', 'reaping_frequency', 'prepared_statements'],
      ...['advisory_locks', 'min_messages', 'insert_returning', 'conn_max_age', 'conn_health_checks'],
      ...['disable_server_side_cursors', 'prepared_statement_cache_size', 'command_timeout'],
      ...['pool_max_conns', 'pool_min_conns', 'pool_max_conn_lifetime', 'pool_max_conn_idle_time'],
      ...['pool_health_check_period', 'default_query_exec_mode', 'statement_cache_capacity'],
      // What Vercel has Supabase add
      ...['supa', 'workaround'],
    ].map((name) => [name, anything]),
  ),
}
