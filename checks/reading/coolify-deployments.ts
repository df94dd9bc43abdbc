import type { Look } from '../../runbook/index.ts'
import { bodyOf, type Coolify, replyTo, seenIn } from './coolify-api.ts'

/** Of the description's `Application`, what is of use. */
export interface CoolifyApplication {
  name: string
  git_branch: string
  /** `HEAD`, or the commit that it is held at. */
  git_commit_sha: string
}
/** Of the description's `ApplicationDeploymentQueue`, what is of use. */
export interface CoolifyDeployment {
  id: number
  deployment_uuid: string
  /** A commit id, or `HEAD` until the deployment has looked which that is. */
  commit: string
  status: string
  /** The path of its page. */
  deployment_url?: string
  pull_request_id?: number
  /** JSON of its lines; absent where the token may not read what is sensitive. */
  logs?: string
}

export const isRunning = ({ status }: CoolifyDeployment): boolean =>
  status === 'queued' || status === 'in_progress'
/** A commit id, where it is known already. */
export const commitOf = ({ commit }: { commit: string }): string | null =>
  /^[0-9a-f]{40}$/i.test(commit) ? commit.toLowerCase() : null

export const applicationOf = (look: Look, coolify: Coolify, uuid: string): Promise<CoolifyApplication> =>
  seenIn(look, coolify, `/applications/${uuid}`)

/** How many of the last deployments are looked at. */
const LAST = 20

/** The last deployments of an application, the newest first; those of pull requests are of others. */
export const deploymentsOf = async (
  look: Look,
  coolify: Coolify,
  application: string,
): Promise<CoolifyDeployment[]> => {
  const answer = await seenIn<CoolifyDeployment[] | { deployments?: CoolifyDeployment[] }>(
    look,
    coolify,
    `/deployments/applications/${application}?take=${LAST}`,
  )
  // Its own description says a list; what comes is an object with one.
  const all = Array.isArray(answer) ? answer : (answer.deployments ?? [])
  return all.filter((one) => !one.pull_request_id).sort((a, b) => b.id - a.id)
}

/** The number of the last deployment that has ended: whatever ends later is news. */
export const lastEnded = (deployments: readonly CoolifyDeployment[]): number =>
  deployments.find((one) => !isRunning(one))?.id ?? 0

/** A deployment; undefined where Coolify does not know it. */
export const deploymentOf = async (
  look: Look,
  coolify: Coolify,
  uuid: string,
): Promise<CoolifyDeployment | undefined> => {
  const reply = await replyTo(look, coolify, `/deployments/${uuid}`)
  if (reply.status === 404) return undefined
  return reply.status === 200 ? bodyOf(reply) : seenIn(look, coolify, `/deployments/${uuid}`)
}

/** The lines of a deployment's log that are for its reader; undefined where the token may not read them. */
export const logLinesOf = ({ logs }: CoolifyDeployment): { text: string; error: boolean }[] | undefined => {
  if (typeof logs !== 'string') return undefined
  try {
    const lines = JSON.parse(logs) as { output?: string; type?: string; hidden?: boolean }[]
    return lines
      .filter(({ hidden, output }) => !hidden && output)
      .map(({ output, type }) => ({ text: output!, error: type === 'stderr' }))
  } catch {
    return []
  }
}

/** The end of a deployment's log, to explain a failure. */
export const logTailOf = (deployment: CoolifyDeployment): string =>
  (logLinesOf(deployment) ?? [])
    .slice(-20)
    .map((line) => line.text)
    .join('\n')

/** Where a person reads it. */
export const pageOf = ({ url }: Coolify, { deployment_url }: CoolifyDeployment): string =>
  `${url}${deployment_url ?? ''}`
