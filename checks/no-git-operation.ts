import { defineCheck, fails, holds, reads } from '../runbook/index.ts'

/** What git keeps in its folder while one of these stands still, and what ends it. */
const operations: Readonly<Record<string, readonly [what: string, remedy: string]>> = {
  MERGE_HEAD: ['a merge', 'git merge --abort'],
  'rebase-merge': ['a rebase', 'git rebase --abort'],
  'rebase-apply': ['a rebase or git am', 'git rebase --abort, or git am --abort'],
  CHERRY_PICK_HEAD: ['a cherry-pick', 'git cherry-pick --abort'],
  REVERT_HEAD: ['a revert', 'git revert --abort'],
  BISECT_LOG: ['a bisection', 'git bisect reset'],
}

/** No merge, rebase, cherry-pick, revert or bisection was begun in the clone and stands still. */
export const noGitOperation = () =>
  defineCheck({
    fact: 'no merge or rebase is unfinished in the clone',
    remedy: 'git status, and finish it, or abort it',
    look: async ({ see }) => {
      const folder = await see(reads('git', 'rev-parse', '--git-dir'))
      const there = new Set((await see(reads('ls', '-A', folder))).split('\n'))
      const found = Object.entries(operations).filter(([name]) => there.has(name))
      if (!found.length) return holds('none')
      const [, [, remedy]] = found[0]!
      return fails(found.map(([, [what]]) => what).join(', '), { remedy: `finish it, or: ${remedy}` })
    },
  })
