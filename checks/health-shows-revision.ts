import {
  beginningOf,
  type Check,
  defineCheck,
  Failed,
  fails,
  gets,
  holds,
  type Look,
  reads,
  revisionIn,
  type Text,
} from '../runbook/index.ts'

export interface HealthShowsRevisionOptions {
  /** Default: the environment's `app.health`. */
  path?: string
  /** A commit id. Default: what this run deploys; where it moves no code, the HEAD of the application's folder. */
  revision?: string
  /** The key of the JSON answer that holds the commit id, whole or at least its first seven digits. Default: revision. */
  key?: string
  headers?: Readonly<Record<string, Text>>
  /** The previous release may answer for a while beside the new one: another revision is waited for. Default: false. */
  overlap?: boolean
}

/** The running application says that it was built from the revision that is deployed: the strongest proof of a restart. */
export const healthShowsRevision = (options: HealthShowsRevisionOptions = {}): Check => {
  const { path, headers, key = 'revision', overlap = false } = options
  return defineCheck({
    fact: `the application answers with ${options.revision?.slice(0, 7) ?? 'the deployed revision'}`,
    remedy: 'build and restart the application; if the answer stays, find who else listens on that port',
    look: async (look) => {
      const wanted = options.revision ?? look.revision?.to ?? (await headOf(look))
      const asked = await look.attempt({ ...gets(path ?? look.env.app.health, headers), timeout: 5000 })
      if (!asked.ok) {
        if (asked.failure.kind === 'request-failed') return fails(asked.failure.message)
        throw new Failed(asked.failure)
      }
      const { status, body, ms } = asked.value
      const seen = `${status} in ${ms} ms`
      if (status !== 200) return fails(seen, { tail: beginningOf(body, 500, '') })
      const revision = revisionIn(body, key)
      if (revision === undefined)
        return fails(`${seen}, without a commit id in \`${key}\``, {
          tail: beginningOf(body, 500, ''),
          final: true,
        })
      if (wanted.startsWith(revision)) return holds(`${seen}, revision ${revision.slice(0, 7)}`)
      return fails(`${seen}, revision ${revision.slice(0, 7)} instead of ${wanted.slice(0, 7)}`, {
        final: !overlap,
      })
    },
  })
}

const headOf = ({ see }: Look): Promise<string> => see(reads('git', 'rev-parse', 'HEAD'))
