import { type Check, defineCheck, fails, holds, type Look, type Verdict } from '../runbook/index.ts'
import { healthShowsRevision } from './health-shows-revision.ts'
import type { Coolify } from './reading/coolify-api.ts'
import {
  type CoolifyDeployment,
  commitOf,
  deploymentsOf,
  isRunning,
  logTailOf,
  pageOf,
} from './reading/coolify-deployments.ts'

export interface CoolifyDeployedOptions extends Coolify {
  application: string
  /** The commit id that must be the last one deployed. */
  commit?: string | undefined
  /** Only a deployment after this one counts; Coolify numbers them. */
  newerThan?: number | undefined
}

/** None of the application's deployments runs, and the last that finished is the wanted one. */
export const coolifyDeployed = (options: CoolifyDeployedOptions): Check => {
  const { application, commit, newerThan = 0 } = options
  return defineCheck({
    fact: commit ? `Coolify has deployed ${commit.slice(0, 7)}` : 'Coolify has finished the deployment',
    remedy: `look at it in Coolify: ${options.url}`,
    look: async (look) => {
      const deployments = await deploymentsOf(look, options, application)
      const running = deployments.find(isRunning)
      if (running) return fails(`${running.deployment_uuid} is ${running.status}`)
      const finished = deployments.find(({ status }) => status === 'finished')
      if (finished && finished.id > newerThan && (!commit || commitOf(finished) === commit))
        return holds(`${finished.deployment_uuid} finished, ${finished.commit.slice(0, 7)}`)
      return notDeployed(options, finished, deployments[0])
    },
  })
}

const notDeployed = (
  coolify: Coolify,
  finished: CoolifyDeployment | undefined,
  last: CoolifyDeployment | undefined,
): Verdict => {
  if (!last) return fails('it was never deployed')
  const live = finished
    ? `the last that finished is ${finished.commit.slice(0, 7)}, ${finished.deployment_uuid}`
    : 'none has ever finished'
  if (last === finished) return fails(live)
  // Nothing runs any more, so that waiting brings nothing.
  return fails(`${last.deployment_uuid} ended as ${last.status}; ${live}`, {
    tail: logTailOf(last),
    final: true,
    remedy: `read its log: ${pageOf(coolify, last)}`,
  })
}

/**
 * What answers is what Coolify deployed last: while a new container is built and started the old one goes on
 * answering 200.
 */
export const coolifyServes = (
  options: CoolifyDeployedOptions & { path?: string | undefined; key?: string },
): Check =>
  defineCheck({
    fact: `the application answers with ${options.commit?.slice(0, 7) ?? 'the commit that Coolify deployed'}`,
    remedy: `look whether the new container is well: ${options.url}; the old one answers until it is`,
    look: async (look: Look) => {
      const deployments = options.commit ? [] : await deploymentsOf(look, options, options.application)
      const finished = deployments.find(({ status }) => status === 'finished')
      const revision = options.commit ?? (finished && commitOf(finished))
      if (!revision) return fails('Coolify does not say which commit it deployed')
      const { path, key } = options
      return healthShowsRevision({
        revision,
        overlap: true,
        ...(path && { path }),
        ...(key && { key }),
      }).look(look)
    },
  })
