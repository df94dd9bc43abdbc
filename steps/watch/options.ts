import { z } from 'zod'
import { type Step, spanIn } from '../../runbook/index.ts'
import { headersOption, requestOptions } from '../http/request.ts'
import { patternOption } from '../pattern-option.ts'
import type { Restarted } from '../pm2-restart.ts'

const restart = z.custom<Step<any, any, Restarted>>(
  (value) => (value as Step)?.kind === 'step',
  'what pm2Restart(…) gave',
)
const count = z.number().int().min(0)
const ms = z.number().int().positive()

/** The limits of a watch; each is looked at again and again, and the first that is passed fails it. */
const limits = z
  .strictObject({
    failed: z.number().min(0).max(1).default(0.05),
    p95: ms.default(1000),
    errors: count.default(0),
    restarts: count.default(0),
    memory: z.number().positive().optional(),
    connections: z.number().positive().max(1).default(0.9),
    waiting: ms.default(10_000),
    query: ms.optional(),
    idleInTransaction: ms.optional(),
  })
  .prefault({})
export type Limits = z.output<typeof limits>

/** The options of `watch`. */
export const watchOptions = {
  for: z
    .string()
    .refine((text) => (spanIn(text) ?? 0) > 0, 'a span of time: 90s, 10m or 24h')
    .default('10m')
    .describe('how long: `90s`, `10m`, `24h`; default: `10m`; `runbook watch --for` says otherwise'),
  from: z
    .union([restart, z.array(restart)])
    .optional()
    .describe(
      'the pm2Restart(…) of the same book, or several: their processes are watched, and their logs from where they ended before it',
    ),
  process: z.string().min(1).optional().describe('a process of pm2, whose logs are read from now on'),
  logs: z
    .array(z.string().min(1))
    .default([])
    .describe('further log files, read from now on, such as `/var/log/shop/error.log`'),
  errors: z
    .array(patternOption)
    .min(1)
    .default([/error|exception|fatal|panic/i])
    .describe('what makes a line of a log an error; default: `/error|exception|fatal|panic/i`'),
  except: z
    .array(patternOption)
    .default([/\b(0|no) errors?\b/i])
    .describe('lines that are none although `errors` names them; default: `/\\b(0|no) errors?\\b/i`'),
  headers: headersOption.default({}).describe('sent with every request'),
  requests: z
    .array(requestOptions)
    .optional()
    .describe(
      'what is asked, as in verifyHttp; `expect.within` is the limit of its 95th percentile; default: GET app.health and app.probe, well below status 400',
    ),
  cleanup: z
    .array(requestOptions)
    .default([])
    .describe('takes away what the requests created, each time; what stays behind is named, and fails it'),
  every: ms.default(1000).describe('how often each GET is sent, in ms'),
  everyChange: ms
    .default(15_000)
    .describe('how often the requests are sent that change something or need a captured value, in ms'),
  timeout: ms.default(5000).describe('when to stop waiting for one answer, in ms'),
  sampleEvery: ms
    .default(5000)
    .describe(
      'how often the log and the database are looked at and the figures recorded, in ms; pm2 is asked at each third time',
    ),
  tables: z
    .array(z.string().min(1))
    .optional()
    .describe('the tables whose statistics are recorded; default: all of the schema'),
  limits: limits.describe(
    'what fails it. Of the last minute, and three times at least: `failed`, the share of requests (0.05), and answers slower than the request’s `within` or `p95` (1000 ms), one in twenty. In all: `errors`, new error lines (0), and `restarts` (0). At any time: `memory` of a process in bytes (no limit), `connections`, the share of max_connections (0.9), `waiting`, how long somebody may wait for a lock (10000 ms), `query` and `idleInTransaction`, the age of the longest (no limit)',
  ),
}
export type WatchOptions = z.output<z.ZodObject<typeof watchOptions>>

/** All limits in a line. */
export const limitsText = ({ failed, p95, errors, restarts, connections, waiting }: Limits): string =>
  [
    `at most ${percent(failed)} of requests fail`,
    `p95 within ${p95} ms`,
    `${errors || 'no'} new errors`,
    `${restarts || 'no'} restarts`,
    `at most ${percent(connections)} of connections`,
    `nobody waits ${waiting / 1000} s for a lock`,
  ].join(', ')

export const percent = (share: number): string => `${Number((share * 100).toFixed(1))} %`

export const spanOf = (options: Pick<WatchOptions, 'for'>): number => spanIn(options.for)!
