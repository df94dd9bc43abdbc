import { EXIT, exitOf } from '../model/exit.ts'
import { failureOf } from '../model/failure.ts'
import { failureText } from '../render/outcome-text.ts'
import { visible } from '../render/visible.ts'
import type { Invocation } from './invocation.ts'
import { UsageError } from './usage-error.ts'

/** What ended a command before a run began, in words; gives the exit status. */
export const reportFailure = (error: unknown, { paint }: Invocation): number => {
  if (error instanceof UsageError) {
    process.stderr.write(
      `${paint.red('✖')} ${visible(error.message)}\n  ${paint.yellow('→')} ${visible(error.remedy)}\n`,
    )
    return EXIT.usage
  }
  const failure = failureOf(error)
  process.stderr.write(`${failureText(failure, undefined, paint)}\n`)
  return exitOf(failure, { changed: false })
}
