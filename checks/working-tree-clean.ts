import { defineCheck, fails, holds, quantity } from '../runbook/index.ts'
import { changedFiles } from './reading/changed-files.ts'
import { oneLine } from './reading/one-line.ts'

/** No file that git tracks was changed. Files that it does not track do not count. */
export const workingTreeClean = () =>
  defineCheck({
    fact: 'the working tree is clean',
    remedy: 'git status; then commit what was changed, or put it aside with git stash',
    look: async (at) => {
      const { head, paths } = await changedFiles(at)
      if (!paths.length) return holds(`nothing changed since ${head.slice(0, 7)}`)
      const named = paths.map(({ path, unmerged }) => `${oneLine(path)}${unmerged ? ' (unmerged)' : ''}`)
      return fails(
        `${quantity(named.length, 'changed file')}: ${named.slice(0, 5).join(', ')}${named.length > 5 ? ' and more' : ''}`,
        { tail: named.slice(0, 40).join('\n') },
      )
    },
  })
