import { oneLine } from '../../checks/reading/one-line.ts'
import { remoteBranches } from '../../checks/reading/remote-branches.ts'
import { type Look, reads, typed, unmet } from '../../runbook/index.ts'
import { incomingObjects } from './incoming-objects.ts'
import { incomingSubmodules } from './incoming-submodules.ts'
import { markPath } from './move-mark.ts'
import { isUnsettled } from './settle.ts'

/** How many commits are told one by one. */
const TOLD = 20

/** How the code that is checked out relates to the head of a remote branch. */
export const incomingCommits = async (at: Look, remote: string, branch: string) => {
  const from = await at.see(reads('git', 'rev-parse', '--verify', 'HEAD'))
  const to = await remoteHead(at, remote, branch)
  const ref = await at.see({ ...reads('git', 'symbolic-ref', '--quiet', 'HEAD'), accept: [0, 1] })
  const checkedOut = ref.replace(/^refs\/heads\//, '') || null
  const own = await at.attempt(reads('git', 'rev-parse', '--verify', '--quiet', `refs/heads/${branch}`))
  const env = await incomingObjects(at, to, [remote])
  const git = (...args: string[]) => at.see({ ...reads('git', ...args), env })

  // A branch that does not exist here yet begins at the remote's; only a HEAD without a branch could be left behind.
  const tip = own.ok ? own.value : checkedOut ? to : from
  const sides = await git('rev-list', '--left-right', '--count', `${tip}...${to}`)
  const [ahead, behind] = sides.split('\t').map(Number) as [number, number]
  const log = await git(
    ...['log', '-z', `--max-count=${TOLD}`, '--no-color', '--no-show-signature', '--encoding=UTF-8'],
    ...['--format=%H%x1f%an%x1f%s', `${from}..${to}`, '--'],
  )
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
    commits: log.split('\0').filter(Boolean).map(toldCommit),
    commitCount: Number(await git('rev-list', '--count', `${from}..${to}`)),
    changedFiles: changed.split('\0').filter(Boolean).length,
    submodules: await incomingSubmodules(at, { from, to }, env),
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

const remoteHead = async (at: Look, remote: string, branch: string): Promise<string> => {
  const heard = await remoteBranches(at, remote, branch)
  if (!heard.ok) throw unmet(`the remote ${remote} answers`, heard.why, typed`git ls-remote ${remote}`)
  const id = heard.branches.get(branch)
  if (id) return id
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
