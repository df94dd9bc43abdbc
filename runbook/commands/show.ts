import { journalOf, listRuns, readTranscript } from '../journal/runs.ts'
import { EXIT } from '../model/exit.ts'
import { transcriptText } from '../render/transcript-text.ts'
import { findBook } from './find-book.ts'
import type { Invocation } from './invocation.ts'
import { nearest } from './nearest.ts'
import { stateDirOf } from './open-book.ts'
import { UsageError } from './usage-error.ts'

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

/** The whole id, or a part of it that only one run has. */
const chosenRun = (name: string | undefined, runs: readonly string[]): string => {
  const latest = runs.at(-1)
  if (!latest) throw new UsageError('there are no runs yet', 'deploy first: runbook deploy <env>')
  if (name === undefined) return latest
  const matching = runs.filter((run) => run.includes(name))
  if (matching.length === 1) return matching[0]!
  if (matching.length > 1)
    throw new UsageError(
      `'${name}' fits ${matching.length} runs: ${matching.slice(-5).join(', ')}`,
      'name more of it',
    )
  const meant = nearest(name, runs)
  throw new UsageError(
    `there is no run '${name}'`,
    meant ? `did you mean ${meant}?` : 'list them with `runbook runs`',
  )
}
