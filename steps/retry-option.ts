import { z } from 'zod'

/** For what a registry or a network fails at night, and what does no harm when it is done twice. */
export const retryOption = z
  .strictObject({
    tries: z.int().min(2),
    pause: z.int().min(0).default(5_000),
    on: z
      .array(z.union([z.enum(['failed', 'timeout']), z.int()]))
      .min(1)
      .default(['failed', 'timeout']),
  })
  .optional()
  .describe(
    '{ tries: 3, pause: 5000, on: [`failed`, `timeout`] }: how often, how many ms apart, and after what it is tried again; a number is an exit status; default: once',
  )
