import { spanIn } from '../model/span.ts'
import { UsageError } from './usage-error.ts'

/** A span of time that an operator typed; milliseconds. */
export const spanOf = (text: string, such: string): number => {
  const span = spanIn(text)
  if (span === undefined) throw new UsageError(`'${text}' is no span of time`, `write it as ${such}`)
  return span
}
