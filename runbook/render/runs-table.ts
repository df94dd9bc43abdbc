import type { RunState } from '../journal/fold.ts'
import { duration } from './duration.ts'
import type { Paint } from './paint.ts'
import { visible } from './visible.ts'

/** Runs as a table: id, verdict, duration, revision, who. */
export const runsTable = (runs: readonly { id: string; state: RunState }[], paint: Paint): string => {
  const rows = runs.map(({ id, state }) => [
    id,
    state.ended?.verdict ?? 'not ended',
    state.ended ? duration(state.ended.ms) : '',
    state.revision ? `${state.revision.from.slice(0, 7)} → ${state.revision.to.slice(0, 7)}` : '',
    visible(state.started ? `${state.started.operator} on ${state.started.machine}` : ''),
  ])
  const header = ['run', 'verdict', 'took', 'revision', 'by']
  const widths = header.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]!.length)))
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => cell.padEnd(widths[i]!))
      .join('  ')
      .trimEnd()
  return `${[paint.bold(line(header)), ...rows.map(line)].join('\n')}\n`
}
