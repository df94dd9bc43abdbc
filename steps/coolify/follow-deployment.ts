import { bodyOf, type Coolify, refusal, retryAfter } from '../../checks/reading/coolify-api.ts'
import {
  type CoolifyDeployment,
  commitOf,
  deploymentOf,
  deploymentsOf,
  isRunning,
  logLinesOf,
  logTailOf,
  pageOf,
} from '../../checks/reading/coolify-deployments.ts'
import { type Act, Failed, fails, type Given, holds, type Reply, type Request } from '../../runbook/index.ts'

/** A step that sets a deployment off by `trigger`, and can cancel it. */
export type DeployingAct = Act<
  { trigger: Request<'changes'>; cancel: Given<'deployment', Request<'changes'>> },
  { last: number }
>
export interface FollowOptions extends Coolify {
  application: string
  /** The commit id that the plan named, where it could. */
  wanted?: string | null
  queue: number
  timeout: number
  every: number
}
/** What was set off, and whether by this run. */
interface Begun {
  deployment: CoolifyDeployment
  ours: boolean
}

/** For how long Coolify need not answer in the middle of a deployment, such as while it updates itself. Milliseconds. */
const SILENCE = 60_000

/** Sets a deployment off and stays with it to its end, its log in the transcript. An interrupt cancels it. */
export const deployAndFollow = async (act: DeployingAct, options: FollowOptions): Promise<void> => {
  const begun = await begin(act, options)
  try {
    const ended = await follow(act, begun, options)
    act.prove(
      'the deployment has finished',
      ended.status === 'finished'
        ? holds(`${ended.deployment_uuid}, ${ended.commit.slice(0, 7)}`)
        : fails(endedAs(ended), { tail: logTailOf(ended) }),
      `read its log: ${pageOf(options, ended)}`,
    )
  } catch (error) {
    if (act.signal.aborted) await cancel(act, begun, 'cleanUp').catch(() => {})
    throw error
  }
}

const endedAs = ({ status, deployment_uuid }: CoolifyDeployment): string =>
  status === 'cancelled-by-user'
    ? `somebody cancelled ${deployment_uuid} in Coolify`
    : `${deployment_uuid} ended as ${status}`

/** Until Coolify takes it: with a full queue it says when to ask again, and nothing was queued. */
const begin = async (act: DeployingAct, options: FollowOptions): Promise<Begun> => {
  const until = act.now().getTime() + options.queue
  for (;;) {
    const reply = await act.perform('trigger')
    if (reply.status === 200) return find(act, reply, options)
    const wait = retryAfter(reply)
    if (reply.status !== 429 || act.now().getTime() + wait > until) {
      const { fact, seen, remedy } = refusal(reply, options)
      act.prove(fact, fails(seen), remedy)
    }
    act.relay('trigger', `${bodyOf<{ message?: string }>(reply).message}\nasked again in ${wait / 1000} s\n`)
    await act.sleep(wait)
  }
}

/**
 * The deployment that was announced. Where one of the same commit is queued already, Coolify answers 200 with the id of
 * a deployment that it never made, or without one: then that other one is followed.
 */
const find = async (act: DeployingAct, reply: Reply, options: FollowOptions): Promise<Begun> => {
  const { announced, message } = announcedBy(reply)
  const deployment = announced && (await patiently(act, options, () => deploymentOf(act, options, announced)))
  if (deployment) return { deployment, ours: true }
  const others = await deploymentsOf(act, options, options.application)
  const other = others.find(isRunning) ?? others.find(({ id }) => id > act.observed.last)
  act.prove(
    'Coolify has a deployment of the application',
    other
      ? holds(`${other.deployment_uuid}, which somebody else began`)
      : fails(`it answered "${message}", and none runs`),
    `look at the application in Coolify: ${options.url}`,
  )
  return { deployment: other!, ours: false }
}

