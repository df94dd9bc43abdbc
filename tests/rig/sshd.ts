import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

interface Account {
  name: string
  uid: number
  gid: number
}
export interface SshdOptions {
  /** Who is logged in to: an unprivileged account, or who runs the tests. Default: unprivileged. */
  as?: 'unprivileged' | 'self'
  /** The environment of a session over there. */
  session?: Record<string, string>
}

/**
 * A real sshd on a loopback port with keys of its own, and a folder with an `ssh` that knows how to get there: first in
 * PATH, it is what the tool finds. Nothing of whoever runs the tests is read.
 */
export const sshd = async ({ as = 'unprivileged', session = {} }: SshdOptions = {}) => {
  // Its folders must be closed to others, and open to the account.
  const home = mkdtempSync(join(tmpdir(), 'runbook sshd '))
  const there = join(home, 'there')
  const state = join(there, 'state')
  const bin = join(home, 'bin')
  for (const folder of [there, state, bin]) mkdirSync(folder)
  const account = accountFor(as)
  const key = (name: string) => {
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', join(home, name)])
    return readFileSync(join(home, `${name}.pub`), 'utf8')
  }
  const hostKey = key('host-key')
  writeFileSync(join(there, 'authorized'), key('operator'))
  const own = (path: string) => chownSync(path, account.uid, account.gid)
  for (const path of [there, state, join(there, 'authorized'), join(home, 'host-key')]) own(path)
  chmodSync(home, 0o755)
  const port = await freePort()
  const config = join(home, 'sshd_config')
  // The shell of a session reads what it finds in HOME before each command.
  const variables = { HOME: there, XDG_STATE_HOME: state, ...session }
  writeFileSync(
    config,
    [
      `Port ${port}`,
      'ListenAddress 127.0.0.1',
      `HostKey "${join(home, 'host-key')}"`,
      `AuthorizedKeysFile "${join(there, 'authorized')}"`,
      'UsePAM no',
      'StrictModes no',
      'PasswordAuthentication no',
      'KbdInteractiveAuthentication no',
      'PermitRootLogin prohibit-password',
      'PidFile none',
      'MaxSessions 50',
      'MaxStartups 100',
      `SetEnv ${Object.entries(variables)
        .map(([name, value]) => `"${name}=${value}"`)
        .join(' ')}`,
      '',
    ].join('\n'),
  )
  const known = join(home, 'known_hosts')
  const trust = (publicKey = hostKey) =>
    writeFileSync(known, `[127.0.0.1]:${port} ${publicKey.split(' ').slice(0, 2).join(' ')}\n`)
  trust()
  const client = join(home, 'ssh_config')
  writeFileSync(
    client,
    [
      'Host server',
      '  HostName 127.0.0.1',
      `  Port ${port}`,
      `  User ${account.name}`,
      `  IdentityFile "${join(home, 'operator')}"`,
      '  IdentitiesOnly yes',
      '  IdentityAgent none',
      `  UserKnownHostsFile "${known}"`,
      '  GlobalKnownHostsFile /dev/null',
      '',
    ].join('\n'),
  )
  const real = execFileSync('sh', ['-c', 'command -v ssh'], { encoding: 'utf8' }).trim()
  writeFileSync(join(bin, 'ssh'), `#!/bin/sh\nexec '${real}' -F '${client}' "$@"\n`, { mode: 0o755 })

  let server: ReturnType<typeof spawn> | undefined
  const start = async () => {
    if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 })
    const log = join(home, 'log')
    rmSync(log, { force: true })
    const identity = account.uid === process.getuid?.() ? {} : { uid: account.uid, gid: account.gid }
    server = spawn(sshdProgram(), ['-D', '-e', '-f', config], {
      ...identity,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    server.stderr!.on('data', (chunk) => writeFileSync(log, chunk, { flag: 'a' }))
    for (
      let left = 200;
      !(existsSync(log) && readFileSync(log, 'utf8').includes('Server listening'));
      left -= 1
    ) {
      if (left === 0 || server.exitCode !== null)
        throw new Error(`sshd does not start: ${existsSync(log) ? readFileSync(log, 'utf8') : ''}`)
      await sleep(20)
    }
  }
  /** As if the machine had lost its network: no new connection, and those that stand break. */
  const vanish = async () => {
    const standing = connections()
    await stop()
    breakOff(standing)
  }
  /** No new connections; those that stand go on. */
  const stop = async () => {
    if (!server || server.exitCode !== null || server.signalCode !== null) return
    server.kill('SIGKILL')
    await once(server, 'exit')
  }
  /** Breaks every connection, as a network would: nobody is told why. */
  const cut = () => {
    breakOff(connections())
  }
  /** A group of processes for each, of which one is the privileged one's child. */
  const breakOff = (pids: number[]) => {
    for (const pid of pids)
      try {
        process.kill(-pid, 'SIGKILL')
      } catch {}
  }
  /** sshd makes a process for each connection. */
  const connections = (): number[] =>
    execFileSync('ps', ['-eo', 'pid=,ppid='], { encoding: 'utf8' })
      .trim()
      .split('\n')
      .map((line) => line.trim().split(/\s+/).map(Number))
      .filter(([, parent]) => parent === server?.pid)
      .map(([pid]) => pid!)
  await start()
  return {
    host: `${account.name}@server`,
    account,
    home,
    /** A folder of the account's. */
    there,
    /** Where the far side keeps what runs. */
    kept: join(state, 'runbook'),
    /** The program `ssh` that knows the way. */
    client: join(bin, 'ssh'),
    /** What the tool is called with. */
    variables: { PATH: `${bin}${delimiter}${process.env.PATH}` },
    port,
    trust,
    newKey: () => key(`another-${Math.random().toString(36).slice(2)}`),
    forgetOperator: () => writeFileSync(join(there, 'authorized'), ''),
    distrust: () => writeFileSync(known, ''),
    own,
    start,
    stop,
    vanish,
    cut,
    connections,
    dispose: async () => {
      await vanish()
      rmSync(home, { recursive: true, force: true })
    },
  }
}

const sshdProgram = (): string =>
  ['/usr/sbin/sshd', '/usr/local/sbin/sshd'].find((path) => existsSync(path)) ?? 'sshd'

/** An unprivileged sshd can log in only who runs it; root takes an account that may log in, such as PostgreSQL's. */
const accountFor = (as: 'unprivileged' | 'self'): Account => {
  const { username, uid, gid } = userInfo()
  if (uid !== 0 || as === 'self') return { name: username, uid, gid }
  const accounts = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .filter(([, , id, , , , shell]) => Number(id) > 0 && /\/(ba|da|z)?sh$/.test(shell ?? ''))
  const [name, , id, group] = accounts.find(([name]) => name === 'postgres') ?? accounts[0] ?? []
  if (!name) throw new Error('no unprivileged account can log in here')
  return { name, uid: Number(id), gid: Number(group) }
}

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
