import { defineCheck, holds, reads } from 'runbook'

/** `git log --oneline`, for the transcript: it shows what ran before. */
export const lastCommits = (count: number) =>
  defineCheck({
    fact: `the last ${count} commits are on record`,
    remedy: 'git log --oneline',
    look: async ({ see }) => {
      const log = await see(reads('git', 'log', '--oneline', '--no-decorate', '--no-color', `-${count}`))
      return holds(log.replaceAll('\n', '; '))
    },
  })
