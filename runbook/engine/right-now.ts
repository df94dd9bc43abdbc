import { send } from '../doors/web.ts'
import { explain } from '../model/explain.ts'
import { failureOf } from '../model/failure.ts'
import { absoluteUrl } from '../model/print-action.ts'
import { quantity } from '../model/quantity.ts'
import type { RunContext } from './run-context.ts'

/** How long an answer is waited for. Milliseconds. */
const PATIENCE = 3000

/**
 * What users meet with right now: each address that is probed, or else the health address, asked once more, with what was
 * met since the run began. A line each; none where the environment names no address.
 */
export const rightNow = async (context: RunContext): Promise<string[]> => {
  const { app } = context.env
  const urls = app.probe.length ? app.probe : app.url ? [app.health] : []
  return Promise.all([...new Set(urls)].map((url) => askedNow(url, context)))
}

const askedNow = async (
  url: string,
  { env, doors: { clock }, signal, metWith }: RunContext,
): Promise<string> => {
  const met = metWith?.().find((one) => one.url === url)
  const sofar = met ? `; of ${quantity(met.requests, 'request')} so far ${met.failed} failed` : ''
  const request = {
    ...{ method: 'GET', url: absoluteUrl(url, env), timeout: PATIENCE, printed: url },
    headers: { connection: 'close' },
  }
  try {
    const { status, ms } = await send(request, signal, clock)
    return `right now: GET ${url} answers ${status} in ${ms} ms${sofar}`
  } catch (error) {
    signal.throwIfAborted()
    const failure = failureOf(error)
    const why = failure.kind === 'request-failed' ? failure.message : explain(failure).sentence
    return `right now: GET ${url} is not answered: ${why}${sofar}`
  }
}
