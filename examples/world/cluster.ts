import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { appendFile, chown, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { freePort } from './ports.ts'
import { findPostgresBin } from './postgres-bin.mjs'
import { end, findProcesses, identify, inspect, type ProcessId } from './processes.ts'
import { envWithout, run } from './run.ts'

export type Cluster = {
  /** The folder with `data/` and `log`: the one that was asked for, or a temporary one (see `placeCluster`). */
  home: string
  /** The folder of initdb, psql, pg_dump and the others. */
  bin: string
  port: number
  process: ProcessId
  superuserPassword: string
  /** Of the superuser `postgres`, to the database `postgres`. */
  adminUrl: string
  stop(): Promise<void>
  /** `immediate`: as after a power cut of the server, without a word to anybody. */
  restart(mode?: 'fast' | 'immediate'): Promise<void>
}

export type ClusterOptions = {
  dir: string
  superuserPassword?: string
  /** Further lines of postgresql.conf, such as `log_statement: 'all'`. */
  settings?: Record<string, string>
  signal?: AbortSignal | undefined
}

const settings = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '60',
  // Nobody misses this data after a power cut.
  fsync: 'off',
  full_page_writes: 'off',
  synchronous_commit: 'off',
}

/** A throwaway PostgreSQL server with passwords (scram-sha-256) on a free port of 127.0.0.1. */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const { superuserPassword = randomBytes(12).toString('hex'), signal } = options
  const bin = findPostgresBin()
  if (!bin)
    throw new Error('PostgreSQL’s programs are not there: install them, or name their folder in PG_BIN')
  const home = await placeCluster(options.dir)
  const asOwner = { ...serverUser(), env: { ...envWithout('PG', 'LC_'), LC_ALL: 'C' } }
  const data = join(home, 'data')
  const passwordFile = join(home, 'password')
  await writeFile(passwordFile, superuserPassword, { mode: 0o600 })
  await giveAway(passwordFile)
  const login = ['--username', 'postgres', '--auth', 'scram-sha-256', '--pwfile', passwordFile]
  const text = ['--encoding', 'UTF8', '--locale', 'C', '--no-sync']
  await run([join(bin, 'initdb'), '--pgdata', data, ...login, ...text], { ...asOwner, signal })
  await rm(passwordFile)
  await appendFile(join(data, 'postgresql.conf'), toLines({ ...settings, ...options.settings }))

  const port = await listen(home, (port) => {
    // Not to be interrupted: the server would come up after its starter is gone.
    const start = [
      '-D',
      data,
      '-l',
      join(home, 'log'),
      '-w',
      '-t',
      '60',
      '-o',
      `-p ${port}`,
      'start',
    ] as const
    return run([join(bin, 'pg_ctl'), ...start], asOwner)
  })
  const adminUrl = `postgresql://postgres:${encodeURIComponent(superuserPassword)}@127.0.0.1:${port}/postgres`
  const postmaster = postmasterOf(home)
  if (!postmaster)
    throw new Error(`PostgreSQL in ${home} was started, and ended at once: see ${join(home, 'log')}`)
  const restart = async (mode: 'fast' | 'immediate' = 'fast') => {
    const again = [
      '-D',
      data,
      '-l',
      join(home, 'log'),
      '-w',
      '-m',
      mode,
      '-o',
      `-p ${port}`,
      'restart',
    ] as const
    await run([join(bin, 'pg_ctl'), ...again], asOwner)
  }
  const stop = () => stopCluster(home)
  return { home, bin, port, process: postmaster, superuserPassword, adminUrl, stop, restart }
}

/**
 * Makes the folder that a cluster will live in. PostgreSQL refuses root, so root's cluster belongs to the user
 * `postgres` or `nobody`; where that user cannot reach `dir`, a temporary folder is made instead.
 */
export async function placeCluster(dir: string): Promise<string> {
  const home = resolve(dir)
  await mkdir(home, { recursive: true })
  await giveAway(home)
  const reachable = await run(['test', '-w', home, '-a', '-x', home], serverUser()).then(
    () => true,
    () => false,
  )
  if (reachable) return home
  const elsewhere = await mkdtemp(join(process.getuid?.() === 0 ? '/tmp' : tmpdir(), 'runbook-postgres-'))
  await giveAway(elsewhere)
  return elsewhere
}

/** Ends the server of this folder and what it left running; nothing happens where none runs. */
export async function stopCluster(home: string): Promise<void> {
  const postmaster = postmasterOf(home)
  // SIGINT is a fast shutdown, SIGQUIT an immediate one.
  if (postmaster)
    await end(
      [postmaster],
      [
        ['SIGINT', 5000],
        ['SIGQUIT', 5000],
        ['SIGKILL', 5000],
      ],
    )
  await end(findProcesses((pid) => worksIn(pid, home)))
}

async function listen(home: string, start: (port: number) => Promise<string>): Promise<number> {
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort()
    try {
      await start(port)
      return port
    } catch (error) {
      const log = await readFile(join(home, 'log'), 'utf8').catch(() => '')
      if (attempt < 10 && /could not create any TCP\/IP sockets/.test(log)) {
        await rm(join(home, 'log'), { force: true })
        continue
      }
      throw new Error(`${error instanceof Error ? error.message : error}\n${log}`)
    }
  }
}

// The number in postmaster.pid may meanwhile be somebody else's: the real one works in the data folder.
function postmasterOf(home: string): ProcessId | undefined {
  const file = join(home, 'data', 'postmaster.pid')
  const pid = existsSync(file) ? Number(readFileSync(file, 'utf8').split('\n')[0]) : 0
  const ours = pid > 0 && (process.platform !== 'linux' || worksIn(pid, home))
  return ours ? identify(pid) : undefined
}

function worksIn(pid: number, home: string): boolean {
  const data = join(home, 'data')
  return inspect.name(pid) === 'postgres' && existsSync(data) && inspect.cwd(pid) === realpathSync(data)
}

export function serverUser(): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {}
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((line) => line.startsWith('postgres:'))
  const [, , uid, gid] = line?.split(':') ?? []
  return { uid: Number(uid ?? 65534), gid: Number(gid ?? 65534) }
}

async function giveAway(path: string): Promise<void> {
  const { uid, gid } = serverUser()
  if (uid !== undefined && gid !== undefined) await chown(path, uid, gid)
}

function toLines(values: Record<string, string>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name} = '${value.replaceAll("'", "''")}'\n`)
    .join('')
}
