import { execFile } from 'node:child_process'
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Cluster } from '../../examples/world/cluster.ts'
import { freePort } from '../../examples/world/ports.ts'
import { systemClock } from '../../runbook/doors/clock.ts'
import { DatabaseDoor } from '../../runbook/doors/database.ts'
import { parseDatabaseUrl } from '../../runbook/doors/database-url.ts'
import { selects } from '../../runbook/model/action.ts'
import { LIBPQ_VARIABLES } from '../../runbook/model/database-parts.ts'
import { explain } from '../../runbook/model/explain.ts'
import { failureOf } from '../../runbook/model/failure.ts'
import { standbyOf } from '../rig/standby.ts'
import { tlsCluster } from '../rig/tls-cluster.ts'

let world: Awaited<ReturnType<typeof tlsCluster>>
let folder: string
let sockets: string
let cluster: Cluster
let standby: Awaited<ReturnType<typeof standbyOf>>
let files: Record<string, string>
const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})

beforeAll(async () => {
  world = await tlsCluster()
  ;({ folder, sockets, cluster, files } = world)
  standby = await standbyOf(cluster)
}, 120_000)
afterAll(async () => {
  await standby?.stop()
  await world?.stop()
})

const HOME_NONE = '/nonexistent'
let homes = 0
/** A home with files of libpq's in it. */
const homeWith = (given: Record<string, string>) => {
  const home = join(folder, `home ${homes++}`)
  mkdirSync(join(home, '.postgresql'), { recursive: true })
  for (const [name, from] of Object.entries(given)) copyFileSync(from, join(home, '.postgresql', name))
  return home
}

interface Tried {
  /** psql, given the URL. */
  psql: string
  /** This tool's own connection. */
  own: string
  /** psql, given what children are given. */
  child: string
}
/** What each sees of a query, or 'no'; of ours the reason why not. */
const tried = async (
  url: string,
  { sql = 'SELECT 1', variables = {} }: { sql?: string; variables?: Record<string, string> } = {},
): Promise<Tried> => {
  const around = { PATH: process.env.PATH!, HOME: HOME_NONE, ...variables }
  const psql = (args: string[], env: Record<string, string>) =>
    promisify(execFile)('psql', ['-X', '-qAt', '-w', ...args, '-c', sql], {
      env: { ...around, ...env },
    }).then(
      ({ stdout }) => stdout.trim(),
      () => 'no',
    )
  const target = parseDatabaseUrl(url, { variables: around, here: true })
  if ('mistake' in target) {
    const failure = { kind: 'secret-malformed', name: 'DATABASE_URL', message: target.mistake } as const
    const refused = explain(failure).sentence
    return { psql: await psql([url], {}), own: refused, child: refused }
  }
  const door = new DatabaseDoor(target, {
    ...{ name: 'runbook test', schema: 'public', clock: systemClock, variables: around },
  })
  ends.push(() => door.close())
  const never = new AbortController().signal
  const own = await door.query<Record<string, unknown>>(selects(sql), sql, never).then(
    ([row]) => String(Object.values(row!)[0]),
    (error) => `no: ${explain(failureOf(error)).sentence}`,
  )
  const reached = await door.reached(never).catch(() => ({}))
  const parts = { ...target, ...reached } as Record<string, string | undefined>
  const env = Object.fromEntries(
    Object.entries(LIBPQ_VARIABLES).flatMap(([name, part]) => (parts[part] ? [[name, parts[part]!]] : [])),
  )
  return { psql: await psql([url], {}), own, child: await psql([], env) }
}
/** A URL of this server: `$PORT`, `$CA` and the like stand for what they are here. */
const here = (url: string): string =>
  url
    .replace(/\$PORT/g, String(cluster.port))
    .replace(/\$STANDBY/g, String(standby.port))
    .replace(/\$SOCKETS/g, sockets)
    .replace(/\$ENCODED/g, encodeURIComponent(sockets))
    .replace(/\$(\w+)/g, (all, name: string) => files[name.toLowerCase()] ?? all)

const APP = 'postgresql://app:a%20word@127.0.0.1:$PORT/shop'
const all = { psql: '1', own: '1', child: '1' }
const none = { psql: 'no', own: expect.stringMatching(/^no: /), child: 'no' }

