import { journalOf, listRuns, readTranscript } from '../journal/runs.ts'
import { EXIT } from '../model/exit.ts'
import { transcriptText } from '../render/transcript-text.ts'
import { chosenRun } from './chosen-run.ts'
import { findBook } from './find-book.ts'
import type { Invocation } from './invocation.ts'
import { stateDirOf } from './open-book.ts'

/** One run's transcript; the latest where none is named. */
export const show = async (invocation: Invocation): Promise<number> => {
  const { options, out, say, paint } = invocation
  const stateDir = stateDirOf(invocation, options.stateDir ? '' : findBook(options.config, invocation.cwd))
  const run = chosenRun(invocation.env, listRuns(stateDir))
  const { events, flaws } = await readTranscript(journalOf(stateDir, run))
  if (options.json) for (const event of events) out(`${JSON.stringify(event)}\n`)
  else say(transcriptText(run, events, { paint, verbose: options.verbose ?? false }))
  for (const { line, what } of flaws) process.stderr.write(`line ${line} of the transcript ${what}\n`)
  return flaws.length ? EXIT.failed : EXIT.done
}
