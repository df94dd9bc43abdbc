import { oneLine } from '../../checks/reading/one-line.ts'
import { remoteBranches } from '../../checks/reading/remote-branches.ts'
import { remoteRevision } from '../../checks/reading/remote-revision.ts'
import { storeOfLook } from '../../checks/reading/store-of-look.ts'
import { type Look, type Revision, reads, typed, unmet } from '../../runbook/index.ts'
import { hooksOfMove } from './git-hooks.ts'
import { incomingObjects } from './incoming-objects.ts'
import { incomingSubmodules } from './incoming-submodules.ts'
import { lfsFilesIn, lfsFilled } from './lfs.ts'
import { markPath } from './move-mark.ts'
import { isUnsettled } from './settle.ts'

/** How many commits are told one by one. */
const TOLD = 20

/** What is deployed: the head of a branch, or the revision that the book or the command line names. */
export interface Wanted {
  readonly branch: string
  readonly revision: string | undefined
}

/** How the code that is checked out relates to what the remote has of it. */
export const incomingCommits = async (at: Look, remote: string, { branch, revision }: Wanted) => {
  const from = await at.see(reads('git', 'rev-parse', '--verify', 'HEAD'))
  const { to, source, what } =
    revision === undefined ? await remoteHead(at, remote, branch) : await revisionThere(at, remote, revision)
  const ref = await at.see({ ...reads('git', 'symbolic-ref', '--quiet', 'HEAD'), accept: [0, 1] })
  const checkedOut = ref.replace(/^refs\/heads\//, '') || null
  const own = await at.attempt(reads('git', 'rev-parse', '--verify', '--quiet', `refs/heads/${branch}`))
  const env = await incomingObjects(at, to, [remote], source)
  const git = (...args: string[]) => at.see({ ...reads('git', ...args), env })

  // A branch that does not exist here yet begins at the remote's; only a HEAD without a branch could be left behind.
  const tip = own.ok ? own.value : checkedOut ? to : from
  const sides = await git('rev-list', '--left-right', '--count', `${tip}...${to}`)
  const [ahead, behind] = sides.split('\t').map(Number) as [number, number]
  const told = async (range: string) => {
    const log = await git(
      ...['log', '-z', `--max-count=${TOLD}`, '--no-color', '--no-show-signature', '--encoding=UTF-8'],
      ...['--format=%H%x1f%an%x1f%s', range, '--'],
    )
    return log.split('\0').filter(Boolean).map(toldCommit)
  }
  const changed = await git('diff-tree', '-r', '-z', '--name-only', '--no-renames', from, to)
  return {
    from,
    to,
    checkedOut,
    tip,
    relation: relationOf(ahead, behind),
    ahead,
    behind,
    /** Whether the branch exists in the clone. */
    here: own.ok,
    /** Of a revision that was named: 'the tag v1.4.2'. It is checked out without a branch. */
    named: what,
    /** What a fetch asks the remote for. */
    source,
    commits: await told(`${from}..${to}`),
    commitCount: Number(await git('rev-list', '--count', `${from}..${to}`)),
    /** What runs now and does not come with it: of an older revision, or of another branch. */
    dropped: await told(`${to}..${from}`),
    droppedCount: Number(await git('rev-list', '--count', `${to}..${from}`)),
    changedFiles: changed.split('\0').filter(Boolean).length,
    submodules: await incomingSubmodules(at, { from, to }, env),
    lfs: await lfsOf(at, { from, to }, env),
    /** The clone's hooks that git would call, and is told not to. */
    hooks: await hooksOfMove(at),
    /** Where it is marked that the code is being moved. */
    mark: await markPath(at),
    /** Whether something of an earlier run is to be put back first. */
    unsettled: await isUnsettled(at),
  }
}

export type Relation = 'same' | 'behind' | 'ahead' | 'diverged'

const relationOf = (ahead: number, behind: number): Relation => {
  if (ahead) return behind ? 'diverged' : 'ahead'
  return behind ? 'behind' : 'same'
}

/** `files`: how many of the revision are in Git LFS. `before`: of the one that is there some are, with their contents. */
const lfsOf = async (at: Look, { from, to }: Revision, env: Record<string, string>) => {
  const cwd = await at.see(reads('git', 'rev-parse', '--show-toplevel'))
  const files = (await lfsFilesIn(at, to, { cwd, env })).length
  const now = await lfsFilled(from, from).look(at)
  const before = now.holds && (await lfsFilesIn(at, from, { cwd })).length > 0
  return { files, before }
}

interface There {
  to: string
  source: string
  what: string | null
}

const revisionThere = async (at: Look, remote: string, name: string): Promise<There> => {
  const found = await remoteRevision(at, remote, name, await storeOfLook(at))
  if (!found.ok) throw unmet(`the remote ${remote} has the revision ${name}`, found.seen, found.remedy)
  const { commit, source, what } = found
  return { to: commit, source, what }
}

const remoteHead = async (at: Look, remote: string, branch: string): Promise<There> => {
  const heard = await remoteBranches(at, remote, branch)
  if (!heard.ok) throw unmet(`the remote ${remote} answers`, heard.why, typed`git ls-remote ${remote}`)
  const id = heard.branches.get(branch)
  if (id) return { to: id, source: `refs/heads/${branch}`, what: null }
  throw unmet(
    `the remote ${remote} has the branch ${branch}`,
    'it has none of this name',
    'correct app.branch in the book',
  )
}

/** Anyone who may commit chooses these words: they are shown, never trusted. */
const toldCommit = (line: string) => {
  const [id = '', author = '', subject = ''] = line.split('\x1f')
  return { id: id.slice(0, 7), author: oneLine(author, 40), subject: oneLine(subject) }
}
