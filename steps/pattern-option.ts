import { z } from 'zod'
import type { Pattern } from '../checks/reading/log-lines.ts'

/** What a line of a log is known by. */
export const patternOption = z.custom<Pattern>(
  (value) => value instanceof RegExp || (typeof value === 'string' && value !== ''),
  'a text or an expression',
)
