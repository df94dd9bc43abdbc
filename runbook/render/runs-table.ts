import type { RunState } from '../journal/fold.ts'
import { duration } from './duration.ts'
import type { Paint } from './paint.ts'
import { table } from './table.ts'

/** Runs as a table: id, verdict, duration, revision, who. */
export const runsTable = (runs: readonly { id: string; state: RunState }[], paint: Paint): string => {
  const rows = runs.map(({ id, state }) => [
    id,
    state.ended?.verdict ?? 'not ended',
    state.ended ? duration(state.ended.ms) : '',
    state.revision ? `${state.revision.from.slice(0, 7)} → ${state.revision.to.slice(0, 7)}` : '',
    state.started ? `${state.started.operator} on ${state.started.machine}` : '',
  ])
  return table(['run', 'verdict', 'took', 'revision', 'by'], rows, paint)
}
