import { z } from 'zod'
import { mistakesIn } from './factory.ts'
import { beginningOf } from './hidden.ts'
import type { Json } from './json.ts'
import { detailsOf, type Notice, OCCASIONS, type Occasion, summaryOf } from './notice.ts'
import type { Secret, Text } from './secret.ts'
import type { Mistake } from './step.ts'
import { holdsSecret } from './url-credentials.ts'

/** Whom a run tells of itself, and in which form. */
export interface Notifier {
  readonly kind: 'notifier'
  readonly name: string
  /** Of what it is told. */
  readonly on: readonly Occasion[]
  /** In which environments. Default: all of them. */
  readonly in?: readonly string[]
  /** `open` gives what a secret stands for. */
  message(notice: Notice, open: (text: Text) => string): Message
  readonly mistakes: readonly Mistake[]
}
export interface Message {
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  readonly json: Json
}

export interface NotifierOptions {
  /** Default: all of start, success, failure and rollback. */
  readonly on?: readonly Occasion[]
  /** In which environments. Default: all of them. */
  readonly in?: readonly string[]
}

/** A channel of Slack, or of whatever understands its incoming webhooks, such as Mattermost. */
export const slack = (url: Secret, options: NotifierOptions = {}): Notifier =>
  notifier('slack', url, options, {}, (notice, open) => ({
    url: open(url),
    json: { text: inSlack([`*${summaryOf(notice)}*`, ...detailsOf(notice)].join('\n')) },
  }))

/** Any address: the notice as JSON, with `summary`, a sentence. */
export const webhook = (
  url: Secret,
  options: NotifierOptions & { readonly headers?: Readonly<Record<string, Text>> } = {},
): Notifier =>
  notifier(
    'webhook',
    url,
    options,
    { headers: z.record(z.string(), z.custom<Text>()).optional() },
    (notice, open) => ({
      url: open(url),
      headers: Object.fromEntries(
        Object.entries(options.headers ?? {}).map(([name, value]) => [name, open(value)]),
      ),
      json: { summary: summaryOf(notice), ...notice },
    }),
  )

/**
 * A change event of PagerDuty (Events API v2), which wakes nobody and stands beside the alerts of its service. `key`: the
 * integration key of that service. `url`: of another service region, such as https://events.eu.pagerduty.com.
 */
export const pagerDuty = (key: Secret, options: NotifierOptions & { readonly url?: string } = {}): Notifier =>
  notifier(
    'pagerDuty',
    key,
    options,
    {
      url: z
        .url('must be a URL')
        .refine(
          (address) => !holdsSecret(address),
          "has a user, a password or a token in it: take it out, or use webhook(secret('NAME'))",
        )
        .optional(),
    },
    (notice, open) => ({
      url: `${(options.url ?? 'https://events.pagerduty.com').replace(/\/+$/, '')}/v2/change/enqueue`,
      json: {
        routing_key: open(key),
        payload: {
          summary: beginningOf(summaryOf(notice), LONGEST_SUMMARY, ''),
          source: `${notice.book} ${notice.env}`,
          timestamp: notice.at,
          custom_details: { ...notice },
        },
      },
    }),
  )

/** PagerDuty cuts nothing: it refuses what is longer. */
const LONGEST_SUMMARY = 1024

const notifier = (
  name: string,
  secret: unknown,
  options: NotifierOptions,
  more: z.ZodRawShape,
  message: Notifier['message'],
): Notifier => {
  const isSecret = (secret as Secret | null)?.kind === 'secret'
  const parsed = z.strictObject({ ...shape, ...more }, 'must be an object: { on, in }').safeParse(options)
  return {
    kind: 'notifier',
    name,
    on: options?.on ?? OCCASIONS,
    ...(options?.in && { in: options.in }),
    message,
    mistakes: [
      ...(isSecret ? [] : [{ at: '', expected: `${name} needs a secret: ${name}(secret('NAME'))` }]),
      ...(parsed.success ? [] : mistakesIn(parsed.error, '')),
    ],
  }
}

const list = <T extends z.ZodType>(of: T, such: string) => z.array(of, such).min(1, such).optional()
const shape = {
  on: list(
    z.enum(OCCASIONS, `must be of ${OCCASIONS.join(', ')}`),
    "must be a list: ['failure', 'rollback']",
  ),
  in: list(z.string('must be the name of an environment'), "must be a list of environments: ['production']"),
}

/** Slack takes these three for marks of its own. */
const inSlack = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
