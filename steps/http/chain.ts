import {
  type Act,
  beginningOf,
  type ExactJson,
  Failed,
  type Failure,
  fails,
  failureOf,
  gets,
  holds,
  isSecretInAddress,
  type Planned,
  quantity,
  type Reply,
  typed,
} from '../../runbook/index.ts'
import { difference, outline, type Values } from './answer-shape.ts'
import { canBeCaptured, fillUrl, pathOf, valueAt } from './captured.ts'
import { capturedFrom, type HttpRequest, holesOf, isIdempotent, jsonOf } from './request.ts'

export type HttpAct = Act<Readonly<Record<string, Planned>>, null>
export interface Retry {
  times: number
  /** Milliseconds. */
  every: number
}

/** What a proxy answers while the application behind it comes up. */
const COMING_UP = [502, 503, 504]
/** How much of a wrong answer is shown. Characters. */
const SHOWN = 500

/** Opens the connection that the requests will use, and waits for an application that comes up. */
export const warmUp = async ({ attempt, sleep, env }: HttpAct, { times, every }: Retry): Promise<void> => {
  for (let left = times; left >= 0; left -= 1) {
    const answer = await attempt({ ...gets(env.app.health), timeout: 5000 })
    if (answer.ok ? !COMING_UP.includes(answer.value.status) : !isRefused(answer.failure)) return
    if (left > 0) await sleep(every)
  }
}

/** Sends a request, proves each part of what is expected of its answer, and keeps what it captures. */
export const ask = async (
  request: HttpRequest,
  act: HttpAct,
  values: Record<string, ExactJson>,
  retry: Retry,
): Promise<void> => {
  const { name, expect, capture } = request
  const sent = await send(request, act, values, retry)
  const prove = (fact: string, well: boolean, seen: string) =>
    act.prove(
      `"${name}" ${fact}`,
      well ? holds(seen) : fails(seen, { tail: beginningOf(sent.reply?.body ?? '', SHOWN, '') }),
      typed`look into the application's log, then: runbook verify ${act.env.name}`,
    )
  if (!sent.reply) return prove('is answered', false, sent.why)
  const { reply, times } = sent
  const answer = expect.json !== undefined || Object.keys(capture).length ? jsonOf(reply) : undefined
  // First of all: what was created must be removed, also where something else about the answer is wrong.
  Object.assign(values, capturedFrom(reply, request))
  const statuses = [expect.status ?? 200].flat()
  const asked = times > 1 ? `, asked ${quantity(times, 'time')}` : ''
  prove(`answers ${statuses.join(' or ')}`, statuses.includes(reply.status), `${answered(reply)}${asked}`)
  if (expect.json !== undefined) {
    const wrong = answer === undefined ? notJson(reply) : difference(expect.json, answer, values)
    prove('answers as expected', !wrong, wrong ?? outline(answer!))
  }
  for (const [as, what] of Object.entries(capture))
    prove(
      `answers with a value at ${pathOf(what)}`,
      as in values,
      as in values ? `${as} ${values[as]}` : noneIn(answer, reply, pathOf(what)),
    )
  if (expect.within !== undefined)
    prove(
      `answers within ${expect.within} ms`,
      reply.ms <= expect.within,
      `${reply.ms} ms, on an open connection`,
    )
}

/** Takes away what was created, also after an interrupt; names what stays behind where it cannot. */
export const cleanUp = async (
  request: HttpRequest,
  act: HttpAct,
  values: Values,
  retry: Retry,
): Promise<void> => {
  const statuses = [request.expect.status ?? [200, 202, 204]].flat()
  const { aborted } = act.signal
  const performing = { ...act, perform: act.cleanUp }
  const sent = await send(request, performing, values, aborted ? { times: 0, every: 0 } : retry).catch(
    (error): Sent => {
      if (!aborted) throw error
      return { why: 'not sent after the interrupt' }
    },
  )
  const well = sent.reply !== undefined && statuses.includes(sent.reply.status)
  const seen = sent.reply ? answered(sent.reply) : sent.why
  const left = Object.entries(values).map(([name, value]) => `${name} ${value}`)
  const url = fillUrl(request.url, strings(values))
  act.prove(
    `"${request.name}" answers ${statuses.join(' or ')}`,
    well ? holds(seen) : fails(left.length ? `${seen}; left behind: ${left.join(', ')}` : seen),
    `do it by hand: ${request.method} ${url.startsWith('/') ? act.env.app.url : ''}${url}`,
  )
}

