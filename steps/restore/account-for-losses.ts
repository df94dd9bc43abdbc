import { readManifest } from '../../checks/reading/backup-manifest.ts'
import {
  defineCheck,
  defineStep,
  holds,
  type Look,
  type Loss,
  lossesText,
  nothingToUndo,
  quantity,
  type Step,
} from '../../runbook/index.ts'
import type { Brought } from './bring-backup.ts'
import { lossesSince } from './losses.ts'

/** Holds what was really lost, counted where nobody writes any more, against what had been counted before. */
export const accountForLosses = (
  brought: Step<any, any, Brought>,
  lostIn: (at: Look) => Promise<Loss[] | undefined>,
) =>
  defineStep({
    id: 'account-for-losses',
    title: 'Count what was lost',
    about:
      'Counts in the replaced database which rows were inserted, changed and deleted since the backup, and holds that ' +
      'against what had been counted while the application still ran: what was written in between was lost too.',
    sort: 'verifies',
    baseline: false,
    after: () => [
      defineCheck({
        fact: 'what was lost is known',
        remedy: 'look into the replaced database',
        look: async (at) => {
          const { losses: forecast } = at.outputOf(brought)
          const lost = await lostIn(at)
          return holds(lost ? comparison(forecast, lost) : `as was counted before: ${lossesText(forecast)}`)
        },
      }),
    ],
    undo: () => nothingToUndo('it only counts'),
  })

/** In the database that was replaced, and kept. */
export const lostWith =
  (swap: Step<any, any, { replaced: string }>, dump: string) =>
  async (at: Look): Promise<Loss[] | undefined> => {
    const manifest = await readManifest(at, dump)
    return manifest && lossesSince(at, manifest, at.outputOf(swap).replaced)
  }

/** '12 rows inserted into avatars (10 were counted before)'. */
const comparison = (forecast: readonly Loss[], lost: readonly Loss[]): string => {
  const counted = new Map(forecast.map(({ what, rows }) => [what, rows]))
  const grown = lost.map(({ what, rows }) => {
    const before = counted.get(what) ?? 0
    return `${quantity(rows, 'row')} ${what}${before === rows ? '' : ` (${before.toLocaleString('en-US')} when it was counted before)`}`
  })
  return grown.length ? grown.join('; ') : 'nothing'
}
