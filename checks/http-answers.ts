import { type Check, defineCheck, fails, gets, holds, type Text } from '../runbook/index.ts'

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
  const latency = within === undefined ? '' : ` within ${within} ms`
  return defineCheck({
    fact: `GET ${path} answers ${statuses.join(' or ')}${latency}`,
    remedy: `curl -i ${path.startsWith('/') ? `<app.url>${path}` : path}`,
    look: async ({ attempt }) => {
      const asked = await attempt({ ...gets(path, headers), timeout })
      if (!asked.ok)
        return fails(asked.failure.kind === 'request-failed' ? asked.failure.message : 'no answer')
      const { status: answered, body, ms } = asked.value
      const seen = `${answered} in ${ms} ms`
      if (!statuses.includes(answered)) return fails(seen, { tail: body.slice(0, 500) })
      return within !== undefined && ms > within ? fails(seen) : holds(seen)
    },
  })
}