/** Takes away what an attempt has left that was killed between creating and removing it. */
export const removeLeft = async (
  cleanup: readonly HttpRequest[],
  act: HttpAct,
  retry: Retry,
): Promise<void> => {
  const left = act.capturedBefore
  for (const request of cleanup) {
    const holes = holesOf(request)
    if (holes.length === 0 || !holes.every((hole) => hole in left) || act.performed(request.name)) continue
    // A secret in it stands in the transcript by its name only, and would lead to something else.
    const masked = holes.find((hole) => String(left[hole]).includes('‹secret '))
    if (masked !== undefined) {
      act.prove(
        'what the interrupted attempt had created is gone',
        fails(`${masked} holds a secret, and the transcript does not have it`),
        `remove it by hand: ${request.name}`,
      )
      continue
    }
    const sent = await send(request, act, left, retry)
    const seen = sent.reply ? answered(sent.reply) : sent.why
    // What was removed after all, before the attempt could say so, is gone.
    const gone =
      sent.reply !== undefined && (sent.reply.status < 400 || [404, 410].includes(sent.reply.status))
    act.prove(
      'what the interrupted attempt had created is gone',
      gone ? holds(seen) : fails(seen),
      `remove it by hand: ${holes.map((hole) => `${hole} ${left[hole]}`).join(', ')}`,
    )
  }
}

/** The first failure is the one that matters; what could not be cleaned up is named behind it. */
export const together = ([first, ...others]: readonly unknown[]): unknown => {
  const failure = failureOf(first)
  if (failure.kind !== 'after-unmet') return first
  const unmet = others.map(failureOf).flatMap((other) => (other.kind === 'after-unmet' ? other.unmet : []))
  return new Failed({ ...failure, unmet: [...failure.unmet, ...unmet] })
}

type Sent = { reply: Reply; times: number } | { reply?: never; why: string }

/** Until it is answered. What changes something is sent again only where nobody took it: the connection was refused. */
const send = async (request: HttpRequest, act: HttpAct, values: Values, retry: Retry): Promise<Sent> => {
  for (let times = 1; ; times += 1) {
    const last = times > retry.times
    try {
      const reply = (await act.perform(request.name, strings(values))) as Reply
      if (last || !isIdempotent(request) || !COMING_UP.includes(reply.status)) return { reply, times }
    } catch (error) {
      const failure = failureOf(error)
      if (failure.kind !== 'request-failed') throw error
      if (!isRefused(failure) && !isIdempotent(request))
        return { why: `${failure.message}; whether it was carried out is not known` }
      if (last || !isRefused(failure)) return { why: failure.message }
    }
    await act.sleep(retry.every)
  }
}

/** Why an answer is no JSON. */
export const notJson = ({ unread }: Reply): string =>
  unread ? `the answer is not JSON: ${unread}` : 'the answer is not JSON'

/** Why nothing was captured. */
const noneIn = (answer: ExactJson | undefined, reply: Reply, path: string): string => {
  if (answer === undefined) return notJson(reply)
  const value = valueAt(answer, path)
  if (value === undefined) return 'nothing'
  if (canBeCaptured(value)) return reply.unread ?? `the answer is ${reply.status}`
  return `none of use: ${outline(value)}`
}

const isRefused = (failure: Failure): boolean =>
  failure.kind === 'request-failed' && failure.message === 'connection refused'

const answered = ({ status, ms, headers }: Reply): string =>
  `${status} in ${ms} ms${headers.location && status >= 300 && status < 400 ? `, to ${withoutKeys(headers.location)}` : ''}`

/** An application may lead on with a key that no book knows of: of what is named like one only the name is shown. */
const withoutKeys = (url: string): string =>
  url.replace(/([?&#]([^=&#]*)=)[^&#]+/g, (all, upTo, name) => (isSecretInAddress(name) ? `${upTo}…` : all))

const strings = (values: Values): Record<string, string> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, String(value)]))
