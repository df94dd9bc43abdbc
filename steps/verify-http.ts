import { z } from 'zod'
import { secretPresent } from '../checks/secret-present.ts'
import {
  type Check,
  defineCheck,
  defineStep,
  type ExactJson,
  factory,
  fails,
  holds,
  nothingToUndo,
  quantity,
} from '../runbook/index.ts'
import { ask, cleanUp, removeLeft, together, warmUp } from './http/chain.ts'
import {
  actionOf,
  type HttpRequest,
  headersOption,
  holesOf,
  mistakesIn,
  requestOptions,
  secretNames,
} from './http/request.ts'

export const verifyHttp = factory(
  'verify-http',
  {
    /** Sent with every request. */
    headers: headersOption
      .default({})
      .describe('sent with every request, such as { Authorization: text`Bearer ${secret(…)}` }'),
    /** In order; a later one can use what an earlier one captured. */
    requests: z
      .array(requestOptions)
      .min(1)
      .describe('in order; a later one can use what an earlier one captured'),
    /** Takes away what the requests created; performed also after a failure, for what was captured. */
    cleanup: z
      .array(requestOptions)
      .default([])
      .describe(
        'takes away what was created; performed after a failure too, for what was captured; status 200, 202 or 204',
      ),
    /** For an application that comes up. Default: 5 times, every 400 ms. */
    retry: z
      .strictObject({ times: z.number().int().min(0), every: z.number().int().min(0) })
      .default({ times: 5, every: 400 })
      .describe(
        'how often and after how many ms a refused connection is tried again, or a GET that is answered 502, 503, 504',
      ),
    /** When to stop waiting for one answer. Milliseconds. Default: 10000. */
    timeout: z
      .number()
      .int()
      .positive()
      .default(10_000)
      .describe('when to stop waiting for one answer, in ms'),
  },
  ({ headers, requests, cleanup, retry, timeout }) => {
    const all = [...requests, ...cleanup]
    const step = defineStep({
      id: 'verify-http',
      title: 'Test the API',
      about:
        'Sends requests to the running application, one after the other, and proves of each answer its status, the shape of its JSON and its latency. What it created is removed again, also when a request fails. A request that changes something is never sent twice.',
      sort: 'verifies',
      needs: () =>
        [...new Set([headers, ...all.map((request) => request.headers)].flatMap(secretNames))].map(
          secretPresent,
        ),
      actions: () =>
        Object.fromEntries(all.map((request) => [request.name, actionOf(request, { headers, timeout })])),
      run: async (act) => {
        const tries = act.once ? { times: 0, every: 0 } : retry
        const values: Record<string, ExactJson> = {}
        const failures: unknown[] = []
        const attempt = (work: Promise<void>) => work.catch((error) => void failures.push(error))
        await warmUp(act, tries)
        await removeLeft(cleanup, act, tries)
        for (const request of requests)
          if (failures.length === 0) await attempt(ask(request, act, values, tries))
        for (const request of cleanup)
          if (holesOf(request).every((hole) => hole in values))
            await attempt(cleanUp(request, act, values, tries))
        if (failures.length) throw together(failures)
      },
      after: () => [wereAnswered(requests), ...(cleanup.length ? [nothingLeft(cleanup)] : [])],
      summary: () => quantity(requests.length, 'request'),
      undo: () => nothingToUndo('it removes what it creates'),
    })
    return { ...step, mistakes: mistakesIn(requests, cleanup) }
  },
  {
    requests: [{ name: 'list the projects', url: '/api/projects', expect: { status: 200, within: 200 } }],
  },
)

const wereAnswered = (requests: readonly HttpRequest[]): Check =>
  wasPerformed(requests, 'every request was answered as expected')
const nothingLeft = (cleanup: readonly HttpRequest[]): Check =>
  wasPerformed(cleanup, 'what the requests created is removed')

const wasPerformed = (requests: readonly HttpRequest[], fact: string): Check =>
  defineCheck({
    fact,
    remedy: 'deploy, or verify, again',
    look: async ({ performed }) => {
      const answers = requests.map(({ name }) => ({ name, answer: performed(name) }))
      const missing = answers.filter(({ answer }) => answer === undefined).map(({ name }) => name)
      if (missing.length) return fails(`not done: ${missing.join(', ')}`)
      // Of several each has been proven above, in its own lines.
      return holds(
        answers.length === 1 ? `${answers[0]!.name}: ${answers[0]!.answer}` : `all ${answers.length}`,
      )
    },
  })
