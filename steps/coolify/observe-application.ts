import { type Coolify, replyTo } from '../../checks/reading/coolify-api.ts'
import {
  applicationOf,
  commitOf,
  deploymentsOf,
  isRunning,
  lastEnded,
} from '../../checks/reading/coolify-deployments.ts'
import { type Look, reads } from '../../runbook/index.ts'

/** What Coolify would deploy, and what it deployed last. */
export const observeApplication = async (
  look: Look,
  coolify: Coolify,
  application: string,
  remote: string | false,
) => {
  const { name, git_branch: branch, git_commit_sha } = await applicationOf(look, coolify, application)
  const deployments = await deploymentsOf(look, coolify, application)
  const finished = deployments.find(({ status }) => status === 'finished')
  const held = commitOf({ commit: git_commit_sha ?? '' })
  const head = remote === false ? null : await headOf(look, remote, branch)
  const images = await replyTo(look, coolify, `/applications/${application}/rollback-images`)
  return {
    name,
    branch,
    /** The commit that Coolify holds the application at, whatever is pushed. */
    held,
    head,
    from: finished ? commitOf(finished) : null,
    to: held ?? look.revision?.to ?? head,
    last: lastEnded(deployments),
    running: deployments.find(isRunning)?.deployment_uuid ?? null,
    /** Since 4.3 Coolify can take an application back to an image that it has kept. */
    rollback: images.status === 200 ? ('call' as const) : ('version' as const),
  }
}
export type ObservedApplication = Awaited<ReturnType<typeof observeApplication>>

/** Where the branch stands at the remote; null where the application's folder is no clone, or cannot ask. */
const headOf = async (look: Look, remote: string, branch: string): Promise<string | null> => {
  const asked = await look.attempt({
    ...reads('git', 'ls-remote', '--exit-code', remote, `refs/heads/${branch}`),
    timeout: 20_000,
  })
  return asked.ok ? commitOf({ commit: asked.value.split(/\s/)[0] ?? '' }) : null
}
