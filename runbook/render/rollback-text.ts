import type { PastRun } from '../journal/past-runs.ts'
import { duration } from './duration.ts'
import type { Paint } from './paint.ts'
import { visible } from './visible.ts'

/** What a rollback takes back, and what it leaves: the lines above its plan. */
export const rollbackText = (
  { id, state }: PastRun,
  stays: readonly { title: string; because: string }[],
  paint: Paint,
): string => {
  const { started, ended } = state
  const how = ended ? `${ended.verdict} after ${duration(ended.ms)}` : 'not ended'
  return [
    `  takes back  ${id}: ${visible(started?.operator ?? '?')} on ${visible(started?.machine ?? '?')}, ${how}`,
    ...stays.map(({ title, because }) =>
      paint.yellow(`  stays       ${visible(title)}: ${visible(because)}`),
    ),
    '',
  ].join('\n')
}
