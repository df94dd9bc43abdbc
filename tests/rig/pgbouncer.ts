import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { urlOf } from '../../examples/world/databases.ts'
import { freePort } from '../../examples/world/ports.ts'
import { until } from './command-line.ts'
import type { freshDatabase } from './postgres.ts'

const program = existsSync('/usr/sbin/pgbouncer') ? '/usr/sbin/pgbouncer' : 'pgbouncer'

/** The real pooler in front of a database, with the lines of its configuration that matter. */
export const startPooler = async (
  { port: server, role, database }: Awaited<ReturnType<typeof freshDatabase>>,
  settings: Record<string, string>,
  /** Of several behind one port (`so_reuseport`) each has a pool of its own. */
  processes = 1,
) => {
  const folder = await mkdtemp(join(tmpdir(), 'runbook-pgbouncer-'))
  const port = await freePort()
  const users = join(folder, 'users')
  const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`
  await writeFile(users, `${quoted(role.name)} ${quoted(role.password)}\n`)
  const lines = {
    listen_addr: '127.0.0.1',
    listen_port: String(port),
    unix_socket_dir: '',
    auth_type: 'scram-sha-256',
    auth_file: users,
    ...settings,
  }
  const ini = join(folder, 'ini')
  await writeFile(
    ini,
    [
      '[databases]',
      `* = host=127.0.0.1 port=${server}`,
      '[pgbouncer]',
      ...Object.entries(lines).map(([name, value]) => `${name} = ${value}`),
      '',
    ].join('\n'),
  )
  for (const path of [folder, users, ini]) await chmod(path, 0o755)
  // It refuses to run as root.
  const asNobody = process.getuid?.() === 0 ? ['-u', 'nobody'] : []
  let said = ''
  const children = Array.from({ length: processes }, () => {
    const child = spawn(program, ['-q', ...asNobody, ini], { stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text) => (said += text))
    return child
  })
  const answers = () =>
    new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false))
      socket.on('close', () => {}).end()
    })
  const stop = async () => {
    for (const child of children) {
      const ended = new Promise((resolve) => child.once('close', resolve))
      if (child.exitCode === null && child.kill('SIGKILL')) await ended
    }
    await rm(folder, { recursive: true, force: true })
  }
  await until(async () => {
    if (children.some(({ exitCode }) => exitCode !== null))
      throw new Error(`pgbouncer did not start: ${said}`)
    return answers()
  }, 'pgbouncer').catch(async (error) => {
    await stop()
    throw error
  })
  return { url: urlOf(role, port, database), port, stop }
}
