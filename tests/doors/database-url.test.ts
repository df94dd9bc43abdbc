import { parse } from 'pg-connection-string'
import { describe, expect, test } from 'vitest'
import {
  type DatabaseTarget,
  databaseIn,
  parseDatabaseUrl,
  withDatabase,
  withOptions,
} from '../../runbook/doors/database-url.ts'

const local = { host: 'localhost', port: '5432' }

test.each([
  [
    'postgresql://ada:secret@db.example.com:5433/shop',
    { host: 'db.example.com', port: '5433', user: 'ada', password: 'secret', database: 'shop' },
  ],
  ['postgres://db/shop', { host: 'db', port: '5432', database: 'shop' }],
  ['POSTGRESQL://ada@db/shop', { host: 'db', port: '5432', user: 'ada', database: 'shop' }],
  ['postgresql:///shop', { ...local, database: 'shop' }],
  ['postgresql://ada@/shop', { ...local, user: 'ada', database: 'shop' }],
  [
    'postgresql://ada:p%40ss%3Aw%2Frd%20100%25%27s%20%22x%22@db/Shop-1',
    { host: 'db', port: '5432', user: 'ada', password: `p@ss:w/rd 100%'s "x"`, database: 'Shop-1' },
  ],
  ['postgresql://[::1]:5433/shop', { host: '::1', port: '5433', database: 'shop' }],
  [
    'postgresql://ada@/shop?host=/var/run/postgresql&port=5444',
    { host: '/var/run/postgresql', port: '5444', user: 'ada', database: 'shop' },
  ],
  [
    'postgresql://db/shop?sslmode=verify-full&schema=app',
    { host: 'db', port: '5432', database: 'shop', sslmode: 'verify-full', schema: 'app' },
  ],
  // As libpq reads them: the last counts, a plus is a plus, and what a query says counts over what is before it.
  [
    'postgresql://ada@db:1/shop?host=other&port=2&user=eve&dbname=till&password=a+b&password=c+d',
    { host: 'other', port: '2', user: 'eve', password: 'c+d', database: 'till' },
  ],
  [
    'postgresql://a:1,[::1]:2,%2Ftmp%2Fs/shop?target_session_attrs=primary',
    { host: 'a,::1,/tmp/s', port: '1,2,', database: 'shop', target_session_attrs: 'primary' },
  ],
  ['postgresql://db/shop?ssl=true', { host: 'db', port: '5432', database: 'shop', sslmode: 'require' }],
  ['postgresql://db/shop?ssl=0', { host: 'db', port: '5432', database: 'shop', sslmode: 'disable' }],
  ['postgresql://db/shop?requiressl=1', { host: 'db', port: '5432', database: 'shop', sslmode: 'require' }],
  [
    'postgresql://db/shop?sslmode=no-verify',
    { host: 'db', port: '5432', database: 'shop', sslmode: 'require' },
  ],
  // Prisma's, pools' and drivers' own: what asks for a check counts, the rest is the application's.
  [
    'postgresql://db/shop?connection_limit=5&pool_timeout=2&pgbouncer=true&statement_cache_size=0&supa=x&pool=5',
    { host: 'db', port: '5432', database: 'shop' },
  ],
  [
    'postgresql://db/shop?sslmode=require&sslaccept=strict&sslcert=/etc/hostname',
    { host: 'db', port: '5432', database: 'shop', sslmode: 'verify-full', sslrootcert: '/etc/hostname' },
  ],
  [
    'postgresql://db/shop?sslmode=require&sslaccept=accept_invalid_certs',
    { host: 'db', port: '5432', database: 'shop', sslmode: 'require' },
  ],
  [
    'postgresql://db/shop?sslaccept=strict',
    { host: 'db', port: '5432', database: 'shop', sslmode: 'verify-full' },
  ],
  ['postgresql://db/two%20words%2Fslash', { host: 'db', port: '5432', database: 'two words/slash' }],
  [
    'postgresql://ada:p%2525@db/shop',
    { host: 'db', port: '5432', user: 'ada', password: 'p%25', database: 'shop' },
  ],
])('%s', (url, target) => {
  expect(parseDatabaseUrl(url)).toEqual(target)
})

