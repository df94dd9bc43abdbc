import { existing, namesOf } from '../../checks/reading/schema-objects.ts'
import { defineCheck, defineDiagnosis, fails, holds, lossesText, quantity } from '../../runbook/index.ts'
import { lossesOf } from '../sql/losses.ts'
import { cannotTell, type SqlInQuestion } from './sql-in-question.ts'
import { ofMigration, symptoms } from './symptoms.ts'

/** duplicate_table, duplicate_object. */
const STATES = ['42P07', '42710']

/**
 * Some of what the SQL makes is there and some is not. An attempt of a run leaves nothing, since it is one transaction: it
 * was made by hand or by something else, and may be in use. So it is named and counted, and never dropped by a remedy.
 */
export const partlyMade = (sql: SqlInQuestion) =>
  defineDiagnosis({
    id: 'partly-made',
    symptom: symptoms.relationThere,
    cause: `some of what ${sql.name} makes is there already`,
    probe: defineCheck({
      fact: `what ${sql.name} makes is there as a whole, or not at all`,
      remedy:
        'no run has made what is there, as far as can be seen: ask who did. Then make what is missing by hand, or drop by hand what nobody uses, and deploy again',
      look: async (at) => {
        const effects = await sql.effects(at)
        if (effects.underived) return cannotTell(effects)
        const adds = effects.adds.filter(({ kind }) => !shared.includes(kind))
        const places = new Set((await at.see(existing(adds))).map(({ place }) => place))
        const there = adds.filter((_, place) => places.has(place))
        const missing = adds.filter((_, place) => !places.has(place))
        if (there.length === 0) return holds(`none of ${quantity(adds.length, 'object')}`)
        if (missing.length === 0) return holds(`all ${quantity(adds.length, 'object')}`)
        const inside = lossesText(await lossesOf(at, there))
        return fails(
          `there: ${namesOf(there)}${inside === 'nothing' ? '' : ` (${inside})`}; missing: ${namesOf(missing)}`,
        )
      },
    }),
    fits: ofMigration(...STATES),
  })

/** With others, who may have made them. */
const shared = ['schema', 'extension', 'value']
