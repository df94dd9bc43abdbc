import {
  Failed,
  gets,
  type Json,
  type Look,
  type Reply,
  type Request,
  type Secret,
  sends,
  text,
  type Unmet,
} from '../../runbook/index.ts'

/** A Coolify and the right to talk to it. */
export interface Coolify {
  /** Its address, without `/api/v1`: 'https://coolify.example.com'. */
  readonly url: string
  readonly token: Secret
}

/** Milliseconds. */
const TIMEOUT = 15_000
/** How often a look that Coolify puts off is made again: it takes 200 requests a minute. */
const PATIENCE = 3

/** A path below `/api/v1`, asked for. */
export const asks = (coolify: Coolify, path: string): Request<'reads'> => ({
  ...gets(addressOf(coolify, path), headersOf(coolify)),
  timeout: TIMEOUT,
})
/** A path below `/api/v1`, told to. */
export const tells = (
  coolify: Coolify,
  method: 'POST' | 'PATCH',
  path: string,
  json?: Json,
): Request<'changes'> => ({
  ...sends(method, addressOf(coolify, path), {
    headers: headersOf(coolify),
    ...(json !== undefined && { json }),
  }),
  timeout: TIMEOUT,
})

const addressOf = ({ url }: Coolify, path: string): string => `${url.replace(/\/+$/, '')}/api/v1${path}`
const headersOf = ({ token }: Coolify) => ({
  Accept: 'application/json',
  Authorization: text`Bearer ${token}`,
})

/** The answer to a look, whatever its status; one that is put off is asked for again when Coolify says. */
export const replyTo = async (look: Look, coolify: Coolify, path: string): Promise<Reply> => {
  for (let left = PATIENCE; ; left -= 1) {
    const reply = await look.see(asks(coolify, path))
    if (reply.status !== 429 || left === 0) return reply
    await look.sleep(retryAfter(reply))
  }
}

/** What a look finds, as JSON; stops the step where Coolify refuses it. */
export const seenIn = async <T>(look: Look, coolify: Coolify, path: string): Promise<T> => {
  const reply = await replyTo(look, coolify, path)
  if (reply.status !== 200) throw refused(reply, coolify)
  return bodyOf<T>(reply)
}

/** When Coolify wants to be asked again. Milliseconds; a minute where it does not say. */
export const retryAfter = ({ headers }: Reply): number => {
  const seconds = Number(headers['retry-after'] ?? '60')
  return (Number.isFinite(seconds) && seconds >= 0 ? seconds : 60) * 1000
}

/** The body as JSON, empty where it is none: a proxy in between answers with a page. */
export const bodyOf = <T>({ body }: Reply): T => {
  try {
    return (JSON.parse(body) ?? {}) as T
  } catch {
    return {} as T
  }
}

/** Stops the step, with what Coolify said. */
export const refused = (reply: Reply, coolify: Coolify): Failed =>
  new Failed({ kind: 'before-unmet', unmet: [refusal(reply, coolify)] })

/**
 * What an answer that is no 200 means, and what to do about it. 403 is three things, told apart by Coolify's words
 * (app/Http/Middleware/ApiAbility.php and ApiAllowed.php, 4.3).
 */
export const refusal = (reply: Reply, { url, token }: Coolify): Unmet => {
  const { status } = reply
  const { message = '' } = bodyOf<{ message?: string }>(reply)
  const seen = `${status}${message ? `: ${message}` : ''}`
  const newToken = `make a token with the abilities read, deploy and read:sensitive at ${url}/security/api-tokens, and put it into ${token.name}`
  if (status === 401 || message === 'Invalid token.')
    return { fact: 'Coolify accepts the token', seen, remedy: newToken }
  if (status === 403 && message.startsWith('API is disabled'))
    return {
      fact: 'Coolify’s API is switched on',
      seen,
      remedy: `switch it on at ${url}/settings/advanced, API Access`,
    }
  if (status === 403 && message.startsWith('You are not allowed'))
    return {
      fact: 'Coolify lets this machine use its API',
      seen,
      remedy: `add this machine’s address at ${url}/settings/advanced, Allowed IPs`,
    }
  if (status === 403) return { fact: 'the token has the ability', seen, remedy: newToken }
  if (status === 404)
    return {
      fact: 'Coolify knows what it is asked for',
      seen,
      remedy: 'correct `application` in the book: the last part of the application’s address in Coolify',
    }
  if (status === 429)
    return { fact: 'Coolify takes the request', seen, remedy: `wait until its queue is shorter: ${url}` }
  return { fact: 'Coolify answers', seen, remedy: `look at ${url}, and at its log: docker logs coolify` }
}
