import { nearest } from './nearest.ts'
import { UsageError } from './usage-error.ts'

/** The run that is meant: its whole id, or a part of it that only one run has; the latest where none is named. */
export const chosenRun = (name: string | undefined, runs: readonly string[]): string => {
  // Whoever names none means what was performed, and not the lock that was taken away afterwards.
  const latest = runs.findLast((run) => !/-(un)?lock-[0-9a-f]{4}$/.test(run)) ?? runs.at(-1)
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
