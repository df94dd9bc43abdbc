import { defineCheck, fails, holds, quantity, typed } from '../runbook/index.ts'
import { remoteBranches } from './reading/remote-branches.ts'

/** The git remote can be reached and read with the credentials at hand; nothing is ever asked for. */
export const remoteAnswers = (remote = 'origin') =>
  defineCheck({
    fact: `the remote ${remote} answers`,
    remedy: typed`git ls-remote ${remote}, until it lists branches without asking for anything`,
    look: async (at) => {
      const heard = await remoteBranches(at, remote)
      return heard.ok ? holds(quantity(heard.branches.size, 'branch', 'branches')) : fails(heard.why)
    },
  })
