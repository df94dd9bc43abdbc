import { defineCheck, fails, holds, typed } from '../runbook/index.ts'
import { nearest } from './reading/nearest.ts'
import { oneLine } from './reading/one-line.ts'
import { remoteBranches } from './reading/remote-branches.ts'

/** The git remote has a branch of this name. */
export const remoteHasBranch = (branch: string, remote = 'origin') =>
  defineCheck({
    fact: `the remote ${remote} has the branch ${branch}`,
    remedy: typed`git push -- ${remote} ${branch} from where it exists, or correct app.branch in the book`,
    look: async (at) => {
      const one = await remoteBranches(at, remote, branch)
      if (!one.ok) return fails('unknown: the remote does not answer')
      const id = one.branches.get(branch)
      if (id) return holds(id.slice(0, 7))
      const all = await remoteBranches(at, remote)
      return fails(all.ok ? whatItHas(branch, [...all.branches.keys()]) : 'it has none of this name')
    },
  })

const whatItHas = (branch: string, names: string[]): string => {
  if (!names.length) return 'it has no branch at all'
  const near = nearest(branch, names)
  const shown = [...new Set([...(near ? [near] : []), ...names])].slice(0, 8).map((name) => oneLine(name))
  return `it has ${shown.join(', ')}${names.length > shown.length ? ` and ${names.length - shown.length} more` : ''}`
}
