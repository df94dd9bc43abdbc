import {
  defineCheck,
  fails,
  holds,
  type Look,
  quantity,
  reads,
  typed,
  type Verdict,
} from '../runbook/index.ts'
import { oneLine } from './reading/one-line.ts'
import { compareLocks, disagreements, type Manifest, type PackageLock } from './reading/package-lock.ts'
import {
  type Locked,
  type Manager,
  packageManager,
  type ReadText,
  workingTree,
} from './reading/package-manager.ts'

/** How many names go into one command. */
const AT_ONCE = 500

export interface DependenciesInstalled {
  /** Default: the one whose lock file is in the folder. */
  manager?: Manager | undefined
  /** Whether development dependencies belong to it. Default: true. */
  dev?: boolean | undefined
  /** Where package.json and the lock file are read. Default: the working tree. */
  read?: ReadText | undefined
  /** Where a folder's `node_modules` is looked at, relative to it. Default: in its place. */
  modules?: (folder: string) => string
}

/** What `node_modules` holds is what the lock file says; in doubt it is not. */
export const dependenciesInstalled = (folder = '.', options: DependenciesInstalled = {}) =>
  defineCheck({
    fact: `the dependencies of ${folder === '.' ? 'the application' : folder} are installed`,
    remedy: typed`install them: cd ${folder} && npm ci, or what the package manager calls it`,
    look: async (at) => {
      const locked = await packageManager(at, folder, options)
      if (locked.manager === 'npm' && locked.lock) return npmVerdict(at, folder, locked.lock, options)
      if (locked.manager === 'pnpm' && locked.lock && options.dev !== false)
        return pnpmVerdict(at, folder, options)
      return performedVerdict(at, locked)
    },
  })

/** npm keeps a lock file of what it installed in `node_modules`; the folders themselves are looked at too. */
const npmVerdict = async (at: Look, folder: string, lock: string, options: DependenciesInstalled) => {
  const { dev = true, read = workingTree, modules = inPlace } = options
  const locked = parsed<PackageLock>(await read(at, `${folder}/${lock}`))
  const manifest = parsed<Manifest>(await read(at, `${folder}/package.json`))
  if (!locked || !manifest) return fails(`${locked ? 'package.json' : lock} is not JSON`)
  if (!locked.packages) return performedVerdict(at, { manager: 'npm', lock: null })
  const apart = disagreements(manifest, locked)
  if (apart.length) return fails(`package.json and ${lock} disagree on ${listed(apart)}`)
  const installed = await workingTree(at, `${folder}/${modules('.')}/.package-lock.json`)
  const { wanted, differences, folders } = compareLocks(locked, parsed<PackageLock>(installed) ?? {}, dev)
  if (installed === undefined && differences.length) return fails('nothing is installed')
  if (differences.length) {
    const count = quantity(differences.length, 'difference')
    return fails(`${count} to ${lock}: ${listed(differences)}`, { tail: differences.slice(0, 40).join('\n') })
  }
  const empty = await emptyOf(at, folder, folders, modules)
  if (empty.length)
    return fails(`${quantity(empty.length, 'folder is', 'folders are')} empty: ${listed(empty)}`)
  return holds(`${quantity(wanted, 'package')}, as in ${lock}`)
}

const inPlace = () => 'node_modules'

const pnpmVerdict = async (
  at: Look,
  folder: string,
  { read = workingTree, modules = inPlace }: DependenciesInstalled,
) => {
  const lock = await read(at, `${folder}/pnpm-lock.yaml`)
  const installed = await workingTree(at, `${folder}/${modules('.')}/.pnpm/lock.yaml`)
  if (installed === undefined) return fails('nothing is installed')
  return installed === lock
    ? holds('node_modules/.pnpm/lock.yaml is pnpm-lock.yaml')
    : fails('node_modules/.pnpm/lock.yaml differs from pnpm-lock.yaml')
}

/** Where the files cannot tell, only an installation of this very run counts. */
const performedVerdict = ({ performed }: Look, { manager, lock }: Locked): Verdict => {
  const done = performed('install')
  if (done) return holds(`by ${manager}, ${done}`)
  return fails(
    lock ? `${manager} does not leave what could be compared with ${lock}` : 'there is no lock file',
  )
}

const emptyOf = async (
  { see }: Look,
  folder: string,
  paths: readonly string[],
  modules: (folder: string) => string,
): Promise<string[]> => {
  const there = new Set<string>()
  /** `services/mail/node_modules/x` belongs to the folder of a member of the workspace. */
  const placeOf = (path: string) =>
    path.replace(/^(.*?)\/?\bnode_modules(?=\/)/, (_, member: string) =>
      member ? `${member}/${modules(member)}` : modules('.'),
    )
  for (let i = 0; i < paths.length; i += AT_ONCE) {
    const manifests = paths.slice(i, i + AT_ONCE).map((path) => `${placeOf(path)}/package.json`)
    // `ls` ends with 1 or 2 where one of them is missing.
    const printed = await see({ ...reads('ls', '-d', '--', ...manifests), cwd: folder, accept: [0, 1, 2] })
    for (const line of printed.split('\n')) there.add(line.replace(/\/package\.json$/, ''))
  }
  return paths.filter((path) => !there.has(placeOf(path)))
}

const parsed = <T>(json = '{}'): T | undefined => {
  try {
    return JSON.parse(json) as T
  } catch {
    return undefined
  }
}

const listed = (names: readonly string[]): string =>
  `${names
    .slice(0, 3)
    .map((name) => oneLine(name))
    .join(', ')}${names.length > 3 ? `, and ${names.length - 3} more` : ''}`
