import { lookup } from 'node:dns/promises'
import { chmod, lstat, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { connect, createServer, isIP, isIPv6, type Server, type Socket } from 'node:net'
import { networkInterfaces, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { unshares } from '../model/closed-network.ts'
import { shellWord } from '../model/shell-word.ts'
import { type GateOptions, letThrough } from './copy-gate.ts'
import { withoutTls } from './database-url.ts'
import { listeningSockets } from './listening-sockets.ts'

export interface ClosedOptions extends Omit<GateOptions, 'refused'> {
  asUser: boolean
  /** Where the live server says it is itself, which need not be what its URL says. */
  seenAt?: { host: string; port: number }
  /** Searched for sockets too. */
  appDir: string
}

/**
 * A network in which nothing is but a copy of the database, at every address that the live one has. Each command gets one
 * of its own (unshare(1)): no host, no other port, no socket in the file system leads out of it. What connects is handed
 * on, by a socket of this process, to the server of the copy.
 */
export class ClosedNetwork {
  readonly #noticed = new Set<string>()
  readonly #clients = new Set<Socket>()
  private constructor(
    private readonly folder: string,
    private readonly options: ClosedOptions,
    private readonly servers: Server[],
  ) {}

  static async open(options: ClosedOptions): Promise<ClosedNetwork> {
    await removeLeftovers().catch(() => {})
    const folder = await mkdtemp(join(placeOfFolders(), PREFIX))
    const servers: Server[] = []
    const closed = new ClosedNetwork(folder, options, servers)
    try {
      const addresses = await addressesOf(options)
      const names = namesOf(options)
      await writeFile(
        join(folder, 'inside.json'),
        JSON.stringify({ listen: listensAt(addresses), as: asOf(options) }),
      )
      for (const layer of ['upper', 'work']) await mkdir(join(folder, layer))
      await writeFile(join(folder, 'resolv.conf'), 'nameserver 127.0.0.1\noptions attempts:1 timeout:5\n')
      await writeFile(join(folder, 'setup.sh'), await setUp(folder, addresses, options))
      servers.push(
        await closed.#listen('copy', (client) => {
          void letThrough(client, { ...options, refused: (what) => closed.#noticed.add(what) })
        }),
        await closed.#listen('control', (client) => closed.#answerNames(client, names, addresses)),
      )
      return closed
    } catch (error) {
      await closed.close()
      throw error
    }
  }

  /** What runs a command in here. It ends, with everything that it has started, when this process does. */
  argv(argv: readonly string[]): [string, ...string[]] {
    return [...unshares(this.options.asUser), 'sh', join(this.folder, 'setup.sh'), ...argv]
  }

  /** Its variables, which may insist on TLS: in here there is none, and nobody who could listen. */
  variables(all: Variables): Variables {
    return Object.fromEntries(
      Object.entries(all).flatMap(([name, value]) => {
        if (name === 'PGSSLMODE') return [[name, 'prefer']]
        // With these libpq would go on only over TLS.
        return /^PG(SSL|CHANNELBINDING$|GSSENCMODE$)/.test(name) ? [] : [[name, value && withoutTls(value)]]
      }),
    )
  }

  /** What a command wanted and did not get, since this was asked last. */
  noticed(): string[] {
    const all = [...this.#noticed]
    this.#noticed.clear()
    return all
  }

  async close(): Promise<void> {
    for (const client of this.#clients) client.destroy()
    await Promise.all(this.servers.map((server) => new Promise((resolve) => server.close(resolve))))
    await removeFolder(this.folder)
  }

  async #listen(name: string, serve: (client: Socket) => void): Promise<Server> {
    const server = createServer((client) => {
      this.#clients.add(client)
      client.on('error', () => {}).on('close', () => this.#clients.delete(client))
      serve(client)
    })
    await new Promise<void>((resolve, reject) => {
      server.on('error', reject).listen(join(this.folder, name), resolve)
    })
    return server
  }

  /** A name leads to the addresses that it has outside; the live host's to all of them that it had when this began. */
  #answerNames(client: Socket, names: ReadonlySet<string>, all: Addresses): void {
    createInterface({ input: client }).on('line', async (line) => {
      const { id, name } = questionIn(line)
      // A program inside may write whatever it likes.
      if (name === undefined) return void client.destroy()
      const addresses = names.has(name.toLowerCase()) && all.named.length ? all.named : await lookedUp(name)
      if (!addresses.some((address) => all.own.has(address) || all.named.includes(address)))
        this.#noticed.add(`${name} is not the host of the database: nothing but the copy can be reached`)
      if (!client.destroyed) client.write(`${JSON.stringify({ id, addresses })}\n`)
    })
  }
}

const questionIn = (line: string): { id?: unknown; name?: string } => {
  try {
    const { id, name } = JSON.parse(line)
    return typeof name === 'string' ? { id, name } : {}
  } catch {
    return {}
  }
}

type Variables = Readonly<Record<string, string | undefined>>

/** The path of a socket may have 107 bytes. */
const placeOfFolders = (): string => (tmpdir().length < 70 ? tmpdir() : '/tmp')
const PREFIX = 'runbook-closed-'

/** Of processes that were killed: whose socket nobody holds any more. */
const removeLeftovers = async (): Promise<void> => {
  for (const name of await readdir(placeOfFolders())) {
    if (!name.startsWith(PREFIX)) continue
    const folder = join(placeOfFolders(), name)
    if ((await isDead(join(folder, 'control'))) || (await isUnborn(folder))) await removeFolder(folder)
  }
}
/** The kernel takes all rights on a folder of an overlay away. */
const removeFolder = async (folder: string): Promise<void> => {
  await chmod(join(folder, 'work/work'), 0o700).catch(() => {})
  await rm(folder, { recursive: true, force: true })
}
const isDead = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(path)
      .on('connect', () => {
        socket.destroy()
        resolve(false)
      })
      .on('error', ({ code }: NodeJS.ErrnoException) => resolve(code === 'ECONNREFUSED'))
  })

/** Killed before its socket was there, which takes less than a second. */
const isUnborn = async (folder: string): Promise<boolean> => {
  const [control, { mtimeMs }] = await Promise.all([
    lstat(join(folder, 'control')).catch(() => undefined),
    lstat(folder).catch(() => ({ mtimeMs: Number.POSITIVE_INFINITY })),
  ])
  return control === undefined && Date.now() - mtimeMs > 600_000
}

interface Addresses {
  /** Of the hosts that lead to the live database, and to the copy, by a name or as they are. */
  named: string[]
  /** This machine's; empty where the live database is on another. */
  own: Set<string>
  ports: Set<number>
}

const addressesOf = async ({ live, copy, seenAt }: ClosedOptions): Promise<Addresses> => {
  const hosts = [live.host, live.hostaddr, copy.host, copy.hostaddr].filter(
    (host) => host !== undefined && !host.startsWith('/'),
  )
  const named = [...new Set((await Promise.all(hosts.map((host) => lookedUp(host!)))).flat())]
  const reached = [...named, ...(seenAt ? [seenAt.host] : [])]
  const mine = Object.values(networkInterfaces()).flatMap((each) =>
    (each ?? []).map(({ address }) => address),
  )
  const isHere = live.host?.startsWith('/') || reached.some((one) => mine.includes(one) || isLoopback(one))
  return {
    named: [...new Set(reached)],
    own: new Set(isHere ? [...mine, '127.0.0.1', '::1'] : []),
    ports: new Set([live, copy].map(({ port }) => Number(port ?? 5432)).concat(seenAt?.port ?? [])),
  }
}
const isLoopback = (address: string): boolean => /^(127\.|::1$)/.test(address)

const lookedUp = async (name: string): Promise<string[]> =>
  (await lookup(name, { all: true }).catch(() => [])).map(({ address }) => address.replace(/%.*$/, ''))

const namesOf = ({ live, copy }: ClosedOptions): Set<string> =>
  new Set([live.host, copy.host].flatMap((host) => (host && !isIP(host) ? [host.toLowerCase()] : [])))

/** A server of this machine may be reached by any of its addresses. */
const listensAt = ({ named, own, ports }: Addresses): { host: string; port: number }[] => {
  const hosts = own.size ? ['0.0.0.0', '::'] : named
  return [...ports].flatMap((port) => hosts.map((host) => ({ host, port })))
}

/** By a user namespace a command would take itself for root, and could undo what closes it in. */
const asOf = ({ asUser }: ClosedOptions): string[] =>
  asUser
    ? ['unshare', '--user', `--map-user=${process.getuid!()}`, `--map-group=${process.getgid!()}`, '--']
    : []

/** Makes the network, takes the sockets of all daemons away, and hands over to the first process in there. */
const setUp = async (folder: string, addresses: Addresses, options: ClosedOptions): Promise<string> => {
  const { own, named, ports } = addresses
  const own4 = [...named, ...own].filter((one) => !isLoopback(one) && isIP(one))
  const sockets = (await listeningSockets(options.appDir)).filter((path) => !path.startsWith(folder))
  const ofCopy = socketsOfCopy(options, ports)
  return [
    'set -e',
    'path=$PATH; PATH=$PATH:/usr/sbin:/sbin',
    'ip link set lo up',
    ...[...new Set(own4)].map((one) =>
      isIPv6(one)
        ? `ip address add ${one}/128 dev lo nodad 2>/dev/null || :`
        : `ip address add ${one}/32 dev lo`,
    ),
    `[ ! -e /etc/resolv.conf ] || mount --bind ${shellWord(join(folder, 'resolv.conf'))} /etc/resolv.conf`,
    ...laidOver(options.appDir, folder),
    // What has gone since then cannot be reached, nor can what is in a folder that may not be entered. It may also go between
    // the look and the mount, such as that of another rehearsal.
    'over() { [ ! -S "$2" ] || mount --bind "$1" "$2" 2>/dev/null || [ ! -S "$2" ] || mount --bind "$1" "$2"; }',
    ...sockets.map((path) => {
      const leads = ofCopy.has(path) ? join(folder, 'copy') : '/dev/null'
      return `over ${shellWord(leads)} ${shellWord(path)}`
    }),
    // Anew, or it would stand in what lies below.
    'cd "$PWD"',
    'PATH=$path RUNBOOK_NODE_OPTIONS=$NODE_OPTIONS NODE_OPTIONS=',
    'export PATH RUNBOOK_NODE_OPTIONS NODE_OPTIONS',
    `exec ${[process.execPath, INSIDE, folder, '--'].map(shellWord).join(' ')} "$@"`,
    '',
  ].join('\n')
}

/**
 * What is written into the folder of the application that is live goes to another, which goes with the rehearsal: its
 * packages are lent to the code that is to come. Where that cannot be had, the folder can be read only.
 */
const laidOver = (appDir: string, folder: string): string[] => {
  const app = shellWord(appDir)
  const layers = `lowerdir=${appDir},upperdir=${folder}/upper,workdir=${folder}/work`
  // What separates these options cannot stand in them.
  const overlay = /[,:\\"]/.test(appDir + folder)
    ? 'false'
    : `mount -t overlay overlay -o ${shellWord(layers)} ${app} 2>/dev/null || mount -t overlay overlay -o ${shellWord(`${layers},userxattr`)} ${app} 2>/dev/null`
  return [
    `if [ -d ${app} ]; then`,
    `  ${overlay} || { mount --bind ${app} ${app} && mount -o remount,bind,ro ${app}; }`,
    'fi',
  ]
}

/** Where the socket of the live server is, if it has one: in a folder that its URL names, or where servers usually have it. */
const socketsOfCopy = ({ live, copy }: ClosedOptions, ports: ReadonlySet<number>): Set<string> => {
  const folders = [live.host, copy.host].filter((host) => host?.startsWith('/'))
  return new Set(
    ['/var/run/postgresql', '/run/postgresql', '/tmp', ...folders].flatMap((folder) =>
      [...ports].map((port) => join(folder!, `.s.PGSQL.${port}`)),
    ),
  )
}

/** Beside this file, in the source as in the package. */
const INSIDE = join(dirname(fileURLToPath(import.meta.url)), 'inside-closed-network.mjs')