test.each([
  ['db.example.com/shop', 'does not begin with postgresql://'],
  ['mysql://ada:hidden@db/shop', 'does not begin with postgresql://'],
  ['postgresql://db', 'names no database; it ends with /name'],
  ['postgresql://db/', 'names no database; it ends with /name'],
  ['postgresql://ada:hid#den@db/shop', expect.stringContaining('percent-encoded')],
  ['postgresql://ada:hid/den@db/shop', expect.stringContaining('percent-encoded')],
  ['postgresql://ada:hid?den@db/shop', expect.stringContaining('percent-encoded')],
  ['postgresql://ada:hidden%@db/shop', expect.stringContaining('%25')],
  ['postgresql://ada:hidden@db:port/shop', expect.stringContaining('percent-encoded')],
])('%s is a mistake that does not tell the password', (url, mistake) => {
  const parsed = parseDatabaseUrl(url)
  expect(parsed).toEqual({ mistake })
  expect(JSON.stringify(parsed)).not.toContain('hid')
})

test.each([
  ['postgresql://ada@db/shop', 'postgresql://ada@db/shop?options=-c%20a%3D1'],
  ['postgresql://db/shop?schema=app', 'postgresql://db/shop?schema=app&options=-c%20a%3D1'],
  [
    'postgresql://db/shop?options=-c%20b%3D2&schema=app',
    'postgresql://db/shop?schema=app&options=-c%20b%3D2%20-c%20a%3D1',
  ],
])('further options of the sessions of %s', (url, expected) => {
  expect(withOptions(url, '-c a=1')).toBe(expected)
})

test.each<[string, string]>([
  ['sslmode=verify-ful', 'sslmode, which can be disable, allow'],
  ['sslmod=verify-full', 'sslmod, which psql does not know'],
  ['sslRootCert=/ca.crt', 'sslRootCert, which psql does not know'],
  ['sslmode=', ''],
  ['sslrootcert=ca.crt', 'sslrootcert, which must be a path that begins with /'],
  ['passfile=~/.pgpass', 'passfile, which must be a path that begins with /'],
  [
    'sslrootcert=system&sslmode=require',
    'sslmode=require, and with sslrootcert=system it can be verify-full only',
  ],
  ['ssl=true&sslmode=disable', 'ssl=true, and sslmode=disable besides'],
  ['ssl=maybe', 'ssl, which can be true'],
  ['sslcert=/etc/hostname', 'sslcert, and no sslkey'],
  ['sslpassword=hidden', 'sslpassword, which pg_dump, psql and the others take from no variable'],
  ['sslidentity=/a.p12', 'sslidentity, a PKCS #12 archive'],
  ['sslaccept=never', 'sslaccept, which can be strict'],
  ['sslsni=0', 'sslsni, and pg always'],
  ['sslcertmode=require', 'sslcertmode, and Node'],
  ['sslnegotiation=direct', 'sslnegotiation=direct, which wants sslmode=require or more'],
  ['ssl_min_protocol_version=TLSv9', 'ssl_min_protocol_version, which can be TLSv1'],
  ['channel_binding=yes', 'channel_binding, which can be'],
  ['channel_binding=require&sslmode=disable', 'channel_binding=require, which wants TLS'],
  ['require_auth=scram-sha-256', 'require_auth, which pg does not know'],
  ['requirepeer=postgres', 'requirepeer, and Node'],
  ['gssencmode=require', 'gssencmode, and this tool knows no Kerberos'],
  ['krbsrvname=pg', 'krbsrvname'],
  ['keepalives_idle=30', 'keepalives_idle'],
  ['tcp_user_timeout=1000', 'tcp_user_timeout'],
  ['replication=database', 'replication'],
  ['client_encoding=LATIN1', 'client_encoding, and this tool speaks UTF-8'],
  ['connect_timeout=soon', 'connect_timeout, which is a whole number'],
  ['target_session_attrs=master', 'target_session_attrs, which can be any'],
  ['load_balance_hosts=yes', 'load_balance_hosts, which can be'],
  ['port=none', 'port, which is a number from 1 to 65535'],
  ['port=1,2', 'port, which names another number of places than host'],
  ['hostaddr=1.1.1.1,2.2.2.2', 'hostaddr, which names another number of places'],
  ['host=@abstract', 'host, an abstract socket'],
  ['options=-c a=1', 'options with an = in its value'],
  ['pgbouncer', 'pgbouncer without a value'],
  ['toString=1', 'toString, which psql does not know'],
  ['__proto__=1', '__proto__, which psql does not know'],
  ['mistake=1', 'mistake, which psql does not know'],
  ['given=1', 'given, which psql does not know'],
])('%s is refused by its name', (query, name) => {
  const parsed = parseDatabaseUrl(`postgresql://ada:hidden@db/shop?${query}`)
  if (!name) return expect(parsed).not.toHaveProperty('mistake')
  expect((parsed as { mistake: string }).mistake).toContain(`has the parameter ${name}`)
  expect(JSON.stringify(parsed)).not.toContain('hidden')
})

