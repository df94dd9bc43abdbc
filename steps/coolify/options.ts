import { z } from 'zod'
import { holdsSecret, type Secret, secret } from '../../runbook/index.ts'

/** What every step that has Coolify do something needs to know. */
export const coolifyOptions = {
  /** The last part of the application's address in Coolify. */
  application: z
    .string()
    .regex(/^[\w-]+$/, 'the application’s id, the last part of its address in Coolify')
    .describe('the application’s id: the last part of its address in Coolify'),
  /** Without `/api/v1`. */
  url: z
    .url({ protocol: /^https?$/, error: 'the address of Coolify, such as https://coolify.example.com' })
    .refine(
      (url) => !holdsSecret(url),
      "an address without a user, a password or a token: give it as token: secret('NAME')",
    )
    .transform((url) => url.replace(/\/+$/, ''))
    .describe('the address of Coolify, such as https://coolify.example.com'),
  /** Default: secret('COOLIFY_TOKEN'). */
  token: z
    .custom<Secret>((value) => (value as Secret | null)?.kind === 'secret', 'secret(…)')
    .optional()
    .transform((token) => token ?? secret('COOLIFY_TOKEN'))
    .describe(
      'a token with the abilities read and deploy, and read:sensitive for the log; default: secret(`COOLIFY_TOKEN`)',
    ),
  /** How long it may wait in Coolify's queue. Milliseconds. Default: ten minutes. */
  queue: z
    .number()
    .int()
    .positive()
    .default(600_000)
    .describe('how long it may wait in Coolify’s queue, in ms; then it is cancelled'),
  /** How long it may take from then on. Milliseconds. Default: half an hour. */
  timeout: z
    .number()
    .int()
    .positive()
    .default(1_800_000)
    .describe('how long it may take once it has begun, in ms; then it is cancelled'),
  /** How often its state is asked for. Milliseconds. Default: 2000; Coolify takes 200 requests a minute. */
  every: z
    .number()
    .int()
    .min(100)
    .default(2000)
    .describe('how often its state is asked for, in ms; Coolify takes 200 requests a minute from all'),
  /** The path that must answer. Default: the environment's `app.health`; false: none is asked. */
  health: z
    .union([z.string().startsWith('/'), z.literal(false)])
    .optional()
    .describe('the path that must answer; default: the environment’s app.health; false asks none'),
  /** The health answer holds the commit id in `revision`. Default: true. */
  revision: z
    .boolean()
    .default(true)
    .describe(
      'the health answer’s JSON holds the commit id in `revision`; false where the app cannot say: then the old container’s answer counts too',
    ),
  /** How long the new container may take until it answers in the old one's place. Milliseconds. Default: two minutes. */
  startup: z
    .number()
    .int()
    .positive()
    .default(120_000)
    .describe('how long the new container may take until it answers in the old one’s place, in ms'),
}
