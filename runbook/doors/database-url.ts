import type { LibpqPart } from '../model/database-parts.ts'
import { type Around, withFiles } from './database-files.ts'
import { OF_LIBPQ, OF_OTHERS } from './database-parameters.ts'
import { serviceOf } from './database-service.ts'

/** What a database URL says, decoded, in the words of libpq; of several hosts with commas between them. */
export type DatabaseTarget = { [part in LibpqPart]?: string } & {
  /** In which its migrations are, as Prisma has it. */
  schema?: string
}
/** What is wrong with a URL, behind "the secret NAME"; without the URL. */
export interface UrlMistake {
  mistake: string
  remedy?: string
}
type Parameters = Readonly<Record<string, string>>

/**
 * Reads a URL as libpq does (https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS), with what other
 * clients add to it. What this tool and the programs that it starts cannot honour is a mistake that names it. Not
 * pg-connection-string, which reads four things in another way than psql (docs/decisions/0042).
 */
export const parseDatabaseUrl = (value: string, around: Around = {}): DatabaseTarget | UrlMistake => {
  const read = partsOfUrl(value)
  if ('mistake' in read) return read
  const own = read.given
  const service = own.service ? serviceOf(own.service, own.servicefile, around) : { given: {} }
  if ('mistake' in service) return service
  return wrongIn(own) ?? wrongIn(service.given) ?? targetOf({ ...service.given, ...own }, around)
}

/** The name of the database alone, also of a URL that is refused for something else. */
export const databaseIn = (value: string, around: Around = {}): string | undefined => {
  const target = parseDatabaseUrl(value, around)
  if (!('mistake' in target)) return target.database
  const parts = partsOfUrl(value)
  return 'mistake' in parts ? undefined : parts.given.dbname
}

/** What Prisma's engine knows of libpq's parameters, and what of the others says nothing that it would have to know. */
const OF_PRISMA = new Set([
  ...['host', 'sslmode', 'sslcert', 'options', 'connect_timeout', 'channel_binding', 'application_name'],
  ...['fallback_application_name', 'client_encoding', 'keepalives', 'sslcompression', 'sslsni', 'gssencmode'],
  ...['gssdelegation', 'replication', 'min_protocol_version', 'max_protocol_version', 'sslcertmode'],
])

/** What of a URL counts and Prisma's engine passes over, or reads in another way; empty where there is nothing. */
export const beyondPrisma = (value: string): string => {
  const read = partsOfUrl(value)
  if ('mistake' in read) return ''
  const { sslmode, host = '' } = read.given
  return [
    ...read.asked.filter((name) => name === 'ssl' || (name in OF_LIBPQ && !OF_PRISMA.has(name))),
    ...(host.includes(',') ? ['several hosts'] : []),
    ...(sslmode && !['disable', 'prefer', 'require'].includes(sslmode) ? [`sslmode=${sslmode}`] : []),
  ].join(', ')
}

const ENCODED = 'characters such as @ : / % in the password must be percent-encoded'

/** Its parameters by libpq's names; of one that is given twice the last counts. */
const partsOfUrl = (value: string): { given: Parameters; asked: string[] } | UrlMistake => {
  const [, rest] = /^postgres(?:ql)?:\/\/(.*)$/is.exec(value.trim()) ?? []
  if (rest === undefined) return { mistake: 'does not begin with postgresql://' }
  const asked = rest.indexOf('?')
  const [before, query] = asked === -1 ? [rest, ''] : [rest.slice(0, asked), rest.slice(asked + 1)]
  const slash = before.indexOf('/')
  const [authority, path] = slash === -1 ? [before, ''] : [before.slice(0, slash), before.slice(slash + 1)]
  const at = authority.lastIndexOf('@')
  const [identity, addresses] = [authority.slice(0, Math.max(at, 0)), authority.slice(at + 1)]
  // A sign that belongs encoded has moved the rest of a password to where something else stands.
  if (rest.includes('#') || path.includes('@') || (at === -1 && query.includes('@')))
    return { mistake: `is not a URL; ${ENCODED}` }
  const colon = identity.indexOf(':')
  const hosts = hostsIn(addresses)
  if (!hosts) return { mistake: `is not a URL; ${ENCODED}` }
  try {
    const [user, password] =
      colon === -1 ? [identity, ''] : [identity.slice(0, colon), identity.slice(colon + 1)]
    const given: Record<string, string> = Object.assign(Object.create(null), {
      user: decodeURIComponent(user),
      password: decodeURIComponent(password),
      host: decodeURIComponent(hosts.host),
      port: hosts.port,
      dbname: decodeURIComponent(path),
    })
    const names: string[] = []
    for (const pair of query.split('&').filter(Boolean)) {
      const [name = '', text, ...more] = pair.split('=')
      const named = decodeURIComponent(name)
      if (text === undefined) return { mistake: `has ${printed(named)} without a value` }
      if (more.length)
        return { mistake: `has ${printed(named)} with an = in its value, which is written %3D` }
      names.push(named)
      given[named] = decodeURIComponent(text)
    }
    const filled = Object.entries(given).filter(([, text]) => text !== '')
    const broken = filled.find(([, text]) => text.includes('\0'))
    return broken
      ? { mistake: `has a %00 in ${broken[0]}` }
      : { given: Object.fromEntries(filled), asked: names }
  } catch {
    return { mistake: 'is not percent-encoded correctly; a % in the password is written %25' }
  }
}

