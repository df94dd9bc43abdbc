import { readdir, readFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import { join } from 'node:path'
import {
  type ConnectionOptions,
  checkServerIdentity,
  type PeerCertificate,
  type SecureVersion,
} from 'node:tls'
import type { DatabaseTarget } from './database-url.ts'

/**
 * How a connection is encrypted, in its order of trying; `verified` is with the check that the URL asks for
 * (https://www.postgresql.org/docs/current/libpq-ssl.html#LIBPQ-SSL-PROTECTION). A socket is not.
 */
export const encryptionsOf = ({ sslmode = 'prefer' }: DatabaseTarget, host: string): ('plain' | 'tls')[] => {
  if (host.startsWith('/') || sslmode === 'disable') return ['plain']
  if (sslmode === 'allow') return ['plain', 'tls']
  return sslmode === 'prefer' ? ['tls', 'plain'] : ['tls']
}

/** Whether the server's certificate is held against one that is trusted; with `require` where a file of them is there, as libpq does. */
const isVerified = ({ sslmode = 'prefer', sslrootcert }: DatabaseTarget): boolean =>
  sslmode.startsWith('verify') || (sslmode === 'require' && sslrootcert !== undefined)

/** What Node's TLS is given; `host`: as the URL has it, whatever leads there. Throws where a file cannot be read. */
export const tlsOf = async (target: DatabaseTarget, host: string): Promise<ConnectionOptions> => {
  const { sslmode, sslcertmode } = target
  const verified = isVerified(target)
  const [ca, crl, cert, key] = await Promise.all([
    verified ? fileOf(target.sslrootcert) : undefined,
    verified ? revocationsOf(target) : undefined,
    sslcertmode === 'disable' ? undefined : fileOf(target.sslcert),
    sslcertmode === 'disable' ? undefined : fileOf(target.sslkey),
  ])
  return {
    rejectUnauthorized: verified,
    checkServerIdentity: (_: string, certificate: PeerCertificate) =>
      sslmode === 'verify-full' ? checkServerIdentity(host, certificate) : undefined,
    ...(!isIP(host) && { servername: host }),
    ...(ca && { ca }),
    ...(crl?.length && { crl }),
    ...(cert && { cert }),
    ...(key && { key }),
    minVersion: (target.ssl_min_protocol_version ?? 'TLSv1.2') as SecureVersion,
    ...(target.ssl_max_protocol_version && {
      maxVersion: target.ssl_max_protocol_version as SecureVersion,
    }),
  }
}

const fileOf = (path: string | undefined): Promise<Buffer> | undefined =>
  path === undefined ? undefined : readFile(path)

const revocationsOf = async ({ sslcrl, sslcrldir }: DatabaseTarget): Promise<Buffer[]> => {
  const inFolder = sslcrldir ? (await readdir(sslcrldir)).map((name) => join(sslcrldir, name)) : []
  return Promise.all([...(sslcrl ? [sslcrl] : []), ...inFolder].map((path) => readFile(path)))
}
