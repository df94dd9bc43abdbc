import type { RunState } from '../journal/fold.ts'
import { phaseTimes } from '../journal/phase-times.ts'
import { duration } from '../model/duration.ts'
import { atLeastText } from './took-text.ts'
import { visible } from './visible.ts'

/** How long each phase took, beside what its author and earlier runs say; nothing where a run has no phases. */
export const phaseTable = (state: RunState): string[] => {
  const times = phaseTimes(state)
  if (!times.some(({ took }) => took !== undefined)) return []
  const known = { takes: times.some(({ takes }) => takes), usually: times.some(({ usually }) => usually) }
  const cell = (ms: number | undefined): string => (ms === undefined ? '' : duration(ms))
  const rows = [
    { title: 'phase', takes: 'estimated', usually: 'usually', took: 'took' },
    ...times.map(({ title, takes, usually, took, atLeast }) => ({
      title: visible(title),
      takes: cell(takes),
      usually: cell(usually),
      took: took === undefined ? 'not begun' : atLeastText(took, atLeast),
    })),
  ]
  const columns = (['title', 'takes', 'usually', 'took'] as const).filter(
    (name) => name === 'title' || name === 'took' || known[name],
  )
  const widths = columns.map((name) => Math.max(...rows.map((row) => row[name].length)))
  return rows.map((row) => `  ${columns.map((name, i) => row[name].padEnd(widths[i]!)).join('  ')}`.trimEnd())
}
