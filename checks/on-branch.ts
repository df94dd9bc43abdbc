import { defineCheck, fails, holds, reads, typed } from '../runbook/index.ts'

/** This branch is the one that is checked out. */
export const onBranch = (name: string) =>
  defineCheck({
    fact: `the branch ${name} is checked out`,
    // To `git checkout`, what begins with a dash is an option, and what follows `--` a file.
    remedy: name.startsWith('-') ? typed`git switch -- ${name}` : typed`git checkout ${name}`,
    look: async ({ see }) => {
      const head = await see({ ...reads('git', 'symbolic-ref', '--quiet', 'HEAD'), accept: [0, 1] })
      const branch = head.replace(/^refs\/heads\//, '')
      if (!branch) return fails('no branch: HEAD is detached')
      return branch === name ? holds(branch) : fails(branch)
    },
  })
