import { oneLine } from '../../checks/reading/one-line.ts'
import { remoteBranches } from '../../checks/reading/remote-branches.ts'
import { remoteRevision } from '../../checks/reading/remote-revision.ts'
import { storeOfLook } from '../../checks/reading/store-of-look.ts'
import { defineCheck, Failed, fails, holds, type Look, quantity, reads, typed } from '../../runbook/index.ts'
import type { Wanted } from './incoming-commits.ts'
import { incomingObjects } from './incoming-objects.ts'
import { lfsFilesIn, lfsReady } from './lfs.ts'
import { missingIn, type Reached, reachSubmodules } from './reach-submodules.ts'

/**
 * What a revision has beside its own objects is there, or can be had: the commits of its submodules, at any depth, and a
 * git-lfs for what is in Git LFS. git itself finds out when the files are already being moved.
 */
export const contentsCanBeHad = (remote: string, wanted: Wanted) =>
  defineCheck({
    fact: 'what the revision brings from elsewhere can be had',
    remedy: 'git submodule status; git lfs version',
    look: async (at) => {
      const clone = await at.attempt(reads('git', 'rev-parse', '--show-toplevel'))
      if (!clone.ok) return holds('not known: there is no clone')
      const cwd = clone.value
      const commit = await commitOf(at, remote, wanted)
      // Why is said by those that ask the remote.
      if (!commit) return holds('not known: the remote does not say which revision comes')
      const known = await objectsOf(at, commit, remote)
      if ('why' in known) return fails(known.why, { remedy: typed`git fetch --dry-run ${remote}` })
      const { env } = known
      const reached = await reachSubmodules(at, commit, { cwd, env, base: await urlOf(at, remote) })
      const missing = missingIn(reached)
      if (missing.length) {
        const [first] = missing
        return fails(missing.map(({ why }) => why).join('; '), { remedy: first!.remedy })
      }
      const files = (await lfsFilesIn(at, commit, { cwd, env })).map(({ path }) => path)
      for (const one of reached)
        if (one.found)
          for (const { path } of await lfsFilesIn(at, one.id, { cwd, env: one.env }))
            files.push(`${one.path}/${path}`)
      const unready = files.length ? await lfsReady(at, cwd) : undefined
      if (unready)
        return fails(`${quantity(files.length, 'file')} in Git LFS (${named(files)}), and ${unready.seen}`, {
          remedy: unready.remedy,
        })
      return holds(saidOf(reached, files))
    },
  })

const named = (paths: readonly string[]): string =>
  paths
    .slice(0, 3)
    .map((path) => oneLine(path, 60))
    .join(', ') + (paths.length > 3 ? ', …' : '')

const saidOf = (reached: readonly Reached[], files: readonly string[]): string => {
  const parts = [
    ...(reached.length
      ? [`${quantity(reached.length, 'submodule')}: ${named(reached.map(({ path }) => path))}`]
      : []),
    ...(files.length ? [`${quantity(files.length, 'file')} in Git LFS: ${named(files)}`] : []),
  ]
  return parts.join('; ') || 'neither a submodule nor a file in Git LFS'
}

const commitOf = async (
  at: Look,
  remote: string,
  { branch, revision }: Wanted,
): Promise<string | undefined> => {
  if (revision === undefined) {
    const heard = await remoteBranches(at, remote, branch)
    return heard.ok ? heard.branches.get(branch) : undefined
  }
  const found = await remoteRevision(at, remote, revision, await storeOfLook(at))
  return found.ok ? found.commit : undefined
}

const objectsOf = async (
  at: Look,
  commit: string,
  remote: string,
): Promise<{ env: Record<string, string> } | { why: string }> => {
  try {
    return { env: await incomingObjects(at, commit, [remote]) }
  } catch (error) {
    if (error instanceof Failed && error.failure.kind === 'before-unmet')
      return { why: error.failure.unmet.map(({ fact, seen }) => `${fact}: ${seen}`).join('; ') }
    throw error
  }
}

const urlOf = async (at: Look, remote: string): Promise<string> => {
  const asked = await at.attempt(reads('git', 'remote', 'get-url', remote))
  return asked.ok ? asked.value : remote
}
