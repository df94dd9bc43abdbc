import type { KnownRun } from '../journal/history.ts'
import type { Paint } from './paint.ts'
import { table } from './table.ts'
import { workedText } from './took-text.ts'

/** Runs as a table: id, verdict, duration, revision, who; and where the transcript is, if that is not here. */
export const runsTable = (runs: readonly KnownRun[], paint: Paint): string => {
  const elsewhere = runs.some(({ here }) => !here)
  const rows = runs.map(({ id, here, ledger, summary: { started, ended, revision } }) => [
    id,
    ended?.verdict ?? 'not ended',
    ended ? workedText(ended) : '',
    revision ? `${revision.from.slice(0, 7)} → ${revision.to.slice(0, 7)}` : '',
    started ? `${started.operator} on ${started.machine}` : '',
    ...(elsewhere
      ? [here ? 'here' : `elsewhere: ${ledger?.holder.machine}:${ledger?.holder.transcript}`]
      : []),
  ])
  return table(['run', 'verdict', 'took', 'revision', 'by', ...(elsewhere ? ['kept'] : [])], rows, paint)
}
