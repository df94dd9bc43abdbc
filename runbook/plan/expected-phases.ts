import { type Entry, stepsOf } from '../model/book.ts'
import type { ExpectedPhase } from '../model/event.ts'
import { spanIn } from '../model/span.ts'
import { expectedDuration } from './expected-duration.ts'

/** The phases of the page, each with how long it takes by its author and by earlier runs. */
export const expectedPhases = (
  entries: readonly Entry[],
  usually: ReadonlyMap<string, number>,
): ExpectedPhase[] =>
  entries.flatMap((entry) => {
    if (entry.kind !== 'phase' || !entry.title) return []
    const [takes, known] = [spanIn(entry.takes), expectedDuration([entry], usually)]
    return [
      {
        title: entry.title,
        steps: stepsOf(entry).map(({ id }) => id),
        ...(takes !== undefined && { takes }),
        ...(known > 0 && { usually: known }),
      },
    ]
  })
