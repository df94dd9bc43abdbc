import type { Paint } from './paint.ts'
import { visible } from './visible.ts'

/** Rows in columns as wide as they need to be. */
export const table = (
  header: readonly string[],
  rows: readonly (readonly string[])[],
  paint: Paint,
): string => {
  const shown = rows.map((row) => row.map(visible))
  const widths = header.map((title, i) => Math.max(title.length, ...shown.map((row) => row[i]!.length)))
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => cell.padEnd(widths[i]!))
      .join('  ')
      .trimEnd()
  return `${[paint.bold(line(header)), ...shown.map(line)].join('\n')}\n`
}
