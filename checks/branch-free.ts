import { defineCheck, fails, holds, reads, typed } from '../runbook/index.ts'

/** The branch is checked out here, or nowhere: git checks it out in one working tree of a repository only. */
export const branchFree = (name: string) =>
  defineCheck({
    fact: `no other working tree has the branch ${name} checked out`,
    remedy: 'git worktree list',
    look: async ({ see }) => {
      const ref = `refs/heads/${name}`
      const here = await see({ ...reads('git', 'symbolic-ref', '--quiet', 'HEAD'), accept: [0, 1] })
      if (here === ref) return holds('it is checked out here')
      const trees = (await see(reads('git', 'worktree', 'list', '--porcelain'))).split('\n\n')
      const other = trees.map((tree) => tree.split('\n')).find((lines) => lines.includes(`branch ${ref}`))
      if (!other) return holds('none')
      const folder = other[0]!.replace(/^worktree /, '')
      const gone = other.some((line) => line.startsWith('prunable'))
      return fails(folder, {
        remedy: gone ? 'git worktree prune' : typed`git -C ${folder} checkout --detach`,
      })
    },
  })
