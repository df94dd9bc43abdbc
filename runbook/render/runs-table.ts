import type { RunSummary } from '../journal/run-index.ts'
import { duration } from '../model/duration.ts'
import type { Paint } from './paint.ts'
import { table } from './table.ts'

/** Runs as a table: id, verdict, duration, revision, who. */
export const runsTable = (runs: readonly Row[], paint: Paint): string => {
  const rows = runs.map(({ id, started, ended, revision }) => [
    id,
    ended?.verdict ?? 'not ended',
    ended ? duration(ended.ms) : '',
    revision ? `${revision.from.slice(0, 7)} → ${revision.to.slice(0, 7)}` : '',
    started ? `${started.operator} on ${started.machine}` : '',
  ])
  return table(['run', 'verdict', 'took', 'revision', 'by'], rows, paint)
}
type Row = Pick<RunSummary, 'id' | 'started' | 'ended' | 'revision'>