/** `a:1,[::1]:2,c`: hosts and ports as libpq has them, in two lists; undefined where they are none. */
const hostsIn = (addresses: string): { host: string; port: string } | undefined => {
  const each = addresses.split(',').map((one) => /^(?:\[([^\]]*)\]|([^:[\]]*))(?::(\d*))?$/.exec(one))
  if (each.some((one) => one === null)) return undefined
  const [hosts, ports] = [each.map((one) => one![1] ?? one![2]!), each.map((one) => one![3] ?? '')]
  return { host: hosts.join(','), port: ports.some(Boolean) ? ports.join(',') : '' }
}

const wrongIn = (parameters: Parameters): UrlMistake | undefined => {
  for (const [name, value] of Object.entries(parameters)) {
    const rule = rules[name]
    if (!rule)
      return {
        mistake: `has ${printed(name)}, which psql does not know`,
        remedy: `correct its name, or leave it out${nearTo(name)}`,
      }
    const wrong = rule(value)
    if (wrong)
      return {
        mistake: `has the parameter ${name}${wrong}`,
        remedy: `change ${name}, or leave it out, in the URL that runbook gets`,
      }
  }
  return undefined
}
const rules = Object.assign(Object.create(null) as typeof OF_LIBPQ, OF_OTHERS, OF_LIBPQ)

/** What is no name may be a piece of a password. */
const printed = (name: string): string =>
  /^[\w.-]{1,40}$/.test(name) ? `the parameter ${name}` : 'a parameter'

const nearTo = (name: string): string => {
  const bare = (text: string) => text.toLowerCase().replace(/[^a-z]/g, '')
  const near = Object.keys(OF_LIBPQ).find(
    (one) => bare(one) === bare(name) || bare(one).startsWith(bare(name)),
  )
  return near ? `; libpq has ${near}` : ''
}

const wrong = (name: string, because: string): UrlMistake => ({
  mistake: `has the parameter ${name}${because}`,
})

const targetOf = (given: Parameters, around: Around): DatabaseTarget | UrlMistake => {
  const { dbname, service, servicefile, ssl, sslaccept, requiressl, ...parameters } = given
  if (!dbname) return { mistake: 'names no database; it ends with /name' }
  const sslmode = modeOf(given)
  if (typeof sslmode === 'object') return sslmode
  const target: DatabaseTarget = { port: '5432', ...kept(parameters), database: dbname }
  if (sslmode) target.sslmode = sslmode
  // Of Prisma's it is the certificate of who has signed the server's; of libpq's the client's own.
  if (sslaccept && target.sslcert && !target.sslkey) {
    target.sslrootcert ??= target.sslcert
    delete target.sslcert
  }
  return wrongTogether(target) ?? withFiles(target, around)
}

/** What is honoured, or has a meaning here, of all that may be given. */
const kept = (parameters: Parameters): DatabaseTarget =>
  Object.fromEntries(
    Object.entries(parameters).filter(
      ([name]) => (name in OF_LIBPQ && !UNUSED.has(name)) || name === 'schema',
    ),
  )
/** What is at its usual value, or this tool's own. */
const UNUSED = new Set([
  ...['application_name', 'fallback_application_name', 'client_encoding', 'sslcompression', 'sslsni'],
  ...['keepalives', 'replication', 'gssdelegation', 'min_protocol_version', 'max_protocol_version'],
])

