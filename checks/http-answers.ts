import {
  beginningOf,
  type Check,
  defineCheck,
  Failed,
  fails,
  gets,
  holds,
  holdsSecret,
  type Text,
  typed,
} from '../runbook/index.ts'

export interface HttpAnswersOptions {
  /** Which statuses are well. Default: 200. */
  status?: number | readonly number[]
  /** The most that the answer may take, in ms. */
  within?: number
  headers?: Readonly<Record<string, Text>>
  /** When to stop waiting for an answer, in ms. Default: 5000. */
  timeout?: number
}

/** An address answers with a status, and in time. A path is below the environment's `app.url`. */
export const httpAnswers = (path: string, options: HttpAnswersOptions = {}): Check => {
  const { status = 200, within, headers, timeout = 5000 } = options
  const statuses = [status].flat()
  // What is thrown here is a mistake of the book.
  if (holdsSecret(path))
    throw new Error(
      'httpAnswers has an address with a user, a password or a token in it: give them in `headers`, as secret(…)',
    )
  const latency = within === undefined ? '' : ` within ${within} ms`
  return defineCheck({
    fact: `GET ${path} answers ${statuses.join(' or ')}${latency}`,
    remedy: typed`curl -i ${path}`,
    look: async ({ attempt, env }) => {
      const remedy = typed`curl -i ${path.startsWith('/') ? `${env.app.url}${path}` : path}`
      const asked = await attempt({ ...gets(path, headers), timeout })
      if (!asked.ok) {
        if (asked.failure.kind !== 'request-failed') throw new Failed(asked.failure)
        return fails(asked.failure.message, { remedy })
      }
      const { status: answered, body, ms } = asked.value
      const seen = `${answered} in ${ms} ms`
      if (!statuses.includes(answered)) return fails(seen, { tail: beginningOf(body, 500, ''), remedy })
      return within !== undefined && ms > within ? fails(seen, { remedy }) : holds(seen)
    },
  })
}
