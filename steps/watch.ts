import { pm2Present } from '../checks/pm2-present.ts'
import { matcher } from '../checks/reading/log-lines.ts'
import { secretPresent } from '../checks/secret-present.ts'
import {
  type Actions,
  defineCheck,
  defineStep,
  type Environment,
  factory,
  fails,
  holds,
  nothingToUndo,
  type Sampled,
  type Step,
  spanText,
} from '../runbook/index.ts'
import { actionOf, type HttpRequest, isIdempotent, mistakesIn, secretNames } from './http/request.ts'
import type { WatchAct } from './watch/asker.ts'
import { DatabaseGauge } from './watch/database-gauge.ts'
import type { Gauge } from './watch/gauge.ts'
import { goOnWatching } from './watch/go-on-watching.ts'
import { LogGauge } from './watch/log-gauge.ts'
import { limitsText, spanOf, type WatchOptions, watchOptions } from './watch/options.ts'
import { ProcessGauge } from './watch/process-gauge.ts'
import { RequestsGauge } from './watch/requests-gauge.ts'
import { type Watched, whatIsWatched } from './watch/what-is-watched.ts'

/** pm2 starts a Node of its own to answer: that is not done as often as the rest. */
const PM2_SELDOM = 3

const watching = (options: WatchOptions): Step<Watched, Actions, Sampled | null> => {
  const span = spanOf(options)
  const { headers, cleanup, limits, timeout } = options
  const given = [...(options.requests ?? []), ...cleanup]
  const changing = given.filter((request) => !isIdempotent(request))
  const step = defineStep({
    id: 'watch',
    title: `Watch for ${spanText(span)}`,
    about:
      'Watches the application for a while as a person would who sits beside it: sends requests and looks at their answers and latencies, reads the log since the restart for new errors, and asks pm2 and the database how they are. The figures are recorded every few seconds. The first limit that is passed fails it, and offers the way back; one bad sample is none where the limit is a rate. `runbook watch` performs it for as long as `--for` says; `verify` and a rollback leave it out.',
    sort: 'verifies',
    lasting: true,
    needs: () => [
      ...(options.from || options.process ? [pm2Present()] : []),
      ...[...new Set([headers, ...given.map((request) => request.headers)].flatMap(secretNames))].map(
        secretPresent,
      ),
    ],
    observe: (look) => whatIsWatched(look, options),
    before: ({ observed, env }) => [somethingToWatch(findings(observed, requestsOf(options, env), env))],
    findings: ({ observed, env }) => findings(observed, requestsOf(options, env), env),
    // What only reads is looked at, and stands among the findings.
    actions: () =>
      Object.fromEntries(changing.map((request) => [request.name, actionOf(request, { headers, timeout })])),
    run: async (act) => {
      await goOnWatching(act, await gaugesOf(act, options), { span, sampleEvery: options.sampleEvery })
    },
    after: () => [watchedFor(span, limitsText(limits))],
    output: async ({ sampled }): Promise<Sampled | null> => sampled() ?? null,
    summary: ({ output }) => output?.seen ?? '',
    undo: () => nothingToUndo('it removes what it creates'),
    watch: ({ span: other }) => watching({ ...options, ...(other && { for: spanText(other) }) }),
  })
  return { ...step, mistakes: mistakesOf(options) }
}

export const watch = factory('watch', watchOptions, watching, {
  for: '10m',
  process: 'lumiku-backend',
  requests: [{ name: 'list the projects', url: '/api/projects', expect: { status: 200, within: 200 } }],
})

/** Without any of its own: the addresses that the environment names. */
const requestsOf = ({ requests }: WatchOptions, { app }: Environment): readonly HttpRequest[] => {
  if (requests) return requests
  const paths = [...(app.url ? [app.health] : []), ...app.probe]
  return [...new Set(paths)].map((url) => ({
    name: `GET ${url}`,
    method: 'GET',
    url,
    expect: {},
    capture: {},
  }))
}

const gaugesOf = async (act: WatchAct, options: WatchOptions): Promise<Gauge[]> => {
  const { env } = act
  const { processes, logs } = act.observed as Watched
  const { limits, sampleEvery: every } = options
  const requests = requestsOf(options, env)
  const [isBad, isHarmless] = [matcher(options.errors), matcher(options.except)]
  const isError = (line: string) => isBad(line) && !isHarmless(line)
  return [
    ...(requests.length ? [new RequestsGauge(act, { ...options, requests })] : []),
    ...(logs.length ? [new LogGauge(act, { logs, every, isError, limit: limits.errors })] : []),
    ...processes.map(
      ({ process, errorLogs }) =>
        new ProcessGauge(act, { process, every: PM2_SELDOM * every, logs: errorLogs, limits }),
    ),
    ...(env.database ? [new DatabaseGauge(act, { every, tables: options.tables, limits })] : []),
  ]
}

const findings = (
  { processes, logs, since }: Watched,
  requests: readonly HttpRequest[],
  { database }: Environment,
): string[] => [
  ...(requests.length ? [`asks ${requests.map(({ name }) => name).join(', ')}`] : []),
  ...(logs.length ? [`reads ${logs.map(({ path }) => path).join(', ')} from ${since} on`] : []),
  ...(processes.length ? [`asks pm2 for ${processes.map(({ process }) => process).join(', ')}`] : []),
  ...(database ? ['asks the database who waits, for how long, and what its tables go through'] : []),
]

const somethingToWatch = (found: readonly string[]) =>
  defineCheck({
    fact: 'there is something to watch',
    remedy: 'give the environment `app.url`, or the watch `process`, `logs` or `requests`',
    look: async () =>
      found.length ? holds(found.join('; ')) : fails('no address, process, log or database'),
  })

const watchedFor = (span: number, limits: string) =>
  defineCheck({
    fact: `for ${spanText(span)} it stayed within its limits`,
    remedy: 'watch again',
    look: async ({ sampled }) => {
      const { elapsed = 0 } = sampled()?.figures ?? {}
      return elapsed >= span
        ? holds(limits)
        : fails(`watched for ${spanText(Math.floor(elapsed / 1000) * 1000)}`)
    },
  })

/** What the options say only together. */
const mistakesOf = ({ from, process, requests = [], cleanup }: WatchOptions) => [
  ...mistakesIn(requests, cleanup).map(({ at, expected }) => ({
    at: at.replace('steps.verify-http', 'steps.watch'),
    expected,
  })),
  ...(from && process ? [{ at: 'steps.watch.process', expected: 'only one of from and process' }] : []),
]