/** The strictest of what is asked for. */
const modeOf = ({
  sslmode,
  ssl,
  sslaccept,
  requiressl,
  sslrootcert,
}: Parameters): string | undefined | UrlMistake => {
  const named: Readonly<Record<string, string>> = {
    ...{ true: 'require', 1: 'require', false: 'disable', 0: 'disable', 'no-verify': 'require' },
  }
  const asked = [sslmode, ssl].flatMap((one) => (one === undefined ? [] : [named[one] ?? one]))
  if (new Set(asked).size > 1) return wrong('ssl', `=${ssl}, and sslmode=${sslmode} besides`)
  const mode = asked[0] ?? (requiressl === '1' ? 'require' : undefined)
  if (sslaccept === 'strict') return mode === 'disable' ? mode : 'verify-full'
  if (sslrootcert !== 'system') return mode
  // https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNECT-SSLROOTCERT
  if (mode !== undefined && mode !== 'verify-full')
    return wrong('sslmode', `=${mode}, and with sslrootcert=system it can be verify-full only`)
  return 'verify-full'
}

const wrongTogether = (target: DatabaseTarget): UrlMistake | undefined => {
  const { host = '', hostaddr = '', port = '', sslmode = 'prefer' } = target
  const lists = [host, hostaddr].filter(Boolean).map((list) => list.split(',').length)
  const places = lists[0] ?? 1
  if (lists.some((length) => length !== places))
    return wrong('hostaddr', ', which names another number of places than host')
  const ports = port.split(',')
  if (ports.length > 1 && ports.length !== places)
    return wrong('port', ', which names another number of places than host')
  if (ports.some((one) => one !== '' && !(/^\d+$/.test(one) && Number(one) >= 1 && Number(one) <= 65_535)))
    return wrong('port', ', which is a number from 1 to 65535')
  if (host.split(',').some((one) => one.startsWith('@')))
    return wrong('host', ', an abstract socket, which pg does not reach')
  if (target.sslnegotiation === 'direct' && ['disable', 'allow', 'prefer'].includes(sslmode))
    return wrong('sslnegotiation', `=direct, which wants sslmode=require or more, and it is ${sslmode}`)
  if (sslmode === 'verify-full' && host.split(',').includes(''))
    return wrong(
      'sslmode',
      '=verify-full, which compares the certificate with the name of a host, and there is none',
    )
  if (target.channel_binding === 'require' && sslmode === 'disable')
    return wrong('channel_binding', '=require, which wants TLS, and sslmode is disable')
  if (target.sslcert && !target.sslkey) return wrong('sslcert', ', and no sslkey')
  if (target.sslkey && !target.sslcert) return wrong('sslkey', ', and no sslcert')
  return undefined
}

/** The URL of another database on the same server. */
export const withDatabase = (value: string, database: string): string =>
  withoutParameters(value.trim(), (name) => name === 'dbname').replace(
    /^([a-z]+:\/\/[^/?#]*)(\/[^?#]*)?/i,
    `$1/${encodeURIComponent(database).replaceAll('$', '$$$$')}`,
  )

/** The URL with further options of its sessions, which libpq, pg and Prisma's engine all take from there. */
export const withOptions = (value: string, options: string): string => {
  const [before = '', query = ''] = value.trim().split('?', 2)
  const parameters = query.split('&').filter(Boolean)
  const own = parameters.find((one) => one.startsWith('options='))?.slice('options='.length)
  const others = parameters.filter((one) => !one.startsWith('options='))
  const all = [...(own ? [own] : []), encodeURIComponent(options)].join('%20')
  return `${before}?${[...others, `options=${all}`].join('&')}`
}

/** The URL of a database without what it says of encryption; any other text as it is. */
export const withoutTls = (value: string): string =>
  /^postgres(ql)?:\/\/[^?]*\?/i.test(value)
    ? withoutParameters(value, (name) => /^(ssl|requiressl|channel_binding|gssencmode)/.test(name))
    : value

const withoutParameters = (value: string, which: (name: string) => boolean): string => {
  const [before = '', query] = value.split('?', 2)
  if (query === undefined) return value
  const parameters = query.split('&').filter((one) => !which(one.split('=')[0]!))
  return parameters.length ? `${before}?${parameters.join('&')}` : before
}
