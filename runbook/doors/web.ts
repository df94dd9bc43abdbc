import type { Reply } from '../model/action.ts'
import { Failed } from '../model/failure.ts'
import { hasCredentials, withoutCredentials } from '../model/url-credentials.ts'
import { readText } from './body-text.ts'
import type { Clock } from './clock.ts'

/** A request with everything filled in. */
export interface Sent {
  method: string
  url: string
  headers: Readonly<Record<string, string>>
  body?: string
  /** Its answer is needed to the end. */
  whole?: true
  timeout: number
  printed: string
}

/** The most of a body that is read, and of one that nobody needs. Bytes. */
const MOST = 256 * 1024 * 1024
const SOME = 1024 * 1024

/** Sends a request; any status is an answer, and only no answer is a failure. */
export const send = async (
  { method, url, headers, body, whole, timeout, printed }: Sent,
  signal: AbortSignal,
  clock: Clock,
): Promise<Reply> => {
  // fetch refuses it too, in words that have it in full.
  if (hasCredentials(url))
    throw new Failed({
      kind: 'request-failed',
      printed: withoutCredentials(printed),
      message: 'its address has a user or a password in it: give them as a header, authorization',
      unsent: true,
    })
  const late = AbortSignal.timeout(timeout)
  const began = clock.monotonic()
  try {
    const response = await fetch(url, {
      method,
      headers,
      ...(body !== undefined && { body }),
      redirect: 'manual',
      signal: AbortSignal.any([signal, late]),
    })
    const type = response.headers.get('content-type') ?? ''
    const most = whole || /\bjson\b/i.test(type) ? MOST : SOME
    const { bytes, more } = await readSome(response, most)
    const { text, malformed } = readText(more ? bytes.subarray(0, SOME) : bytes, type)
    const why = more ? `only its first megabyte was read${most === MOST ? `: ${TOO_LARGE}` : ''}` : malformed
    const coding = response.headers.get('content-encoding')
    return {
      status: response.status,
      body: text,
      ...(why && {
        unread: malformed && coding && !DECODED.test(coding) ? `its content-encoding is ${coding}` : why,
      }),
      headers: Object.fromEntries(response.headers),
      ms: Math.round(clock.monotonic() - began),
    }
  } catch (error) {
    signal.throwIfAborted()
    const message = late.aborted ? `no answer within ${timeout} ms` : reasonOf(error)
    throw new Failed({ kind: 'request-failed', printed, message, ...(isUnsent(error) && { unsent: true }) })
  }
}

const TOO_LARGE = `it is larger than ${MOST / 1024 / 1024} MB`
/** What fetch undoes; the rest it hands on as it comes. */
const DECODED = /^(\s*(gzip|x-gzip|deflate|br|identity)\s*,?)*$/i

const readSome = async (response: Response, most: number): Promise<{ bytes: Buffer; more: boolean }> => {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk)
    size += chunk.length
    if (size > most) break
  }
  return { bytes: Buffer.concat(chunks), more: size > most }
}

/** Without a connection nobody has received anything. */
const isUnsent = (error: unknown): boolean => {
  const { cause } = error as { cause?: { code?: string; errors?: { code?: string }[] } }
  const codes = [cause?.code, ...(cause?.errors ?? []).map(({ code }) => code)]
  return codes.some((code) => code !== undefined && NO_CONNECTION.includes(code))
}
const NO_CONNECTION = [
  ...['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'],
  'UND_ERR_CONNECT_TIMEOUT',
]

/** fetch hides the reason in `cause`: 'connection refused' is what helps. */
const reasonOf = (error: unknown): string => {
  const { cause, message } = error as Error & { cause?: NodeJS.ErrnoException & { errors?: Error[] } }
  if (cause?.code === 'ECONNREFUSED') return 'connection refused'
  if (cause?.code === 'ENOTFOUND') return `the host name is not known (${cause.message})`
  if (cause?.message === 'bad port')
    return 'fetch refuses this port, as browsers do: it belongs to another protocol'
  return cause?.message || cause?.code || message
}
