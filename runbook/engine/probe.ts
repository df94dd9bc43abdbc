import { type Sent, send } from '../doors/web.ts'
import { gets } from '../model/action.ts'
import type { Environment } from '../model/environment.ts'
import type { EventOf, Outage, Probed } from '../model/event.ts'
import { explain } from '../model/explain.ts'
import { failureOf } from '../model/failure.ts'
import { outageText } from '../model/outage-text.ts'
import { absoluteUrl, headersOf } from '../model/print-action.ts'
import { quantity } from '../model/quantity.ts'
import type { Doors } from './doors.ts'
import type { RunContext } from './run-context.ts'

/** How often an address is asked, and how long is waited for each answer. Milliseconds. */
const EVERY = 50
const TIMEOUT = 5000
/** How long nobody gets a good answer before that is said; then again when it has lasted twice as long. Milliseconds. */
const SAID = 5000

/**
 * Asks the addresses that the environment names, all the time while `work` goes on, as its users do; an outage that
 * lasts is recorded meanwhile, and what they met with at its end. Nothing that happens here ends, delays or fails the work.
 */
export const whileProbing = async <T>(context: RunContext, work: () => Promise<T>): Promise<T> => {
  const over = new AbortController()
  const sofar: Probed[] = []
  context.metWith = () => sofar
  const probes = context.env.app.probe.map((url) =>
    probe(url, context, over.signal, (one) => sofar.push(one)),
  )
  try {
    return await work()
  } finally {
    over.abort()
    for (const probed of await Promise.all(probes))
      recordQuietly(
        {
          side: 'after',
          fact: `who asked ${probed.url} meanwhile was answered`,
          holds: probed.failed === 0,
          seen: `${quantity(probed.requests, 'request')}, ${probed.failed} failed`,
          ms: probed.ms,
          probed,
        },
        context,
      )
  }
}

const recordOutage = (outage: Outage, context: RunContext): void =>
  recordQuietly(
    {
      side: 'after',
      fact: `GET ${outage.url} is answered`,
      holds: outage.over === true,
      seen: outageText(outage),
      ms: outage.ms,
      outage,
    },
    context,
  )

/** A transcript that cannot be written any more is found out at the end of the run, and must not hide why it ended. */
const recordQuietly = (looked: Omit<EventOf<'looked'>, 'type'>, { recorder }: RunContext): void => {
  try {
    recorder.record({ type: 'looked', ...looked })
  } catch {
    // The end of the run finds it out.
  }
}

const probe = async (
  url: string,
  context: RunContext,
  over: AbortSignal,
  /** Given at its beginning; it grows. */
  show: (probed: Probed) => void,
): Promise<Probed> => {
  const { env, doors } = context
  const { clock } = doors
  const began = clock.monotonic()
  const probed: Probed = { url, requests: 0, failed: 0, failures: {}, longestGap: 0, ms: 0 }
  show(probed)
  /** When the first request was sent since the last answer. */
  let unanswered: number | undefined
  let because = 'no answer yet'
  let saidAfter = SAID
  const gap = (): number => (unanswered === undefined ? 0 : Math.round(clock.monotonic() - unanswered))
  const say = (more: Pick<Outage, 'over'> = {}) => recordOutage({ url, ms: gap(), because, ...more }, context)
  const sayLasting = (): void => {
    if (gap() < saidAfter) return
    say()
    saidAfter *= 2
  }
  const endGap = (): void => {
    probed.longestGap = Math.max(probed.longestGap, gap())
    unanswered = undefined
  }
  const answered = (): void => {
    if (saidAfter > SAID) say({ over: true })
    saidAfter = SAID
    because = 'no answer yet'
    endGap()
  }
  const ask = async (): Promise<void> => {
    unanswered ??= clock.monotonic()
    probed.requests += 1
    const failure = await failureOfAsking(requestOf(url, env, doors), clock, over)
    if (over.aborted) return
    if (failure === undefined) return answered()
    because = failure
    probed.failed += 1
    probed.failures[failure] = (probed.failures[failure] ?? 0) + 1
  }
  // Whoever waits for an answer that never comes does not keep the next from asking.
  const asking = new Set<Promise<void>>()
  while (!over.aborted) {
    const asked = ask().finally(() => asking.delete(asked))
    asking.add(asked)
    sayLasting()
    await clock.sleep(EVERY, over).catch(() => {})
  }
  endGap()
  await Promise.all(asking)
  return { ...probed, ms: Math.round(clock.monotonic() - began) }
}

/** Each as from somebody who comes anew: what a connection that stays open would hide counts. */
const requestOf = (url: string, env: Environment, { secrets }: Doors): Sent => ({
  method: 'GET',
  url: absoluteUrl(url, env),
  headers: {
    ...secrets.texts(headersOf(gets(url), env)),
    connection: 'close',
  },
  timeout: TIMEOUT,
  printed: url,
})

/** Why it was not answered well: no answer, or a status from 400 on. */
const failureOfAsking = async (
  request: Sent,
  clock: RunContext['doors']['clock'],
  over: AbortSignal,
): Promise<string | undefined> => {
  try {
    const { status } = await send(request, over, clock)
    return status >= 400 ? String(status) : undefined
  } catch (error) {
    const failure = failureOf(error)
    return failure.kind === 'request-failed' ? failure.message : explain(failure).sentence
  }
}