describe('a URL works as it does with psql, here and in the programs that are started', () => {
  test.each([
    [APP],
    ['postgres://app:a%20word@localhost:$PORT/shop'],
    [`postgresql://app@127.0.0.1:$PORT/shop?password=a%20word`],
    ['postgresql://?host=127.0.0.1&port=$PORT&user=app&password=a%20word&dbname=shop'],
    ['postgresql://wrong:wrong@127.0.0.1:1/wrong?port=$PORT&user=app&password=a%20word&dbname=shop'],
    ['postgresql://app:a%20word@$ENCODED:$PORT/shop'],
    ['postgresql:///shop?host=$SOCKETS&port=$PORT&user=app&password=a%20word'],
    ['postgresql://app:a%20word@localhost/shop?host=$SOCKETS&port=$PORT'],
    // What is asked of TLS is asked of no socket.
    ['postgresql:///shop?host=$SOCKETS&port=$PORT&user=app&password=a%20word&sslmode=verify-full'],
    ['postgresql://app:a%20word@[::ffff:127.0.0.1]:$PORT/shop'],
    [`${APP}?connect_timeout=3&application_name=shop&keepalives=1&client_encoding=utf8`],
    [`${APP}?sslmode=require`],
    [`${APP}?sslmode=require&sslrootcert=$CA`],
    [`${APP}?sslmode=verify-ca&sslrootcert=$CA`],
    [`${APP}?sslmode=verify-full&sslrootcert=$CA`],
    [`${APP}?sslmode=verify-full&sslrootcert=$CA&sslcrl=$NONE`],
    ['postgresql://app:a%20word@localhost:$PORT/shop?sslmode=verify-ca&sslrootcert=$CA'],
    ['postgresql://app:a%20word@db.test:$PORT/shop?hostaddr=127.0.0.1&sslmode=verify-full&sslrootcert=$CA'],
    [`${APP}?sslmode=require&channel_binding=require`],
    [`${APP}?sslmode=verify-full&sslrootcert=$CA&channel_binding=require`],
    [`${APP}?ssl=true`],
    [`${APP}?ssl_min_protocol_version=TLSv1.3&sslmode=require`],
    ['postgresql://certified@127.0.0.1:$PORT/shop?sslmode=require&sslcert=$CRT&sslkey=$KEY'],
    ['postgresql://encrypted:a%20word@127.0.0.1:$PORT/shop?sslmode=allow'],
    ['postgresql://plain:a%20word@127.0.0.1:$PORT/shop?sslmode=prefer'],
    ['postgresql://app:a%20word@127.0.0.1:1,127.0.0.1:$PORT/shop'],
    ['postgresql://app:a%20word@127.0.0.1:$PORT,127.0.0.1:1/shop?target_session_attrs=read-write'],
    ['postgresql://app:a%20word@/shop?host=nowhere.invalid,$SOCKETS&port=1,$PORT'],
    ['postgresql://app:a%20word@127.0.0.1:$STANDBY,127.0.0.1:$PORT/shop?target_session_attrs=primary'],
  ])('%s', async (url) => {
    expect(await tried(here(url))).toEqual(all)
  })

  test.each([
    ['postgresql://app:another@127.0.0.1:$PORT/shop'],
    [`${APP}?sslmode=require&sslrootcert=$FOREIGN`],
    [`${APP}?sslmode=verify-ca&sslrootcert=$FOREIGN`],
    [`${APP}?sslmode=verify-full&sslrootcert=$FOREIGN`],
    [`${APP}?sslmode=verify-full&sslrootcert=$CA&sslcrl=$REVOKED`],
    // The certificate is for another name, or for the address alone.
    ['postgresql://app:a%20word@localhost:$PORT/shop?sslmode=verify-full&sslrootcert=$CA'],
    [
      'postgresql://app:a%20word@other.test:$PORT/shop?hostaddr=127.0.0.1&sslmode=verify-full&sslrootcert=$CA',
    ],
    ['postgresql://encrypted:a%20word@127.0.0.1:$PORT/shop?sslmode=disable'],
    ['postgresql://plain:a%20word@127.0.0.1:$PORT/shop?sslmode=require'],
    ['postgresql://certified@127.0.0.1:$PORT/shop?sslmode=require'],
    // These let somebody in without channel binding.
    ['postgresql://trusted@127.0.0.1:$PORT/shop?sslmode=require&channel_binding=require'],
    ['postgresql://cleartext:a%20word@127.0.0.1:$PORT/shop?sslmode=require&channel_binding=require'],
    ['postgresql://app:a%20word@127.0.0.1:$STANDBY/shop?target_session_attrs=read-write'],
    ['postgresql://app:a%20word@127.0.0.1:$PORT/shop?target_session_attrs=standby'],
    ['postgresql://app:a%20word@127.0.0.1:1,127.0.0.1:2/shop'],
  ])('not: %s', async (url) => {
    expect(await tried(here(url))).toEqual(none)
  })

  test.each([
    [`${APP}?sslmode=require`, 'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()', 't', 'true'],
    [`${APP}?sslmode=disable`, 'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()', 'f', 'false'],
    [
      `${APP}?ssl_max_protocol_version=TLSv1.2`,
      'SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()',
      'TLSv1.2',
      'TLSv1.2',
    ],
    [`${APP}?options=-c%20work_mem%3D7MB%20-c%20search_path%3Dpg_temp`, 'SHOW work_mem', '7MB', '7MB'],
    [
      'postgresql://app:a%20word@127.0.0.1:$STANDBY,127.0.0.1:$PORT/shop?target_session_attrs=read-write',
      'SELECT pg_is_in_recovery()',
      'f',
      'false',
    ],
    [
      'postgresql://app:a%20word@127.0.0.1:$PORT,127.0.0.1:$STANDBY/shop?target_session_attrs=prefer-standby',
      'SELECT pg_is_in_recovery()',
      't',
      'true',
    ],
    [
      'postgresql://app:a%20word@127.0.0.1:$PORT,127.0.0.1:$STANDBY/shop?target_session_attrs=read-only',
      'SELECT pg_is_in_recovery()',
      't',
      'true',
    ],
  ])('%s: %s is %s', async (url, sql, printed, own) => {
    expect(await tried(here(url), { sql })).toEqual({ psql: printed, own, child: printed })
  })
})

