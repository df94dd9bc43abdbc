import { defineCheck, fails, holds, type Look, reads, typed } from '../runbook/index.ts'

/** The commit that is checked out is this one: a commit id, or a name that the clone knows, such as a tag. */
export const headIs = (revision: string) => {
  const named = isFullId(revision) ? revision.slice(0, 7) : revision
  return defineCheck({
    fact: `HEAD is ${named}`,
    remedy: typed`git log --oneline -5 HEAD ${named}, and see how the two relate`,
    look: async (at) => {
      const head = await at.see(reads('git', 'rev-parse', '--verify', 'HEAD'))
      const wanted = isFullId(revision) ? revision : await resolved(at, revision)
      if (!wanted) return fails(`${head.slice(0, 7)}; the clone knows no ${revision}`)
      return head === wanted ? holds(head.slice(0, 7)) : fails(head.slice(0, 7))
    },
  })
}

const isFullId = (revision: string): boolean => /^([0-9a-f]{40}|[0-9a-f]{64})$/.test(revision)

const resolved = async ({ attempt }: Look, revision: string): Promise<string | undefined> => {
  const known = await attempt(reads('git', 'rev-parse', '--verify', '--quiet', `${revision}^{commit}`))
  return known.ok ? known.value : undefined
}
