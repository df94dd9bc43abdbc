import { mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { end, findProcesses, inspect, type ProcessId } from './processes.ts'
import { run } from './run.ts'

// pm2 is AGPL: its command line is run, its code never imported.
const program = fileURLToPath(new URL('../../node_modules/pm2/bin/pm2', import.meta.url))

/** pm2's private home: in the world, or, where its sockets' paths would pass the kernel's limit, a temporary one. */
export async function placePm2(dir: string): Promise<string> {
  const home = join(dir, 'pm2')
  if (Buffer.byteLength(join(home, 'pub.sock')) > 100) return mkdtemp(join(tmpdir(), 'runbook-pm2-'))
  await mkdir(home)
  return home
}

/** Writes a `pm2` into the folder that knows the world's home, whatever PM2_HOME says. */
export async function writePm2(bin: string, home: string): Promise<string> {
  const settings = `PM2_HOME=${quote(home)} PM2_DISABLE_VERSION_CHECK=true`
  const script = `#!/bin/sh\n# The pm2 of this world.\n${settings} exec ${quote(process.execPath)} ${quote(program)} "$@"\n`
  await mkdir(bin, { recursive: true })
  await writeFile(join(bin, 'pm2'), script, { mode: 0o755 })
  return join(bin, 'pm2')
}

/** Starts one program of an ecosystem file. */
export async function startProgram(pm2: string, ecosystem: string, name: string): Promise<void> {
  await run([pm2, '--silent', 'start', ecosystem, '--only', name], {
    cwd: dirname(ecosystem),
    env: plainEnv(),
  })
}

/** Takes a program off pm2's list. */
export async function deleteProgram(pm2: string, name: string): Promise<void> {
  await run([pm2, '--silent', 'delete', name], { env: plainEnv() })
}

/** pm2's daemon and the programs under it. */
export function pm2Processes(home: string): (ProcessId & { name: string })[] {
  return findProcesses((pid) => nameOf(pid, home) !== undefined).map((found) => ({
    ...found,
    name: nameOf(found.pid, home) ?? '',
  }))
}

/**
 * Ends the daemon, which ends its programs, then whatever a daemon killed before left running. By signals and not
 * by `pm2 kill`, which needs a living daemon and starts one to have it.
 */
export async function stopPm2(home: string): Promise<void> {
  const daemon = pm2Processes(home).filter(({ name }) => name === daemonName)
  await end(daemon, [
    ['SIGTERM', 8000],
    ['SIGKILL', 2000],
  ])
  await end(pm2Processes(home))
}

const daemonName = 'pm2'

// A shell in which PM2_HOME is set is not pm2's: its programs have a pm_id too, in cluster mode all of it as JSON; its
// daemon says so in its title.
function nameOf(pid: number, home: string): string | undefined {
  const env = inspect.env(pid)
  if (!env.includes(`PM2_HOME=${home}`)) return undefined
  if (env.some((variable) => variable.startsWith('pm_id='))) {
    return env.find((variable) => variable.startsWith('name='))?.slice('name='.length) ?? 'program'
  }
  const clustered = env.find((variable) => variable.startsWith('pm2_env={'))
  if (clustered) return JSON.parse(clustered.slice('pm2_env='.length)).name
  return /God Daemon|pm2\/lib\/Daemon\.js/.test(inspect.command(pid)) ? daemonName : undefined
}

// What a login shell would have: no npm_… and no test runner's variables in the programs' environment.
function plainEnv(): NodeJS.ProcessEnv {
  const names = ['HOME', 'USER', 'LOGNAME', 'SHELL', 'LANG', 'TZ', 'TMPDIR']
  const kept = names.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]]))
  return { ...Object.fromEntries(kept), PATH: plainPath() }
}

/** PATH as it was before npm put its own folders first; always with a node in it. */
export function plainPath(): string {
  const folders = (process.env.PATH ?? '/usr/local/bin:/usr/bin:/bin').split(delimiter)
  const kept = folders.filter((folder) => !/node_modules\/\.bin$|node-gyp-bin$/.test(folder))
  const node = dirname(process.execPath)
  return (kept.includes(node) ? kept : [...kept, node]).join(delimiter)
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