describe('what libpq takes from files', () => {
  const verified = (mode = 'verify-full') => here(`${APP}?sslmode=${mode}`)

  test('a root certificate in the home folder is what a server’s is held against', async () => {
    const variables = { HOME: homeWith({ 'root.crt': files.ca! }) }
    for (const mode of ['require', 'verify-ca', 'verify-full'])
      expect(await tried(verified(mode), { variables })).toEqual(all)
    const foreign = { HOME: homeWith({ 'root.crt': files.foreign! }) }
    for (const mode of ['require', 'verify-ca', 'verify-full'])
      expect(await tried(verified(mode), { variables: foreign })).toEqual(none)
    expect(await tried(verified('prefer'), { variables: foreign })).toEqual(all)
  })

  test('without one, verify-full holds it against what this machine trusts, and verify-ca is refused', async () => {
    expect(await tried(verified())).toEqual(none)
    expect((await tried(verified('verify-ca'))).own).toContain('sslmode=verify-ca, and no sslrootcert')
    const variables = { SSL_CERT_FILE: files.ca! }
    expect(await tried(verified(), { variables })).toMatchObject({ own: '1', child: '1' })
    const system = here(`${APP}?sslrootcert=system`)
    expect(await tried(system, { variables })).toMatchObject({ own: '1', child: '1' })
    expect(await tried(system)).toMatchObject({ own: expect.stringMatching(/^no: /), child: 'no' })
  })

  test('a certificate of the client, in the home folder, unless it is not to be sent', async () => {
    const variables = { HOME: homeWith({ 'postgresql.crt': files.crt!, 'postgresql.key': files.key! }) }
    const url = here('postgresql://certified@127.0.0.1:$PORT/shop?sslmode=require')
    expect(await tried(url, { variables })).toEqual(all)
    const { own } = await tried(`${url}&sslcertmode=disable`, { variables })
    expect(own).toMatch(/^no: /)
  })

  test('a file of passwords, by its parameter, its variable, or in the home folder', async () => {
    const path = join(folder, 'passwords')
    writeFileSync(path, `127.0.0.1:${cluster.port}:shop:app:a word\n${sockets}:*:*:app:a word\n`, {
      mode: 0o600,
    })
    for (const url of ['postgresql://app@127.0.0.1:$PORT/shop', 'postgresql://app@$ENCODED:$PORT/shop'].map(
      here,
    )) {
      expect(await tried(`${url}?passfile=${encodeURIComponent(path)}`)).toEqual(all)
      expect(await tried(url, { variables: { PGPASSFILE: path } })).toEqual(all)
      expect(await tried(url)).toEqual(none)
    }
    const bare = here('postgresql://app@127.0.0.1:$PORT/shop')
    expect(await tried(bare, { variables: { PGPASSWORD: 'a word' } })).toEqual(all)
    const home = homeWith({})
    copyFileSync(path, join(home, '.pgpass'))
    expect(await tried(here('postgresql://app@127.0.0.1:$PORT/shop'), { variables: { HOME: home } })).toEqual(
      all,
    )
    writeFileSync(join(folder, 'open'), 'x', { mode: 0o644 })
    expect(
      (await tried(here(`postgresql://app@127.0.0.1:$PORT/shop?passfile=${join(folder, 'open')}`))).own,
    ).toContain('has the parameter passfile, and')
  })

  test('a service, whose parts the URL’s own count over', async () => {
    const path = join(folder, 'services')
    writeFileSync(
      path,
      `# ours\n[other]\nhost=nowhere.invalid\n\n[shop]\nhost=127.0.0.1\nport=${cluster.port}\nuser=app\npassword=a word\ndbname=postgres\nsslmode=verify-full\nsslrootcert=${files.ca}\n`,
    )
    const variables = { PGSERVICEFILE: path }
    const sql = 'SELECT current_database()'
    const both = (name: string) => ({ psql: name, own: name, child: name })
    expect(await tried('postgresql://?service=shop', { variables, sql })).toEqual(both('postgres'))
    expect(await tried('postgresql:///shop?service=shop', { variables, sql })).toEqual(both('shop'))
    const foreign = `postgresql://?service=shop&sslrootcert=${encodeURIComponent(files.foreign!)}`
    expect(await tried(foreign, { variables })).toEqual(none)
    expect((await tried('postgresql://?service=shop&servicefile=/nonexistent/x')).own).toContain(
      'servicefile',
    )
    expect((await tried('postgresql:///shop?service=absent', { variables })).own).toContain(
      'service, and absent is in none',
    )
    writeFileSync(path, '[shop]\nldap://directory/x\n')
    expect((await tried('postgresql:///shop?service=shop', { variables })).own).toContain('LDAP')
  })

  test('one that is named and cannot be read is refused by name, where libpq would pass it over', async () => {
    for (const name of ['sslrootcert', 'sslcrl', 'sslcrldir', 'passfile'])
      expect((await tried(here(`${APP}?sslmode=require&${name}=/nonexistent/x`))).own).toContain(
        `has the parameter ${name}, and /nonexistent/x cannot be read (ENOENT)`,
      )
  })
})