test.each([
  ['postgresql://ada@/shop?sslmode=verify-full&hostaddr=1.1.1.1', 'sslmode=verify-full, which compares'],
  ['postgresql://ada:1?hid=den@db/shop', 'percent-encoded'],
  ['postgresql://ada:1?hidden&x@db/shop', 'percent-encoded'],
  ['postgresql://a:b:c/shop', 'percent-encoded'],
  ['postgresql://db/shop?sslmode=%00', '%00'],
])('%s is refused', (url, why) => {
  const parsed = parseDatabaseUrl(url)
  expect(parsed).toEqual({ mistake: expect.stringContaining(why) })
  expect(JSON.stringify(parsed)).not.toContain('hid')
})

test('a name that is nearly one of libpq’s is told', () => {
  expect(parseDatabaseUrl('postgresql://db/shop?sslRootCert=/x')).toMatchObject({
    remedy: 'correct its name, or leave it out; libpq has sslrootcert',
  })
})

test.each([
  ['postgresql://ada@db/shop', 'postgresql://ada@db/c%20y'],
  ['postgresql://ada@db,other:1/shop?schema=app', 'postgresql://ada@db,other:1/c%20y?schema=app'],
  ['postgresql://?service=x', 'postgresql:///c%20y?service=x'],
  ['postgresql:///?dbname=shop&host=/tmp', 'postgresql:///c%20y?host=/tmp'],
  ['postgresql://db/shop?dbname=till', 'postgresql://db/c%20y'],
])('another database than that of %s', (url, expected) => {
  expect(withDatabase(url, 'c y')).toBe(expected)
})

test('a URL that is refused still tells its database, so that a copy is not mistaken for it', () => {
  expect(databaseIn('postgresql://db/shop?keepalives_idle=5')).toBe('shop')
  expect(databaseIn('postgresql://db/till?dbname=shop')).toBe('shop')
  expect(databaseIn('redis://db/shop')).toBeUndefined()
})

/** Why it is not the parser here. */
describe('pg-connection-string', () => {
  const theirs = (url: string) => {
    const { host, port, user, password, database } = parse(url, { useLibpqCompat: true })
    return { host, port: port || '5432', user, password, database }
  }
  const ours = (url: string) => {
    const { host, port, user, password, database } = parseDatabaseUrl(url) as DatabaseTarget
    return { host, port, user, password, database }
  }

  test.each([
    'postgresql://ada:secret@db.example.com:5433/shop',
    'postgresql://ada:p%40ss%3Aw%2Frd%20100%25%27s@db/Shop-1',
    'postgresql://ada:x@[::1]:5433/shop',
    'postgresql://ada:x@%2Ftmp%2Fs:5433/shop',
    'postgresql://ada:x@db/shop?port=1&user=eve',
    'postgresql://ada:x@localhost/shop?host=/var/run/postgresql',
  ])('reads %s in the same way', (url) => {
    const { host, ...their } = theirs(url)
    expect({ host: host?.replace(/^\[|\]$/g, ''), ...their }).toEqual(ours(url))
  })

  test.each([
    ['an encoded slash in a name', 'postgresql://ada:x@db/a%2Fb', { database: 'a/b' }],
    ['a plus', 'postgresql://ada:x@db/shop?password=a+b', { password: 'a+b' }],
    ['another name of the database', 'postgresql://ada:x@db/shop?dbname=till', { database: 'till' }],
    ['several hosts', 'postgresql://ada:x@a:1,b:2/shop', { host: 'a,b', port: '1,2' }],
  ])('reads %s in another way than psql', (_, url, as) => {
    expect(ours(url)).toMatchObject(as)
    expect(() => expect(theirs(url)).toMatchObject(as)).toThrow()
  })
})
