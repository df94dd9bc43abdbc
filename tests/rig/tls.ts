import { execFileSync } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { serverUser } from '../../examples/world/cluster.ts'

const openssl = (cwd: string, ...args: string[]) =>
  void execFileSync('openssl', args, { cwd, stdio: ['ignore', 'ignore', 'pipe'] })

/** An authority of certificates in a folder of its own. */
export const authority = (folder: string, name: string) => {
  mkdirSync(folder, { recursive: true })
  const at = (file: string) => join(folder, file)
  const usual = ['-newkey', 'rsa:2048', '-nodes']
  openssl(
    folder,
    ...[
      'req',
      '-x509',
      ...usual,
      '-days',
      '30',
      '-subj',
      `/CN=${name}`,
      '-keyout',
      'ca.key',
      '-out',
      'ca.crt',
    ],
    ...['-addext', 'basicConstraints=critical,CA:TRUE', '-addext', 'keyUsage=keyCertSign,cRLSign'],
  )
  writeFileSync(at('index.txt'), '')
  writeFileSync(at('index.txt.attr'), 'unique_subject = no\n')
  writeFileSync(
    at('ca.cnf'),
    `[ca]\ndefault_ca = own\n[own]\ndatabase = ${at('index.txt')}\ndefault_md = sha256\ndefault_crl_days = 30\n`,
  )
  const whole = ['ca', '-config', 'ca.cnf', '-keyfile', 'ca.key', '-cert', 'ca.crt']
  return {
    crt: at('ca.crt'),
    /** A certificate for a subject, with other names if it has any, such as `IP:127.0.0.1`. */
    certify: (file: string, subject: string, names?: string) => {
      openssl(
        folder,
        'req',
        ...usual,
        '-subj',
        `/CN=${subject}`,
        '-keyout',
        `${file}.key`,
        '-out',
        `${file}.csr`,
      )
      writeFileSync(at('names'), names ? `subjectAltName=${names}` : '')
      openssl(
        folder,
        ...['x509', '-req', '-in', `${file}.csr`, '-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial'],
        ...['-days', '30', '-extfile', 'names', '-out', `${file}.crt`],
      )
      chmodSync(at(`${file}.key`), 0o600)
      return { crt: at(`${file}.crt`), key: at(`${file}.key`) }
    },
    /** What it has called back so far, with `revoked` besides. */
    revocations: (file: string, revoked?: string) => {
      if (revoked) openssl(folder, ...whole, '-revoke', revoked)
      openssl(folder, ...whole, '-gencrl', '-out', file)
      return at(file)
    },
  }
}

/** A key that PostgreSQL's server takes: its own. */
export const givenToServer = (path: string): string => {
  const { uid, gid } = serverUser()
  if (uid !== undefined) chownSync(path, uid, gid!)
  return path
}
