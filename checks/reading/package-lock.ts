/** What npm writes of a package, in `package-lock.json` and in the lock file hidden in `node_modules`. */
interface Entry {
  readonly version?: string
  readonly integrity?: string
  readonly resolved?: string
  readonly link?: boolean
  readonly optional?: boolean
  readonly dev?: boolean
  readonly devOptional?: boolean
}
type Dependencies = Readonly<Record<string, string>>
export interface Manifest {
  readonly dependencies?: Dependencies
  readonly devDependencies?: Dependencies
  readonly optionalDependencies?: Dependencies
}
/** A lock file of npm 7 or later; before that there was no list of folders. */
export interface PackageLock {
  readonly packages?: Readonly<Record<string, Entry & Manifest>>
}

export interface Comparison {
  /** How many packages should be installed here. */
  readonly wanted: number
  /** `pg 8.11.0 instead of 8.23.1`. */
  readonly differences: readonly string[]
  /** Folders in which something should be. */
  readonly folders: readonly string[]
}

/** Holds what is installed against what is locked. */
export const compareLocks = (lock: PackageLock, installed: PackageLock, dev: boolean): Comparison => {
  const [wanted, found] = [packagesOf(lock), packagesOf(installed)]
  const differences: string[] = []
  const folders: string[] = []
  for (const [path, entry] of wanted) {
    const there = found.get(path)
    found.delete(path)
    if (there && same(entry, there)) {
      if (!entry.link) folders.push(path)
    } else if (there) {
      differences.push(`${nameOf(path)} ${there.version ?? '?'} instead of ${entry.version ?? '?'}`)
      folders.push(path)
    } else if (!mayBeMissing(entry, dev))
      differences.push(`${nameOf(path)} ${entry.version ?? ''} is missing`)
  }
  for (const path of found.keys()) differences.push(`${nameOf(path)} is there although it is not locked`)
  return { wanted: folders.length, differences, folders }
}

/** The direct dependencies on which a manifest and its lock file do not agree. */
export const disagreements = (manifest: Manifest, lock: PackageLock): string[] => {
  const [wanted, locked] = [directOf(manifest), directOf(lock.packages?.[''] ?? {})]
  const names = new Set([...Object.keys(wanted), ...Object.keys(locked)])
  return [...names].filter((name) => wanted[name] !== locked[name])
}

const packagesOf = ({ packages = {} }: PackageLock): Map<string, Entry> =>
  new Map(Object.entries(packages).filter(([path]) => path.includes('node_modules/')))

const same = (one: Entry, other: Entry): boolean => {
  if (one.link || other.link) return one.link === other.link && one.resolved === other.resolved
  if (one.version !== other.version) return false
  return one.integrity && other.integrity
    ? one.integrity === other.integrity
    : one.resolved === other.resolved
}

/** npm leaves out an optional package that is for another platform, or that could not be built. */
const mayBeMissing = ({ optional, dev, devOptional }: Entry, wantsDev: boolean): boolean =>
  optional === true || (!wantsDev && (dev === true || devOptional === true))

const directOf = ({ dependencies, devDependencies, optionalDependencies }: Manifest): Dependencies => ({
  ...dependencies,
  ...devDependencies,
  ...optionalDependencies,
})

const nameOf = (path: string): string =>
  path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)
