import type { Environment } from './environment.ts'
import type { Text } from './secret.ts'

export type Variables = Readonly<Record<string, string | undefined>>

/**
 * Who is given variables. `child`: a command of a run. `lasting`: one that starts what lives on after the run. `ssh`: the
 * connection to a host, which may send on whatever it is given.
 */
export type Receiver = 'child' | 'lasting' | 'ssh'

/** Who somebody is, and where programs are found. */
const LOGIN = ['PATH', 'HOME', 'USER', 'LOGNAME', 'SHELL']
/** What leads to an agent or a daemon that answers to this operator. */
const AGENTS = ['SSH_AUTH_SOCK', 'SSH_AGENT_PID', 'KRB5CCNAME', 'KRB5_CONFIG']
/** The way out of this network. A proxy's password is in its URL: without it nothing could be fetched. */
const NETWORK = [
  ...['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'NO_PROXY'].flatMap((name) => [name, name.toLowerCase()]),
  ...['NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE', 'SSL_CERT_DIR', 'CURL_CA_BUNDLE', 'REQUESTS_CA_BUNDLE'],
]

/** Handed on by their whole names. docs/security.md has this table for people. */
const NAMES: Record<Receiver, ReadonlySet<string>> = {
  lasting: new Set([...LOGIN, 'PM2_HOME']),
  ssh: new Set([...LOGIN, ...AGENTS, ...NETWORK, 'TMPDIR']),
  child: new Set([
    ...[...LOGIN, ...AGENTS, ...NETWORK],
    ...['TERM', 'COLORTERM', 'NO_COLOR', 'FORCE_COLOR', 'CI', 'LANG', 'LANGUAGE', 'TZ', 'SHLVL'],
    ...['TMPDIR', 'TMP', 'TEMP', 'DBUS_SESSION_BUS_ADDRESS', 'LD_LIBRARY_PATH'],
    // Where tools are, and how they are reached.
    ...['NODE_OPTIONS', 'NODE_PATH', 'NVM_DIR', 'NVM_BIN', 'FNM_DIR', 'VOLTA_HOME', 'N_PREFIX', 'ASDF_DIR'],
    ...['PNPM_HOME', 'BUN_INSTALL', 'COREPACK_HOME', 'PM2_HOME', 'JAVA_HOME', 'GOPATH', 'CARGO_HOME'],
    ...[
      'RUSTUP_HOME',
      'PYENV_ROOT',
      'RBENV_ROOT',
      'GEM_HOME',
      'GEM_PATH',
      'PYTHON',
      'CC',
      'CXX',
      'MAKEFLAGS',
    ],
    ...['DOCKER_HOST', 'DOCKER_CONTEXT', 'DOCKER_CONFIG', 'DOCKER_CERT_PATH', 'DOCKER_TLS_VERIFY'],
    ...['CONTAINER_HOST', 'CONTAINERS_CONF', 'CHECKPOINT_DISABLE', 'PLAYWRIGHT_BROWSERS_PATH'],
  ]),
}

/** Of a child also what begins so, unless it looks like a secret. */
const FAMILIES = /^(LC_|XDG_|GIT_|npm_config_|yarn_|pnpm_config_|corepack_)/i

/** What git tells its hooks of its repository (`git rev-parse --local-env-vars`) is of no other. */
const LOCAL_TO_GIT =
  /^GIT_(DIR|WORK_TREE|INDEX_FILE|OBJECT_DIRECTORY|ALTERNATE_OBJECT_DIRECTORIES|COMMON_DIR|PREFIX|CONFIG|CONFIG_PARAMETERS|CONFIG_COUNT|CONFIG_KEY_\d+|CONFIG_VALUE_\d+|GRAFT_FILE|SHALLOW_FILE|NAMESPACE|IMPLICIT_WORK_TREE|INTERNAL_SUPER_PREFIX|NO_REPLACE_OBJECTS|REPLACE_REF_BASE)$/

const SECRET_NAME = /PASS|PWD|TOKEN|SECRET|KEY|CREDENTIAL|AUTH(?!OR)|PRIVATE|COOKIE|SESSION/i
const SECRET_VALUE = /:\/\/[^/\s@]*:[^/\s@]+@/

/** Whether a variable of the operator's is handed on by its name. */
const isHandedOn = (name: string, value: string, to: Receiver): boolean =>
  NAMES[to].has(name) ||
  (to === 'child' &&
    FAMILIES.test(name) &&
    !LOCAL_TO_GIT.test(name) &&
    !SECRET_NAME.test(name) &&
    !SECRET_VALUE.test(value))

export interface Inherited {
  /** What the operator's process has. */
  operator: Variables
  /** What `.env.<environment>` has. */
  file: Variables
  /** The names that the book gives a value of its own: its secrets and its `variables`. */
  book: ReadonlySet<string>
}

/**
 * What somebody gets before anything that the book says. Of the operator's only what is on the list: a list of what looks
 * like a secret would never be whole, and `DB_HOST` is none and leads to another database. A name that the environment
 * defines never has the operator's value.
 */
export const inherited = ({ operator, file, book }: Inherited, to: Receiver): Record<string, string> =>
  Object.fromEntries(
    Object.keys({ ...operator, ...(to === 'child' ? file : {}) }).flatMap((name) => {
      // What the environment says of PATH is for its host, and not for the ssh that leads there.
      if (to !== 'ssh' && book.has(name)) return []
      const value = to !== 'ssh' && name in file ? file[name] : operator[name]
      return value !== undefined && isHandedOn(name, value, to) ? [[name, value]] : []
    }),
  )

/** A variable that is given to no child whose step does not name it. */
export const isSecretText = (value: Text): boolean =>
  typeof value === 'object' &&
  (value.kind === 'secret' || value.parts.some((part) => typeof part === 'object'))

/** The book's `variables` that each command gets: those without a secret in them. */
export const plainVariables = ({ variables }: Pick<Environment, 'variables'>): Record<string, Text> =>
  Object.fromEntries(Object.entries(variables).filter(([, value]) => !isSecretText(value)))

/**
 * The book's `variables` that a command gets which starts what lives on: where programs and daemons are, and what it says
 * itself.
 */
export const lastingVariables = (
  env: Pick<Environment, 'variables'>,
  named: readonly string[],
): Record<string, Text> =>
  Object.fromEntries(
    Object.entries(plainVariables(env)).filter(([name]) => NAMES.lasting.has(name) || named.includes(name)),
  )

/** What of a session on another host stays for what lives on there. */
export const keptOfSession: readonly string[] = [...NAMES.lasting]

/**
 * PATH without the programs that npm puts first for whatever stands in the working directory: `git` of a package there is
 * not git. A relative folder is one of the working directory too.
 */
export const withoutPrograms = (path: string | undefined, cwd: string): string | undefined =>
  path
    ?.split(':')
    .filter((folder) => {
      if (!folder.startsWith('/')) return false
      const [owner] = folder.replace(/\/+$/, '').split(/\/node_modules\/\.bin$/)
      return owner === folder.replace(/\/+$/, '') || !(owner === '' || `${cwd}/`.startsWith(`${owner}/`))
    })
    .join(':')
