import { accessSync, constants, existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { DatabaseTarget, UrlMistake } from './database-url.ts'

/** What is about whoever connects. */
export interface Around {
  /** Of which HOME and those that lead to libpq's files count. */
  variables?: Readonly<Record<string, string | undefined>>
  /** Whether the commands of the environment run on this machine: what libpq takes by itself is looked for here. */
  here?: boolean
}

/** Where distributions keep the certificates that their users trust. */
const TRUSTED = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem',
]
/** Where a server has its socket, as distributions build libpq. */
export const SOCKET_FOLDERS = ['/var/run/postgresql', '/tmp']

const VERIFIES = ['verify-ca', 'verify-full']

/**
 * A target with the files that libpq takes where nothing else is said, named, so that this tool and its programs take the same;
 * a mistake where one that is named cannot be read: libpq would go on without some of them.
 */
export const withFiles = (target: DatabaseTarget, around: Around): DatabaseTarget | UrlMistake => {
  const host = target.host ?? (target.hostaddr ? undefined : defaultHost(target.port!, around))
  const placed = withPassword({ ...target, ...(host !== undefined && { host }) }, around)
  const whole = isOnlySockets(placed) ? placed : withTlsFiles(placed, around)
  if ('mistake' in whole) return whole
  for (const name of ['passfile', 'sslrootcert', 'sslcert', 'sslkey', 'sslcrl', 'sslcrldir'] as const) {
    const wrong = whole[name] === undefined ? undefined : unreadable(whole[name], name)
    if (wrong) return { mistake: `has the parameter ${name}, and ${whole[name]} ${wrong}` }
  }
  return whole
}

/** Where the URL has none; a child has none of the operator's variables. */
const withPassword = (target: DatabaseTarget, { variables = {}, here }: Around): DatabaseTarget => {
  const { PGPASSWORD, PGPASSFILE } = variables
  if (target.password) return target
  if (PGPASSWORD) return { ...target, password: PGPASSWORD }
  const isUsed = here && !target.passfile && PGPASSFILE && !unreadable(PGPASSFILE, 'passfile')
  return isUsed ? { ...target, passfile: PGPASSFILE } : target
}

const isOnlySockets = ({ host = '' }: DatabaseTarget): boolean =>
  host.split(',').every((one) => one.startsWith('/'))

const defaultHost = (port: string, { here }: Around): string => {
  const folder = here ? SOCKET_FOLDERS.find((one) => existsSync(join(one, `.s.PGSQL.${port}`))) : undefined
  return folder ?? 'localhost'
}

const withTlsFiles = (
  target: DatabaseTarget,
  { variables = {}, here }: Around,
): DatabaseTarget | UrlMistake => {
  const { sslmode = 'prefer', sslrootcert, sslcertmode } = target
  if (sslmode === 'disable') return target
  const ofUser = (name: string): string | undefined => {
    const path = variables.HOME && here ? join(variables.HOME, '.postgresql', name) : undefined
    return path !== undefined && existsSync(path) ? path : undefined
  }
  const found: DatabaseTarget = {}
  const verifies = VERIFIES.includes(sslmode)
  const root = sslrootcert === 'system' ? trusted(variables) : (sslrootcert ?? ofUser('root.crt'))
  if (root !== undefined && (verifies || sslmode === 'require')) found.sslrootcert = root
  else if (sslmode === 'verify-ca')
    return {
      mistake:
        'has the parameter sslmode=verify-ca, and no sslrootcert that a certificate could be held against',
      remedy:
        'add sslrootcert=/path/of/ca.crt, or take sslmode=verify-full, which also trusts what this machine trusts',
    }
  // As node-postgres and Prisma do; libpq alone would refuse.
  else if (verifies && here) Object.assign(found, maybe('sslrootcert', trusted(variables)))
  if (sslrootcert === 'system' && !found.sslrootcert)
    return {
      mistake:
        'has the parameter sslrootcert=system, and this machine has no file of certificates that it trusts',
    }
  if (found.sslrootcert || target.sslrootcert)
    Object.assign(
      found,
      maybe('sslcrl', target.sslcrl ?? (target.sslcrldir ? undefined : ofUser('root.crl'))),
    )
  if (sslcertmode !== 'disable' && !target.sslcert) {
    const [cert, key] = [ofUser('postgresql.crt'), ofUser('postgresql.key')]
    if (cert && key) Object.assign(found, { sslcert: cert, sslkey: key })
  }
  return { ...target, ...found }
}
const maybe = (name: string, value: string | undefined) => (value === undefined ? {} : { [name]: value })

/** A file, as every version of libpq can read it; `system` is known from 16 on only. */
const trusted = ({ SSL_CERT_FILE }: Readonly<Record<string, string | undefined>>): string | undefined =>
  [...(SSL_CERT_FILE ? [SSL_CERT_FILE] : []), ...TRUSTED].find((path) => existsSync(path))

/** Why a file is none for libpq. */
const unreadable = (path: string, name: string): string | undefined => {
  try {
    const { mode, uid } = statSync(path)
    if (name === 'sslcrldir') return void readdirSync(path)
    accessSync(path, constants.R_OK)
    // libpq passes such a file of passwords over, and refuses such a key unless root owns it.
    if (name === 'passfile' && mode & 0o077) return 'is open to others: chmod 600'
    if (name === 'sslkey' && mode & (uid === 0 ? 0o037 : 0o077)) return 'is open to others: chmod 600'
    return undefined
  } catch (error) {
    return `cannot be read (${(error as NodeJS.ErrnoException).code})`
  }
}
