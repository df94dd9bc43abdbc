import { execFileSync } from 'node:child_process'
import { lstatSync, readlinkSync, type Stats, statSync } from 'node:fs'
import { dirname, join, parse, resolve, sep } from 'node:path'
import { withoutPrograms } from '../model/child-variables.ts'
import { typed } from '../model/shell-word.ts'
import { accountsIn, ownAccount } from './accounts.ts'

/** What is wrong with a path, and what to type: 'anybody may write into /srv/shop', 'chmod o-w /srv/shop'. */
export interface Stranger {
  what: string
  remedy: string
}

/** Where users are not told apart, as on Windows, nobody is a stranger. */
const own = process.getuid?.()

/** Mode bits: see inode(7). */
const STICKY = 0o1000
const OTHERS_WRITE = 0o002
const OTHERS_READ = 0o004
const GROUP_WRITES = 0o020

/** In such a folder what is there is its owner's. */
const isSticky = (stat: Stats): boolean => stat.isDirectory() && (stat.mode & STICKY) !== 0

/** As chmod takes it: '0755'. */
const octal = (mode: number): string => (mode & 0o7777).toString(8).padStart(4, '0')

/**
 * Whether what belongs to this user is believed: one's own, root's, and, as git has it, under sudo the one's who called it. A
 * folder that is named in git's `safe.directory` is believed whoever it belongs to.
 */
export const isTrusted = (path: string, uid: number): boolean => {
  if (own === undefined || uid === own || uid === 0) return true
  if (own === 0 && String(uid) === process.env.SUDO_UID) return true
  return isSafeDirectory(path)
}

/**
 * Why somebody else could put another thing into the place of `path`: the folders above it, as ssh and sudo look at them. Each must
 * belong to somebody who is trusted, and nobody else may write into it, but for a sticky one such as /tmp, where what is in it
 * is its owner's; of a link on the way what it leads to is looked at too. What does not exist yet is passed over. The first reason.
 */
export const strangerAbove = (path: string): Stranger | undefined =>
  strangerOnWay(dirname(resolve(path)), strangerIn, (link, stat) =>
    isTrusted(link, stat.uid) ? undefined : belongs(link, stat),
  )

/**
 * Who else may write a file, or put another one into its place: its own mode, and those of the folders above it, but for sticky ones; of a
 * link what it leads to. Whom they belong to is not asked.
 */
export const writersOnWay = (path: string): Stranger | undefined =>
  strangerOnWay(
    resolve(path),
    (at) => {
      const stat = lstatSync(at, { throwIfNoEntry: false })
      return !stat || isSticky(stat) ? undefined : writers(at, stat)
    },
    () => undefined,
  )

/** The first reason on the way from the root, of what `inPlace` says of a file or folder, and `ofLink` of a link that is followed. */
const strangerOnWay = (
  path: string,
  inPlace: (at: string) => Stranger | undefined,
  ofLink: (link: string, stat: Stats) => Stranger | undefined,
): Stranger | undefined => {
  if (own === undefined) return undefined
  let reason: Stranger | undefined
  const walk = (to: string, links: number): string => {
    let at = parse(to).root
    for (const part of to.slice(at.length).split(sep).filter(Boolean)) {
      reason ??= inPlace(at)
      if (reason) return at
      const next = join(at, part)
      const stat = lstatSync(next, { throwIfNoEntry: false })
      if (!stat) return next
      if (!stat.isSymbolicLink()) {
        at = next
        continue
      }
      reason = ofLink(next, stat)
      if (reason || links === 0) return at
      at = walk(resolve(at, readlinkSync(next)), links - 1)
    }
    return at
  }
  try {
    const end = walk(path, 40)
    return reason ?? inPlace(end)
  } catch {
    // What may not be looked at cannot be written either, and that is said where it is tried.
    return undefined
  }
}

/**
 * Why a file of secrets is not believed: it belongs to somebody else, or others may write it. Where it is `strict`, nor may others
 * read it; a group may, to which it was given on purpose.
 */
export const strangerToSecrets = (
  path: string,
  stat: Pick<Stats, 'uid' | 'gid' | 'mode'>,
  strict: boolean,
): Stranger | undefined => {
  if (own === undefined) return undefined
  if (!isTrusted(path, stat.uid)) return belongs(path, stat)
  return writers(path, stat) ?? (strict ? readers(path, stat) : undefined)
}

/** Whether any user of the machine may read a file, and what to type. */
export const readers = (path: string, { mode }: Pick<Stats, 'mode'>): Stranger | undefined =>
  own !== undefined && mode & OTHERS_READ
    ? {
        what: `any user may read ${path} (${octal(mode)})`,
        remedy: typed`chmod o-r ${path}`,
      }
    : undefined

