import { ownOutput } from '../doors/own-process.ts'
import { withoutSecrets } from '../doors/secrets.ts'
import { EXIT, exitOf } from '../model/exit.ts'
import { failureOf } from '../model/failure.ts'
import { failureText } from '../render/outcome-text.ts'
import { visible } from '../render/visible.ts'
import type { Invocation } from './invocation.ts'
import { UsageError } from './usage-error.ts'

/** What ended a command before a run began, in words; gives the exit status. */
export const reportFailure = (error: unknown, { paint, variables }: Invocation): number => {
  // No environment was opened: what a book may have put into its mistakes is in the variables of the process.
  const hidden = withoutSecrets(variables)
  if (error instanceof UsageError) {
    ownOutput.err(
      `${paint.red('✖')} ${visible(hidden(error.message))}\n  ${paint.yellow('→')} ${visible(hidden(error.remedy))}\n`,
    )
    return EXIT.usage
  }
  const failure = failureOf(error)
  ownOutput.err(`${hidden(failureText(failure, undefined, paint))}\n`)
  return exitOf(failure, { changed: false })
}
