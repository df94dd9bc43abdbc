import type { Entry } from './book.ts'
import { spanIn } from './span.ts'
import type { Mistake } from './step.ts'

/** How long a phase takes is a span of time. */
export const mistakesOfPhases = (entries: readonly Entry[], at: string): Mistake[] =>
  entries.flatMap((entry) => {
    if (entry.kind === 'step') return []
    const wrong = 'takes' in entry && spanIn(entry.takes) === undefined
    return [
      ...(wrong
        ? [{ at: `${at}.${entry.title}.takes`, expected: "must be a span of time: '30s', '5m'" }]
        : []),
      ...mistakesOfPhases(entry.entries, at),
    ]
  })