/** Whether anybody but its owner may even look into a folder, and what to type. */
export const lookers = (path: string, { mode }: Pick<Stats, 'mode'>): Stranger | undefined =>
  own !== undefined && mode & 0o077
    ? {
        what: `others may look into it: its mode is ${octal(mode)}`,
        remedy: typed`chmod 700 ${path}`,
      }
    : undefined

/** Who else may write into a folder; undefined where nobody may, or where there is none. */
const strangerIn = (folder: string): Stranger | undefined => {
  const stat = lstatSync(folder, { throwIfNoEntry: false })
  if (!stat) return undefined
  if (!isTrusted(folder, stat.uid)) return belongs(folder, stat)
  return isSticky(stat) ? undefined : writers(folder, stat)
}

/** Whom a file or folder belongs to; of a link, also what it leads to. Undefined where that is somebody who is trusted. */
export const strangerOwning = (path: string): Stranger | undefined => {
  if (own === undefined) return undefined
  const stat = [lstatSync(path), statSync(path)].find(({ uid }) => !isTrusted(path, uid))
  return stat && belongs(path, stat)
}

/** Who else may write a file or into a folder; a sticky bit is no help for the thing itself. */
export const writers = (path: string, { mode, gid }: Pick<Stats, 'mode' | 'gid'>): Stranger | undefined => {
  if (mode & OTHERS_WRITE)
    return { what: `any user may write ${path} (${octal(mode)})`, remedy: typed`chmod o-w ${path}` }
  if (mode & GROUP_WRITES && !isOwnGroup(gid) && !isShared(path))
    return {
      what: `the group ${nameOf('/etc/group', gid)} may write ${path} (${octal(mode)})`,
      remedy: typed`chmod g-w ${path}`,
    }
  return undefined
}

const belongs = (path: string, { uid }: Pick<Stats, 'uid'>): Stranger => ({
  what: `${path} belongs to ${nameOf('/etc/passwd', uid)}, not to ${userNow()}`,
  remedy: typed`chown ${userNow()} ${path}`,
})

const userNow = (): string => ownAccount() ?? String(own)

const nameOf = (file: '/etc/passwd' | '/etc/group', id: number): string =>
  accountsIn(file).find((row) => row.id === id)?.name ?? String(id)

/**
 * Root's group, as sudo has it, and the one that holds nobody else, as systems with a group for each user give it to all that
 * is made (umask 002); of a group that is not in /etc/group nobody knows whom it holds.
 */
const isOwnGroup = (gid: number): boolean => {
  if (gid === 0) return true
  const group = accountsIn('/etc/group').find(({ id }) => id === gid)
  if (!group) return false
  const users = accountsIn('/etc/passwd')
  const inIt = [...group.members, ...users.filter(({ primary }) => primary === gid).map(({ name }) => name)]
  const ids = inIt.map((name) => users.find((user) => user.name === name)?.id)
  return ids.every((id) => id === own || id === 0)
}

/** A clone that a team shares by its group says so itself, on purpose. */
const isShared = (path: string): boolean => {
  const value = git(folderOf(path), 'config', '--get', 'core.sharedRepository')?.trim()
  return value !== undefined && !/^(umask|false|no|off|0|)$/i.test(value)
}

const folderOf = (path: string): string => (lstatSync(path).isDirectory() ? path : dirname(path))

/** https://git-scm.com/docs/git-config#Documentation/git-config.txt-safedirectory; never by the word of a clone itself. */
const isSafeDirectory = (path: string): boolean => {
  const listed = ['--system', '--global'].flatMap(
    (scope) => git('/', 'config', scope, '--get-all', 'safe.directory')?.split('\n').slice(0, -1) ?? [],
  )
  // An empty one takes back all that stand before it.
  return listed.slice(listed.lastIndexOf('') + 1).some((one) => {
    const folder = one.replace(/\/\*$/, '')
    return one === '*' || path === folder || path.startsWith(`${folder}/`)
  })
}

/** Undefined where git is not there or has no answer. */
const git = (cwd: string, ...args: string[]): string | undefined => {
  try {
    const { GIT_DIR, GIT_WORK_TREE, GIT_COMMON_DIR, ...env } = process.env
    return execFileSync('git', args, {
      ...{ cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
      env: { ...env, PATH: withoutPrograms(env.PATH, process.cwd()) },
    })
  } catch {
    return undefined
  }
}
