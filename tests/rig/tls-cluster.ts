import { chmodSync, copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startCluster } from '../../examples/world/cluster.ts'
import { connected } from '../../examples/world/databases.ts'
import { authority, givenToServer } from './tls.ts'

/** Of every role; the roles differ in how they may come (pg_hba.conf, below). */
const PASSWORD = 'a word'
const ROLES = ['app', 'certified', 'encrypted', 'plain', 'trusted', 'cleartext']

/**
 * A PostgreSQL server with a socket and with TLS: its certificate, for 127.0.0.1 and db.test, is signed by an authority of its
 * own. `files` has the paths of that (`ca`), of another (`foreign`), of a client's certificate and key, and of what was called
 * back: nothing (`none`), or the server's (`revoked`).
 */
export const tlsCluster = async () => {
  const folder = mkdtempSync(join(tmpdir(), 'runbook-tls-'))
  const sockets = mkdtempSync('/tmp/runbook-sockets-')
  const [own, foreign] = [
    authority(join(folder, 'own'), 'own'),
    authority(join(folder, 'foreign'), 'foreign'),
  ]
  const server = own.certify('server', 'db.test', 'IP:127.0.0.1,DNS:db.test')
  const client = own.certify('client', 'certified')
  const none = own.revocations('none.crl')
  const revoked = own.revocations('revoked.crl', server.crt)
  const files = { ca: own.crt, foreign: foreign.crt, crt: client.crt, key: client.key, none, revoked }
  for (const path of [folder, sockets, join(folder, 'own')]) chmodSync(path, 0o755)
  givenToServer(sockets)
  for (const path of Object.values(server)) copyFileSync(path, join(sockets, path.split('/').at(-1)!))
  const settings = {
    unix_socket_directories: sockets,
    ssl: 'on',
    ssl_ca_file: own.crt,
    ssl_cert_file: join(sockets, 'server.crt'),
    ssl_key_file: givenToServer(join(sockets, 'server.key')),
  }
  const cluster = await startCluster({ dir: join(folder, 'cluster'), settings })
  const rules = [
    'hostssl all certified all cert',
    'hostnossl all certified all reject',
    'hostssl all encrypted all scram-sha-256',
    'hostnossl all plain all scram-sha-256',
    'host all trusted all trust',
    'host all cleartext all password',
    'host replication all all scram-sha-256',
    'host all app all scram-sha-256',
    'host all postgres all scram-sha-256',
    'local all all scram-sha-256',
  ]
  writeFileSync(join(cluster.home, 'data/pg_hba.conf'), rules.join('\n'))
  await cluster.restart()
  await connected(cluster.adminUrl, async (admin) => {
    for (const role of ROLES) await admin.query(`CREATE ROLE ${role} LOGIN CREATEDB PASSWORD '${PASSWORD}'`)
    await admin.query('CREATE DATABASE shop OWNER app')
  })
  return {
    cluster,
    folder,
    sockets,
    files,
    stop: async () => {
      await cluster.stop()
      for (const path of [folder, sockets]) rmSync(path, { recursive: true, force: true })
    },
  }
}