describe('one run, one server', () => {
  test('what was chosen stays, for all sessions and for the programs', async () => {
    const target = parseDatabaseUrl(
      here('postgresql://app:a%20word@127.0.0.1:$PORT,127.0.0.1:$STANDBY/shop?load_balance_hosts=random'),
    )
    if ('mistake' in target) throw new Error(target.mistake)
    const ports = new Set<string>()
    for (let run = 0; run < 12 && ports.size < 2; run += 1) {
      const door = new DatabaseDoor(target, { name: 'runbook test', schema: 'public', clock: systemClock })
      ends.push(() => door.close())
      const clients = [await door.connect(), await door.connect(), await door.connect('postgres')]
      ends.push(...clients.map((client) => () => client.end()))
      const { port } = await door.reached(new AbortController().signal)
      expect(new Set(clients.map((client) => String(client.port)))).toEqual(new Set([port]))
      ports.add(port!)
    }
    expect(ports).toEqual(new Set([String(cluster.port), String(standby.port)]))
  })

  test('what nobody answers is told of each of them', async () => {
    const [one, other] = [await freePort(), await freePort()]
    const { own } = await tried(`postgresql://app@127.0.0.1:${one},localhost:${other}/shop`)
    expect(own).toContain(`127.0.0.1:${one}: connection refused; localhost:${other}: connection refused`)
    expect(
      (await tried(here('postgresql://app:a%20word@127.0.0.1:$STANDBY/shop?target_session_attrs=primary')))
        .own,
    ).toContain(`127.0.0.1:${standby.port} is not primary`)
  })
})
