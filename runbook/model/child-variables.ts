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
const FAMILIES = /^(LC_|XDG_|npm_config_|yarn_|pnpm_config_|corepack_)/i

/**
 * Of git's own what says who commits, how a remote is reached and where its settings are. Neither what writes down what is
 * sent (GIT_TRACE_CURL has tokens in it), nor a program that is started where git only looks (GIT_EXTERNAL_DIFF).
 */
const OF_GIT = new RegExp(
  `^GIT_(${[
    ...['(AUTHOR|COMMITTER)_(NAME|EMAIL|DATE)', 'SSH(_COMMAND|_VARIANT)?', 'PROXY_COMMAND', 'ALLOW_PROTOCOL'],
    '(PROXY_)?SSL_(CAINFO|CAPATH|CERT|CERT_TYPE|CERT_PASSWORD_PROTECTED|KEY|KEY_TYPE|NO_VERIFY|VERSION|CIPHER_LIST)',
    ...[
      'HTTP_(LOW_SPEED_LIMIT|LOW_SPEED_TIME|USER_AGENT|PROXY_AUTHMETHOD|MAX_REQUESTS)',
      'PROTOCOL(_FROM_USER)?',
    ],
    ...[
      'CONFIG_(GLOBAL|SYSTEM|NOSYSTEM)',
      'ATTR_NOSYSTEM',
      'EXEC_PATH',
      'TEMPLATE_DIR',
      'CEILING_DIRECTORIES',
    ],
    ...['DISCOVERY_ACROSS_FILESYSTEM', 'DEFAULT_(HASH|REF_FORMAT)', 'LFS_SKIP_SMUDGE', 'MERGE_AUTOEDIT'],
    ...['TERMINAL_PROMPT', 'OPTIONAL_LOCKS', 'ADVICE'],
  ].join('|')})$`,
)

/** The settings of package managers by which every node that they start is given what stands in it. */
const NODE_FLAGS = /^(NODE_OPTIONS|(npm_config|pnpm_config|yarn)_node[_-]options)$/i

/**
 * What a shell may say to every node of a run: how much memory, which certificates, which addresses, which warnings. Not what loads
 * code, opens a debugger or writes down what goes on: of a debugging session in an editor `--require` is left over, and
 * changes what a build does.
 */
const HANDED_ON_TO_NODE =
  /^--((huge-)?max-|(no-)?use-(openssl|bundled|system)-ca$|openssl-(legacy-provider|shared-config)$|dns-result-order$|(no-)?network-family-autoselection|(no-)?(warnings|deprecation)$|disable-warning$|stack-trace-limit$)/

const SECRET_NAME =
  /PASS|PWD|TOKEN|SECRET|KEY|CREDENTIAL|AUTH(?!OR)|PRIVATE|COOKIE|SESSION|(^|_)(OTP|PIN|PAT|CERT)$/i
/** Whoever signs in to an address, but for ssh, which has a key for that; and the tokens that say themselves what they are. */
const SECRET_VALUE = new RegExp(
  [
    ...['(?<!ssh)://[^/\\s@]+@', 'ssh://[^/\\s@:]*:[^/\\s@]+@', '-----BEGIN [A-Z ]*PRIVATE'],
    '\\b(gh[opsur]_|github_pat_|glpat-|xox[a-z]-|[rs]k_live_|eyJ)\\w{8}',
    '\\b(npm_[A-Za-z0-9]{30}|A[KS]IA[0-9A-Z]{12})',
  ].join('|'),
)

/** Whether a variable that nobody speaks of looks as if it were a secret. */
export const looksLikeSecret = (name: string, value: string): boolean =>
  SECRET_NAME.test(name) || SECRET_VALUE.test(value)

/** Whether a variable is handed on by its name. */
const isHandedOn = (name: string, value: string, to: Receiver): boolean =>
  NAMES[to].has(name) ||
  (to === 'child' &&
    // What git has of a key is its path.
    (OF_GIT.test(name) ? !SECRET_VALUE.test(value) : FAMILIES.test(name) && !looksLikeSecret(name, value)))

/** The flags of a variable such as NODE_OPTIONS, each with its value: words, of which one may stand in double quotes. */
const nodeFlags = (value: string): string[] => {
  const words = value.match(/(?:"(?:\\.|[^"\\])*"|[^\s"])+/g) ?? []
  return words.reduce<string[]>((flags, word) => {
    // `--require ./x`, in two words.
    if (word.startsWith('-') || flags.length === 0) flags.push(word)
    else flags[flags.length - 1] += ` ${word}`
    return flags
  }, [])
}
const nameOfFlag = (flag: string): string => flag.replaceAll('_', '-').split(/[= ]/)[0]!
const isFlagHandedOn = (flag: string): boolean => HANDED_ON_TO_NODE.test(nameOfFlag(flag))

/** What of a variable of the operator's is handed on; undefined where nothing is. */
const partHandedOn = (name: string, value: string): string | undefined => {
  if (!NODE_FLAGS.test(name)) return value
  return nodeFlags(value).filter(isFlagHandedOn).join(' ') || undefined
}

/** Which flags for node the operator's shell has that no child gets, by the variable's name; only the names of the flags. */
export const flagsKeptBack = ({ operator, file, book }: Inherited): ReadonlyMap<string, string[]> =>
  new Map(
    Object.entries(operator).flatMap(([name, value]) => {
      if (!value || !NODE_FLAGS.test(name) || name in file || book.has(name)) return []
      const kept = nodeFlags(value).filter((flag) => !isFlagHandedOn(flag))
      return kept.length ? [[name, [...new Set(kept.map(nameOfFlag))]]] : []
    }),
  )

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
      const own = to !== 'ssh' && name in file
      const value = own ? file[name] : operator[name]
      if (value === undefined || !isHandedOn(name, value, to)) return []
      const part = own ? value : partHandedOn(name, value)
      return part === undefined ? [] : [[name, part]]
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
