import type { SimpleCommand } from './commands-in.ts'
import { requestOf } from './curl.ts'
import { forAPerson } from './for-a-person.ts'
import type { Value } from './literal.ts'
import type { Line } from './shell-lines.ts'

/** A step as a book calls it. */
export interface StepCall {
  readonly factory: string
  readonly options: { readonly [key: string]: Value }
  /** What somebody must decide before it is used. */
  readonly review?: string
}

/** What a line of shell becomes. */
export type Meaning =
  | { readonly is: 'step'; readonly call: StepCall }
  /** A step that stands elsewhere does that. */
  | { readonly is: 'covered'; readonly by: string }
  | { readonly is: 'folder'; readonly path: string }
  /** It waits for somebody, or shows something for ever. */
  | { readonly is: 'by-hand' }
  | { readonly is: 'shell'; readonly reads: boolean }

const UNKNOWN: Meaning = { is: 'shell', reads: false }
const LOOK: Meaning = { is: 'shell', reads: true }
const BY_HAND: Meaning = { is: 'by-hand' }
const step = (factory: string, options: StepCall['options'] = {}, review?: string): Meaning => ({
  is: 'step',
  call: { factory, options, ...(review && { review }) },
})

/** A line that is understood whole becomes a step of the library; whatever is left over of it stays shell. */
export const meaningOf = (
  { command, commands, text, answer }: Line,
  folder: string,
  after: readonly Line[],
  isWayBack = false,
): Meaning => {
  const isByHand = hasHoles(text) || commands.some((one) => isForAPerson(one, isWayBack))
  if (!command) return isByHand ? BY_HAND : UNKNOWN
  const request = command.words[0] === 'curl' && !command.redirects.length && requestOf(command, answer)
  if (request) return step('verifyHttp', request.options, request.review)
  if (isByHand) return BY_HAND
  const at = folder === '.' ? {} : { in: folder }
  const { words, variables, redirects } = command
  const [program, ...args] = words
  if (variables.length) return UNKNOWN
  if (program === 'pg_dump') return step('backupDatabase')
  if (program === 'psql') return psql(command)
  if (redirects.length) return UNKNOWN
  switch (program) {
    case 'cd':
      return args.length === 1 ? { is: 'folder', path: args[0]! } : UNKNOWN
    case 'git':
      return git(args, after)
    case 'npm':
    case 'pnpm':
    case 'yarn':
      return manager(program, args, at)
    case 'pm2':
      return pm2(args)
    case 'npx':
    case 'prisma':
      return prisma(program === 'prisma' ? words : args.filter((arg) => arg !== '--yes' && arg !== '-y'), at)
    default:
      return readers.has(program ?? '') ? LOOK : UNKNOWN
  }
}

/** Where the page takes back, that is what it does by itself. */
const isForAPerson = (command: SimpleCommand, isWayBack: boolean): boolean => {
  const kind = forAPerson(command)?.kind
  return kind !== undefined && !(isWayBack && kind === 'takes-back')
}

/** `<hash>`, `[timestamp]`, `{projectId}`: what the page leaves to its reader. */
export const hasHoles = (text: string): boolean =>
  /<[a-z][\w -]*>|\[[a-z][\w -]*\]|\{[a-z]\w*\}|\.\.\.|\byour[-_]\w+/i.test(text.replace(/\$\{\w+\}/g, ''))

const readers = new Set([
  'ls',
  'cat',
  'head',
  'grep',
  'echo',
  'pwd',
  'which',
  'df',
  'du',
  'wc',
  'stat',
  'ps',
  'env',
  'printenv',
  'date',
  'whoami',
  'hostname',
  'test',
  'diff',
])
const git = (args: readonly string[], after: readonly Line[]): Meaning => {
  const [verb, ...rest] = args
  const pullsLater = after.some(({ command }) => command?.words[0] === 'git' && command.words[1] === 'pull')
  if (verb === 'fetch' && pullsLater) return { is: 'covered', by: 'pullCode' }
  if ((verb === 'checkout' || verb === 'switch') && rest.length === 1 && pullsLater)
    return { is: 'covered', by: 'pullCode' }
  if (verb === 'pull' && rest.every((arg) => !arg.startsWith('-') || arg === '--ff-only'))
    return step('pullCode')
  return ['status', 'log', 'diff', 'show', 'rev-parse', 'remote'].includes(verb ?? '') &&
    !rest.some((arg) => ['add', 'remove', 'set-url'].includes(arg))
    ? LOOK
    : UNKNOWN
}

const manager = (program: string, args: readonly string[], at: StepCall['options']): Meaning => {
  const [verb = 'install', ...rest] = args
  if (['ci', 'install', 'i'].includes(verb)) return rest.length ? UNKNOWN : step('installDependencies', at)
  const script = verb === 'run' ? rest[0] : ['test', 't', 'build'].includes(verb) ? verb : undefined
  if (!script || rest.length > (verb === 'run' ? 1 : 0)) return UNKNOWN
  if (program === 'npm' && verb === 'build') return UNKNOWN
  if (/^build\b/.test(script)) return step('buildApp', { ...at, ...(script !== 'build' && { script }) })
  if (/^t(est)?\b/.test(script)) return step('runTests', { ...at, ...(/:/.test(script) && { script }) })
  return UNKNOWN
}

const pm2 = ([verb, name, ...rest]: readonly string[]): Meaning => {
  if (verb === 'restart' || verb === 'reload')
    return name && !rest.length && /^(?!all$|-)(?=.*\D).+$/.test(name) && !/\.(c?js|json|ya?ml)$/.test(name)
      ? step(
          'pm2Restart',
          { process: name },
          'the health path must answer with the revision; else revision: false',
        )
      : UNKNOWN
  return ['list', 'ls', 'status', 'show', 'describe', 'jlist', 'logs'].includes(verb ?? '') ? LOOK : UNKNOWN
}

const prisma = ([program, ...args]: readonly string[], at: StepCall['options']): Meaning => {
  if (program !== 'prisma') return UNKNOWN
  switch (args.join(' ')) {
    case 'generate':
      return step('prismaGenerate', at)
    case 'migrate deploy':
      return step('prismaMigrate', at)
    case 'migrate reset':
    case 'migrate reset --force':
      return step('prismaReset', at)
    default:
      return UNKNOWN
  }
}

/** One file, and nothing else of psql's. */
const psql = ({ words, redirects }: SimpleCommand): Meaning => {
  const flag = words.findIndex((word) => word === '-f' || word === '--file')
  const query = words.findIndex((word) => word === '-c' || word === '--command')
  if (query > 0)
    return /^\s*(select\b|\\[dl]|show\b)/i.test(words[query + 1] ?? '') && !redirects.length ? LOOK : UNKNOWN
  const file =
    flag > 0
      ? words[flag + 1]
      : redirects.length === 1 && redirects[0]!.operator === '<'
        ? redirects[0]!.target
        : undefined
  if (!file?.endsWith('.sql') || /[$*]|backup|dump/i.test(file) || (flag > 0 && redirects.length))
    return UNKNOWN
  return step('applySql', { file }, 'its file is looked for below app.dir')
}
