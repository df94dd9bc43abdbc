import { gets, reads } from '../model/action.ts'
import type { Look } from '../model/look.ts'
import { revisionIn } from '../model/revision-in.ts'

/** How long the application may take to say its revision. Milliseconds. */
const ANSWER = 3_000

/** The commit that is checked out in the application's folder; undefined where that is no clone, or has no commit. */
export const headOf = async ({ attempt }: Pick<Look, 'attempt'>): Promise<string | undefined> => {
  const head = await attempt(reads('git', 'rev-parse', '--verify', '--quiet', 'HEAD^{commit}'))
  return head.ok ? head.value : undefined
}

/** The revision that the application answers with; undefined where it does not answer, or does not say. */
export const answeringRevision = async ({ env, attempt }: Look): Promise<string | undefined> => {
  if (!env.app.url) return undefined
  const asked = await attempt({ ...gets(env.app.health), timeout: ANSWER })
  return asked.ok ? revisionIn(asked.value.body, 'revision') : undefined
}
