import type { KnownRun } from '../journal/history.ts'
import { duration } from '../model/duration.ts'
import type { Paint } from './paint.ts'
import { table } from './table.ts'

/** Runs as a table: id, verdict, duration, revision, who; and where the transcript is, if that is not here. */
export const runsTable = (runs: readonly KnownRun[], paint: Paint): string => {
  const elsewhere = runs.some(({ here }) => !here)
  const rows = runs.map(({ id, here, ledger, summary: { started, ended, revision } }) => [
    id,
    ended?.verdict ?? 'not ended',
    ended ? duration(ended.ms - (ended.waited ?? 0)) : '',
    revision ? `${revision.from.slice(0, 7)} → ${revision.to.slice(0, 7)}` : '',
    started ? `${started.operator} on ${started.machine}` : '',
    ...(elsewhere
      ? [here ? 'here' : `elsewhere: ${ledger?.holder.machine}:${ledger?.holder.transcript}`]
      : []),
  ])
  return table(['run', 'verdict', 'took', 'revision', 'by', ...(elsewhere ? ['kept'] : [])], rows, paint)
}
