import { type Check, defineCheck, fails, holds } from '../runbook/index.ts'
import { bodyOf, type Coolify, refusal, replyTo } from './reading/coolify-api.ts'
import { deploymentsOf } from './reading/coolify-deployments.ts'

export interface CoolifyAccessOptions extends Coolify {
  /** The application’s id in Coolify. */
  application: string
}

/** Coolify answers, and the token may read the application and deploy it. Asked without changing anything. */
export const coolifyAccess = ({ application, ...coolify }: CoolifyAccessOptions): Check =>
  defineCheck({
    fact: `the application ${application} can be deployed by Coolify at ${coolify.url}`,
    remedy: `look whether Coolify runs at ${coolify.url}`,
    look: async (look) => {
      const version = await replyTo(look, coolify, '/version')
      if (version.status !== 200) return refusedBy(refusal(version, coolify))
      const found = await replyTo(look, coolify, `/applications/${application}`)
      if (found.status !== 200) return refusedBy(refusal(found, coolify))
      // Asked for without naming anything, and by GET, it deploys nothing in any version. A token that may not deploy
      // is refused before that is looked at, with 403; any other is answered 405, or before 4.2 400.
      const may = await replyTo(look, coolify, '/deploy')
      if (![400, 405].includes(may.status)) return refusedBy(refusal(may, coolify))
      const [last] = await deploymentsOf(look, coolify, application)
      const { name } = bodyOf<{ name: string }>(found)
      const unread = last && last.logs === undefined ? '; its logs stay in Coolify: no read:sensitive' : ''
      return holds(`${name}, Coolify ${version.body.trim()}${unread}`)
    },
  })

const refusedBy = ({ fact, seen, remedy }: ReturnType<typeof refusal>) =>
  fails(`not so: ${fact}; ${seen}`, { remedy })
