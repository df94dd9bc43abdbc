import { bytes, defineCheck, fails, holds, typed } from '../runbook/index.ts'
import { listed } from './reading/listed.ts'

/** There is a file, not a folder, of this name. */
export const fileExists = (path: string) =>
  defineCheck({
    fact: `the file ${path} exists`,
    remedy: typed`ls -l ${path}, and correct the path`,
    look: async (at) => {
      const entry = await listed(at, path)
      if (!entry) return fails('there is nothing of this name')
      return entry.kind === '-'
        ? holds(bytes(entry.size))
        : fails(entry.kind === 'd' ? 'it is a folder' : 'it is no file')
    },
  })
