// Sees to what the demo, the tests and the worlds need, in a fresh clone and on a bare machine: a Node that is new
// enough, the npm packages, git, PostgreSQL; with `tests` as an argument an sshd, too. Plain Node, since nothing is installed yet; silent when nothing is
// missing; its words go to stderr, because stdout may be somebody's JSON.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findPostgresBin } from '../examples/world/postgres-bin.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))

requireNode(20, 19)
installPackages()
installPrograms()

function requireNode(major, minor) {
  const [ours = 0, oursMinor = 0] = process.versions.node.split('.').map(Number)
  if (ours > major || (ours === major && oursMinor >= minor)) return
  giveUp(
    `Node ${major}.${minor} or newer is needed, this is ${process.versions.node}: https://nodejs.org/en/download`,
  )
}

function installPackages() {
  if (packagesAreInstalled()) return
  say('npm packages are missing or older than package-lock.json: npm ci')
  // `npm run --silent` would silence this npm too, and NODE_ENV=production would leave half of the packages out.
  const options = ['--include=dev', '--prefer-offline', '--loglevel=error']
  const clean = spawnSync('npm', ['ci', ...options], { cwd: root, stdio: 'ignore' })
  if (clean.status === 0) return
  // A registry that lacks the builds for other machines makes npm write a lock file that its own `npm ci` refuses.
  say('npm ci refuses; trying npm install, with the versions of package-lock.json')
  if (run(['npm', 'install', '--no-save', ...options], { cwd: root })) return
  giveUp('npm install failed, its words are above; mend that, then try again')
}

function packagesAreInstalled() {
  const installed = packagesIn(join(root, 'node_modules', '.package-lock.json'))
  const wanted = packagesIn(join(root, 'package-lock.json'))
  return Object.entries(wanted).every(([path, { version, optional, link }]) => {
    if (path === '' || link) return true
    // Optional ones are left out where they are for another kind of machine.
    return installed[path] ? installed[path].version === version : optional
  })
}

function packagesIn(file) {
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')).packages ?? {}) : {}
}

function installPrograms() {
  const missing = missingPrograms()
  if (missing.length === 0) return
  const names = missing.map(({ name }) => name).join(' and ')
  const byHand = `apt-get install ${missing.map(({ debian }) => debian).join(' ')}`
  if (process.env.PG_BIN && !findPostgresBin())
    giveUp(`PG_BIN is ${process.env.PG_BIN}, where PostgreSQL’s programs are not`)
  if (!isInPath('apt-get'))
    giveUp(`${names} missing: install with your system’s package manager, then try again`)
  const sudo = asRoot()
  if (!sudo) giveUp(`${names} missing, and only root may install: sudo ${byHand}`)
  say(`${names} missing: ${[...sudo, byHand].join(' ')}`)
  const wanted = missing.map(({ debian }) => debian)
  const done =
    aptGet(sudo, 'update') &&
    keepClustersAway(sudo, wanted) &&
    keepServersAway(sudo, wanted) &&
    aptGet(sudo, 'install', ...wanted)
  if (!done || missingPrograms().length > 0)
    giveUp(`that failed, its words are above; by hand: sudo ${byHand}`)
}

function missingPrograms() {
  const git = { name: 'git', debian: 'git', present: isInPath('git') }
  const postgres = {
    name: 'PostgreSQL’s server',
    debian: 'postgresql',
    present: findPostgresBin() !== undefined,
  }
  const ssh = { name: 'OpenSSH’s client', debian: 'openssh-client', present: isInPath('ssh') }
  const sshd = {
    name: 'OpenSSH’s server, which the tests start on a loopback port',
    debian: 'openssh-server',
    present: isInPath('sshd') || ['/usr/sbin/sshd', '/usr/local/sbin/sshd'].some((path) => existsSync(path)),
  }
  const streams = ['zstd', 'lz4'].map((name) => ({ name, debian: name, present: isInPath(name) }))
  const pooler = {
    name: 'PgBouncer, which the tests start on a loopback port',
    debian: 'pgbouncer',
    present: isInPath('pgbouncer') || existsSync('/usr/sbin/pgbouncer'),
  }
  const all = process.argv.includes('tests')
    ? [git, postgres, ssh, sshd, pooler, ...streams]
    : [git, postgres]
  return all.filter(({ present }) => !present)
}

// Debian's package makes a cluster and starts it, unless this file, which an earlier package brings, says otherwise.
function keepClustersAway(sudo, wanted) {
  if (!wanted.includes('postgresql')) return true
  const script =
    'f=/etc/postgresql-common/createcluster.conf; grep -q "^create_main_cluster" $f || echo "create_main_cluster = false" >> $f'
  return aptGet(sudo, 'install', 'postgresql-common') && run([...sudo, 'sh', '-c', script])
}

// Debian's packages start a server that others can reach; nobody has asked for that.
function keepServersAway(sudo, wanted) {
  const services = { 'openssh-server': ['ssh.service', 'ssh.socket'], pgbouncer: ['pgbouncer.service'] }
  const units = wanted.flatMap((name) => services[name] ?? []).join(' ')
  if (!units) return true
  const script = `d=/etc/systemd/system; mkdir -p $d && for unit in ${units}; do [ -e $d/$unit ] || ln -s /dev/null $d/$unit; done`
  say(`services of their own are kept from starting: systemctl unmask ${units} undoes that`)
  return run([...sudo, 'sh', '-c', script])
}

function aptGet(sudo, verb, ...packages) {
  const command = ['apt-get', '-y', '-qq', '--no-install-recommends', verb, ...packages]
  return run([...sudo, 'env', 'DEBIAN_FRONTEND=noninteractive', ...command])
}

/** What to put before a command to run it as root, or undefined where that would need a password. */
function asRoot() {
  if (process.getuid() === 0) return []
  const asks = !isInPath('sudo') || spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status !== 0
  return asks ? undefined : ['sudo', '-n']
}

/** Runs a command; its words are shown only when it fails. */
function run([file, ...args], options = {}) {
  const limits = { encoding: 'utf8', maxBuffer: 2 ** 28 }
  const { status, stdout, stderr, error } = spawnSync(file, args, {
    ...limits,
    ...options,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  if (status !== 0) console.error(error?.message ?? `${stdout}${stderr}`.trim())
  return status === 0
}

function isInPath(program) {
  const folders = (process.env.PATH ?? '').split(delimiter)
  return folders.some((folder) => existsSync(join(folder, program)))
}

function say(sentence) {
  console.error(`setup: ${sentence}`)
}

function giveUp(sentence) {
  say(sentence)
  process.exit(1)
}
