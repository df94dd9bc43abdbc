import {
  defineCheck,
  defineStep,
  holds,
  type Look,
  type Loss,
  lossText,
  nothingToUndo,
  type Step,
} from '../../runbook/index.ts'
import type { Brought } from './bring-backup.ts'
import { compareDatabases, sideOf } from './losses.ts'

/** Holds what was really lost, counted where nobody writes any more, against what had been counted before. */
export const accountForLosses = (brought: Step<any, any, Brought>, lostIn: (at: Look) => Promise<Loss[]>) =>
  defineStep({
    id: 'account-for-losses',
    title: 'Count what was lost',
    about:
      'Compares the replaced database with the backup, row by row: which were inserted, changed and deleted since. What was ' +
      'written after it was counted while the application still ran was lost too. Where the application writes into what ' +
      'has taken its place before that is counted, it says that it cannot be told.',
    sort: 'verifies',
    baseline: false,
    after: () => [
      defineCheck({
        fact: 'what was lost is known',
        remedy: 'look into the replaced database',
        look: async (at) => {
          const { losses: forecast } = at.outputOf(brought)
          const lost = await lostIn(at)
          return holds(
            comparison(forecast, lost),
            lost.some(({ unknown }) => unknown) ? { untold: true } : {},
          )
        },
      }),
    ],
    undo: () => nothingToUndo('it only counts'),
  })

/** Of the database that was replaced, and kept, held against the one that has taken its place. */
export const lostWith =
  (swap: Step<any, any, { replaced: string }>, brought: Step<any, any, Brought>) =>
  async (at: Look): Promise<Loss[]> => {
    const { replaced } = at.outputOf(swap)
    const { sums: known } = at.outputOf(brought)
    const { losses } = await at.snapshot(({ see }) =>
      compareDatabases(at, { live: sideOf(at, replaced), other: see, known, isMoving: true }),
    )
    return losses
  }

/** '12 rows inserted into avatars (10 when it was counted before)'. */
const comparison = (forecast: readonly Loss[], lost: readonly Loss[]): string => {
  const counted = new Map(forecast.map(({ what, rows }) => [what, rows]))
  const grown = lost.map((loss) => {
    const before = counted.get(loss.what)
    const isOther = loss.rows !== null && typeof before === 'number' && before !== loss.rows
    return `${lossText(loss)}${isOther ? ` (${before.toLocaleString('en-US')} when it was counted before)` : ''}`
  })
  return grown.join('; ') || 'nothing'
}
