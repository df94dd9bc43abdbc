import { listed, pm2Daemon } from '../../checks/reading/pm2-instances.ts'
import {
  type Check,
  defineCheck,
  early,
  fails,
  type Look,
  looksLikeSecret,
  reads,
} from '../../runbook/index.ts'
import type { Restarting, RestartOptions } from './restart-actions.ts'
import { variablesOfBook } from './start-anew.ts'

/** What pm2's daemon has in its environment, by name only: in cluster mode every process of it has that too, under its own. */
export type DaemonHas = {
  /** To which the book or `.env.<environment>` gives another value, and that the process is not given. */
  otherwise: string[]
  /** What looks like a secret, of whomever it is. */
  secrets: string[]
}

/** What a login, pm2 and node give a daemon of themselves. */
const OF_THE_DAEMON =
  /^(PATH|HOME|USER|LOGNAME|SHELL|PWD|OLDPWD|SHLVL|_|TERM|PM2_\w+|SILENT|NODE_CHANNEL_\w+|SSH_(AUTH_SOCK|AGENT_PID|CLIENT|CONNECTION|TTY)|XDG_\w+|DBUS_SESSION_BUS_ADDRESS|pm2_env)$/

/** What was seen, with what its daemon has. In fork mode a process has only what it is given. */
export const withDaemon = async <Seen extends Restarting>(
  look: Look,
  seen: Seen,
  { process, ecosystem, how, updateEnv, env: own = {} }: RestartOptions,
): Promise<Seen & { daemonHas?: DaemonHas }> => {
  if (seen.daemon === 0 || (seen.known && !seen.clustered && how !== 'anew')) return seen
  const printed = await look.attempt(reads('cat', `/proc/${seen.daemon}/environ`))
  // Not every system tells, nor of another account's process.
  if (!printed.ok) return seen
  const has = Object.fromEntries(
    [...printed.value.matchAll(/([^=\0]+)=([^\0]*)/g)]
      .map(([, name, value]) => [name!, value!] as const)
      .filter(([name]) => !OF_THE_DAEMON.test(name)),
  )
  const startsFresh = ecosystem !== undefined && (!seen.known || how === 'anew')
  const given = new Set([
    ...Object.keys(own),
    ...(startsFresh || updateEnv ? variablesOfBook(look.env) : []),
    ...(startsFresh ? [] : await ownVariables(look, process)),
  ])
  const otherwise = look.definedOtherwise(has).filter((name) => !given.has(name))
  const secrets = Object.entries(has).flatMap(([name, value]) =>
    !otherwise.includes(name) && !given.has(name) && (/^PG[A-Z]+$/.test(name) || looksLikeSecret(name, value))
      ? [name]
      : [],
  )
  return { ...seen, daemonHas: { otherwise: otherwise.sort(), secrets: secrets.sort() } }
}

/** The names of what a process that pm2 knows was given itself. */
const ownVariables = async (look: Look, process: string): Promise<string[]> => {
  const same = (await listed(await pm2Daemon(look), look)).filter(({ name }) => name === process)
  return same.flatMap(({ pm2_env }) => [
    ...Object.keys(pm2_env),
    ...Object.keys((pm2_env as { env?: Record<string, unknown> }).env ?? {}),
  ])
}

/** How a daemon comes to have nothing: all its processes are started again. */
const ANEW = 'env -i HOME="$HOME" PATH="$PATH" PM2_HOME="${PM2_HOME:-$HOME/.pm2}" pm2 update'

/** Refused before the first effect, by name: staging's process would have production's. */
export const daemonFits = ({ daemonHas }: { daemonHas?: DaemonHas }, process: string): Check[] =>
  daemonHas?.otherwise.length
    ? [
        early(
          defineCheck({
            fact: `pm2’s daemon gives ${process} no other environment’s variables`,
            remedy: `give it this environment’s in the step, env: { ${daemonHas.otherwise
              .map((name) => `${name}: secret('${name}')`)
              .join(', ')} }; or have the daemon forget them, which restarts all its processes: ${ANEW}`,
            look: async () =>
              fails(
                `it was started with ${daemonHas.otherwise.join(', ')}, and the book or .env.<environment> has another value; a process in cluster mode has the daemon’s`,
              ),
          }),
        ),
      ]
    : []

/** What a process in cluster mode gets that nobody has given it. */
export const daemonFindings = ({ daemonHas }: { daemonHas?: DaemonHas }): string[] =>
  daemonHas?.secrets.length
    ? [
        `pm2’s daemon was started with what looks like secrets, which its processes in cluster mode have too: ${daemonHas.secrets.join(', ')}; without them, with all its processes started again: ${ANEW}`,
      ]
    : []
