import { defineCheck, fails, holds } from '../runbook/index.ts'
import { remoteRevision } from './reading/remote-revision.ts'
import { storeOfLook } from './reading/store-of-look.ts'

/** The git remote has a tag, a branch or a commit by this name, and only one. */
export const remoteHasRevision = (revision: string, remote = 'origin') =>
  defineCheck({
    fact: `the remote ${remote} has the revision ${revision}`,
    remedy: 'name a tag or a commit that was pushed',
    look: async (at) => {
      const found = await remoteRevision(at, remote, revision, await storeOfLook(at))
      if (!found.ok) return fails(found.seen, { remedy: found.remedy })
      return holds(`${found.what}, ${found.commit.slice(0, 7)}`)
    },
  })
