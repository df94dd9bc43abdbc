import type { Look } from './look.ts'

/** What of the world helps to understand a failure, such as the end of a log. Only `runbook bundle` looks at it. */
export interface Evidence {
  /** Its file in the bundle: `logs/shop-error.log`. */
  readonly file: string
  /** What is in it: 'the end of the log'. */
  readonly about: string
  collect(at: Look): Promise<string>
}
