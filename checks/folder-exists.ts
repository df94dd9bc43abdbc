import { defineCheck, fails, holds, typed } from '../runbook/index.ts'
import { listed } from './reading/listed.ts'

/** There is a folder of this name. */
export const folderExists = (path: string) =>
  defineCheck({
    fact: `the folder ${path} exists`,
    remedy: typed`ls -ld ${path}, and correct the path`,
    look: async (at) => {
      const entry = await listed(at, path)
      if (!entry) return fails('there is nothing of this name')
      return entry.kind === 'd' ? holds(entry.mode) : fails('it is a file')
    },
  })
