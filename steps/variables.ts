import { z } from 'zod'
import type { Text } from '../runbook/index.ts'

const isText = (value: unknown): boolean =>
  typeof value === 'string' ||
  ['secret', 'template'].includes((value as { kind?: string } | null)?.kind ?? '')

/** An option of a step: variables for the environment of its command, over those of the book. */
export const variables = z
  .record(
    z.string().regex(/^[A-Za-z_]\w*$/, 'the name of a variable'),
    z.custom<Text>(isText, 'a text or a secret'),
  )
  .optional()