const announcedBy = (reply: Reply): { announced: string | undefined; message: string } => {
  type Announced = { message?: string; deployment_uuid?: string }
  const body = bodyOf<Announced & { deployments?: Announced[] }>(reply)
  const { deployment_uuid: announced, message = '' } = body.deployments?.[0] ?? body
  return { announced, message }
}

/** Asks for the state of a deployment until it has ended. */
const follow = async (
  act: DeployingAct,
  begun: Begun,
  options: FollowOptions,
): Promise<CoolifyDeployment> => {
  const now = () => act.now().getTime()
  let relayed = 0
  const queued = now()
  let started = Number.NaN
  for (let { deployment } = begun; ; await act.sleep(options.every)) {
    const { deployment_uuid: uuid } = deployment
    deployment = (await patiently(act, options, () => deploymentOf(act, options, uuid))) ?? deployment
    relayed = relay(act, deployment, relayed)
    if (!isRunning(deployment)) return deployment
    if (deployment.status === 'in_progress' && Number.isNaN(started)) started = now()
    const commit = commitOf(deployment)
    const { wanted } = options
    if (wanted && commit && commit !== wanted)
      await giveUp(
        act,
        begun,
        'Coolify deploys the commit of the plan',
        `${commit.slice(0, 7)} instead of ${wanted.slice(0, 7)}`,
        'look at what was pushed meanwhile, then deploy again',
      )
    if (now() - started > options.timeout)
      await giveUp(
        act,
        begun,
        `it takes no more than ${options.timeout / 1000} s`,
        'it goes on',
        `read its log, or raise \`timeout\`: ${pageOf(options, deployment)}`,
      )
    if (Number.isNaN(started) && now() - queued > options.queue)
      await giveUp(
        act,
        begun,
        `it is in the queue for no more than ${options.queue / 1000} s`,
        'still queued',
        `look what is before it, or raise \`queue\`: ${options.url}`,
      )
  }
}

/** In the middle of a deployment a look is made again for a while, where Coolify or what is before it is not well. */
const patiently = async <T>(
  act: DeployingAct,
  { every }: FollowOptions,
  look: () => Promise<T>,
): Promise<T> => {
  const until = act.now().getTime() + SILENCE
  for (;;)
    try {
      return await look()
    } catch (error) {
      act.signal.throwIfAborted()
      if (!(error instanceof Failed) || act.now().getTime() > until) throw error
      await act.sleep(every)
    }
}

/** The new lines of its log. How many there are now. */
const relay = (act: DeployingAct, deployment: CoolifyDeployment, relayed: number): number => {
  const lines = logLinesOf(deployment) ?? []
  for (const { text, error } of lines.slice(relayed)) act.relay('trigger', `${text}\n`, error ? 'err' : 'out')
  return Math.max(relayed, lines.length)
}

/** A deployment that nobody waits for any more must not take effect later. */
const giveUp = async (
  act: DeployingAct,
  begun: Begun,
  fact: string,
  seen: string,
  remedy: string,
): Promise<void> => {
  const left = await cancel(act, begun, 'perform')
  act.prove(fact, fails(`${seen}; ${left}`), remedy)
}

/** Cancels what this run has begun. What became of it, in words. */
const cancel = async (
  act: DeployingAct,
  { deployment, ours }: Begun,
  how: 'perform' | 'cleanUp',
): Promise<string> => {
  const { deployment_uuid } = deployment
  if (!ours) return `${deployment_uuid} goes on, since somebody else began it`
  const reply = (await act[how]('cancel', { deployment: deployment_uuid })) as Reply
  const cancelled = reply.status === 200
  const { message } = bodyOf<{ message?: string }>(reply)
  act.prove(
    'the deployment was cancelled',
    cancelled ? holds(deployment_uuid) : fails(`${reply.status}: ${message}`),
    'look at it in Coolify',
  )
  return `${deployment_uuid} was cancelled`
}
