import type { SimpleCommand } from './commands-in.ts'
import { bringsBack } from './takes-back.ts'
import { waitingFor } from './waiting-commands.ts'

/** Why a command is nothing that a book performs by itself. */
export type ForAPerson =
  /** It waits for somebody, does not end, or is for somebody to decide. */
  | { readonly kind: 'waits'; readonly why: string }
  | Elsewhere
  /** It brings an older state back: data, or code and schema. */
  | { readonly kind: 'restores' | 'takes-back' }

/** It leads to another host, another account, or into a container. `stays`: so does what is typed below it, until `exit`. */
export interface Elsewhere {
  readonly kind: 'host' | 'user' | 'inside'
  readonly to: string
  readonly stays: boolean
}

/** Whether a command is for a person, and why; undefined: nothing says that it does not run to its end by itself. */
export const forAPerson = ({ words, fed }: SimpleCommand): ForAPerson | undefined => ofWords(words, fed)

const ofWords = ([path = '', ...args]: readonly string[], fed: string): ForAPerson | undefined => {
  const program = path.replace(/^\/\S*\//, '')
  const found = rules[program]?.(args, fed)
  if (found) return found
  // What a command is shows at its beginning; a certificate behind it is no reading.
  const words = [program, ...args.slice(0, 100).map((word) => word.slice(0, 500))]
  const brings = bringsBack(words, fed)
  if (brings) return { kind: brings }
  const why = waitingFor(words.join(' '), fed !== '')
  return why === undefined ? undefined : { kind: 'waits', why }
}

type Rule = (args: readonly string[], fed: string) => ForAPerson | undefined
const FOLLOWS: ForAPerson = { kind: 'waits', why: 'it does not end by itself' }

/** What stands behind options; `withValue`: those that have a word of their own behind them. */
const behind = (args: readonly string[], withValue = /$^/): readonly string[] => {
  let at = 0
  while (args[at]?.startsWith('-')) at += withValue.test(args[at]!) ? 2 : 1
  return args.slice(at)
}
const has = (args: readonly string[], ...options: string[]): boolean =>
  args.some((arg) =>
    options.some((option) => arg === option || (arg.startsWith(`${option}=`) && !/=(false|0)$/.test(arg))),
  )
/** Among short options: `-f`, `-tf`, `-fn100`. */
const hasLetter = (args: readonly string[], letter: string): boolean =>
  args.some((arg) => new RegExp(`^-\\w*${letter}\\w*$`).test(arg))

/** What only says how another program is started. */
const wraps =
  (withValue?: RegExp): Rule =>
  (args, fed) =>
    ofWords(behind(args, withValue), fed)

const isShell = (words: readonly string[]): boolean =>
  /^(.*\/)?(ba|z|da|k|fi)?sh$/.test(words[0] ?? '') &&
  words.slice(1).every((word) => /^(-[li]+|--login)$/.test(word))

const sudo: Rule = (args, fed) => {
  const command = behind(args, /^(-\w*[ugphCDT]|--(user|group|prompt|host))$/)
  const options = args.slice(0, args.length - command.length)
  const at = options.findIndex((option) => /^-\w*u|^--user/.test(option))
  const to =
    at < 0
      ? 'root'
      : (/^--user=(.+)|^-u(.+)/.exec(options[at]!)?.slice(1).find(Boolean) ?? options[at + 1] ?? '')
  const opens = command.length === 0 && options.some((option) => /^-\w*[is]|^--(login|shell)$/.test(option))
  if (opens || isShell(command)) return { kind: 'user', to, stays: true }
  return at < 0 || to === 'root' ? ofWords(command, fed) : { kind: 'user', to, stays: false }
}

const su: Rule = (args, fed) => ({
  kind: 'user',
  to: behind(args, /^(-c|--command|-s|--shell|-g|--group)$/).find((word) => word !== '-') ?? 'root',
  stays: !fed && !args.some((arg) => /^-\w*c$|^--(session-)?command/.test(arg)),
})

const SSH_VALUES = /^-\w*[bcDEeFIiJLlmOopQRSWw]$/
const ssh: Rule = (args, fed) => {
  const [given = '', ...rest] = behind(args, SSH_VALUES)
  if (args.some((arg) => /^-\w*N/.test(arg))) return FOLLOWS
  const user = args.includes('-l') ? `${args[args.indexOf('-l') + 1]}@` : ''
  return { kind: 'host', to: `${user}${given}`, stays: !fed && behind(rest, SSH_VALUES).length === 0 }
}
const copies: Rule = (args) => {
  const remote = args.find((arg) => /^[^-/.][^/]*:(?!\/\/)/.test(arg) || /^(rsync|ssh|sftp):\/\//.test(arg))
  return remote === undefined ? undefined : { kind: 'host', to: remote.split(':')[0]!, stays: false }
}
const another =
  (to: string): Rule =>
  () => ({ kind: 'host', to, stays: false })

/** What is performed inside of a container tells; a terminal of its own is for somebody at one. */
const inside = (args: readonly string[], fed: string): ForAPerson | undefined => {
  const [to = '', ...rest] = behind(
    args,
    /^(-[uwecnp]|--(user|workdir|env|env-file|container|namespace|index|name|entrypoint|publish|volume|network))$/,
  )
  const options = args.slice(0, args.length - rest.length)
  const ends = rest.indexOf('--')
  const command = ends >= 0 ? rest.slice(ends + 1) : behind(rest, /^(-[cn]|--(container|namespace))$/)
  const terminal = [
    ...options,
    ...(ends >= 0 ? rest.slice(0, ends) : rest.slice(0, rest.length - command.length)),
  ]
  if (hasLetter(terminal, 't') || has(terminal, '--tty', '--interactive') || isShell(command))
    return { kind: 'inside', to, stays: true }
  return command.length ? ofWords(command, fed) : undefined
}

const COMPOSE_VALUES =
  /^(-[fpH]|--(file|project-name|profile|env-file|project-directory|context|host|ansi|parallel))$/
const compose: Rule = (args, fed) => {
  const [verb = '', ...rest] = behind(args, COMPOSE_VALUES)
  if (verb === 'exec' || verb === 'run') return inside(rest, fed)
  if (verb === 'logs') return hasLetter(rest, 'f') || has(rest, '--follow') ? FOLLOWS : undefined
  if (verb === 'up')
    return hasLetter(rest, 'd') || has(rest, '--detach', '--wait', '--no-start') ? undefined : FOLLOWS
  return ['watch', 'events', 'attach'].includes(verb) ? FOLLOWS : undefined
}

const docker: Rule = (args, fed) => {
  const rest = behind(args, /^(-[Hcl]|--(context|config|host|log-level|namespace|connection))$/)
  const [verb = '', ...given] = rest[0] === 'container' ? rest.slice(1) : rest
  if (verb === 'compose') return compose(given, fed)
  if (verb === 'exec') return inside(given, fed)
  if (verb === 'run') {
    if (given.some((arg) => /^-\w*t\w*$/.test(arg)) || has(given, '--tty'))
      return { kind: 'inside', to: 'a new container', stays: true }
    return has(given, '--rm', '--detach') || given.some((arg) => /^-[a-z]*d[a-z]*$/.test(arg))
      ? undefined
      : FOLLOWS
  }
  if (verb === 'logs') return hasLetter(given, 'f') || has(given, '--follow') ? FOLLOWS : undefined
  if (verb === 'stats') return has(given, '--no-stream') ? undefined : FOLLOWS
  return verb === 'attach' || verb === 'events' ? FOLLOWS : undefined
}

const KUBE_VALUES = /^(-[nls]|--(namespace|context|cluster|kubeconfig|server|user|token|as|selector))$/
const kubectl: Rule = (args, fed) => {
  const [verb = '', ...rest] = behind(args, KUBE_VALUES)
  if (verb === 'exec' || verb === 'run' || verb === 'debug') return inside(rest, fed)
  if (verb === 'rsh') return { kind: 'inside', to: rest[0] ?? '', stays: true }
  if (verb === 'logs') return hasLetter(rest, 'f') || has(rest, '--follow') ? FOLLOWS : undefined
  if (verb === 'get') return has(rest, '-w', '--watch', '--watch-only') ? FOLLOWS : undefined
  return ['port-forward', 'proxy', 'attach'].includes(verb) ? FOLLOWS : undefined
}

const rules: Record<string, Rule> = {
  sudo,
  doas: sudo,
  su,
  runuser: su,
  gosu: (args) => ({ kind: 'user', to: args[0] ?? '', stays: false }),
  ssh,
  mosh: ssh,
  autossh: ssh,
  sftp: (args) => ({ kind: 'host', to: args.at(-1) ?? '', stays: false }),
  scp: copies,
  rsync: copies,
  chroot: another('another root'),
  nsenter: another('another namespace'),
  'lxc-attach': another('a container'),
  lxc: (args) =>
    /^(exec|shell)$/.test(args[0] ?? '') ? { kind: 'host', to: args[1] ?? '', stays: false } : undefined,
  machinectl: (args) => (args[0] === 'shell' ? { kind: 'host', to: args[1] ?? '', stays: true } : undefined),
  vagrant: (args) =>
    args[0] === 'ssh' ? { kind: 'host', to: 'the virtual machine', stays: true } : undefined,
  multipass: (args) => (args[0] === 'shell' ? { kind: 'host', to: args[1] ?? '', stays: true } : undefined),
  gcloud: (args) =>
    args.includes('ssh')
      ? { kind: 'host', to: args.at(-1) ?? '', stays: !has(args, '--command') }
      : undefined,
  aws: (args) =>
    args.some((arg) => /^(start-session|execute-command)$/.test(arg))
      ? { kind: 'host', to: 'another machine', stays: true }
      : undefined,
  docker,
  podman: docker,
  nerdctl: docker,
  'docker-compose': compose,
  'podman-compose': compose,
  kubectl,
  oc: kubectl,
  k: kubectl,
  k3s: wraps(),
  microk8s: wraps(),
  env: (args, fed) =>
    ofWords(
      args.filter((arg) => !/^\w+=|^-/.test(arg)),
      fed,
    ),
  time: wraps(),
  nohup: wraps(),
  exec: wraps(),
  command: wraps(/$^/),
  nice: wraps(/^-n$/),
  ionice: wraps(/^-[cn]$/),
  xargs: wraps(/^-[InLPd]$/),
  winpty: wraps(),
  npx: wraps(/^(-p|--package)$/),
  bunx: wraps(),
  pnpx: wraps(),
}
