import { existing, namesOf } from '../../checks/reading/schema-objects.ts'
import { defineCheck, defineDiagnosis, fails, holds, quantity } from '../../runbook/index.ts'
import { droppable, dropUnfinished } from './drop-unfinished.ts'
import type { SqlInQuestion } from './sql-in-question.ts'
import { ofMigration, symptoms } from './symptoms.ts'

/** duplicate_table, duplicate_object. */
const STATES = ['42P07', '42710']

/** Some of what the SQL makes is there and some is not: it was begun by hand, or by an earlier attempt. */
export const partlyMade = (sql: SqlInQuestion) =>
  defineDiagnosis({
    id: 'partly-made',
    symptom: symptoms.relationThere,
    cause: `${sql.name} was done in part`,
    probe: defineCheck({
      fact: `what ${sql.name} makes is there as a whole, or not at all`,
      remedy: 'take away what is there, then apply it; or finish it by hand',
      look: async (at) => {
        const adds = droppable((await sql.effects(at)).adds)
        const places = new Set((await at.see(existing(adds))).map(({ place }) => place))
        const there = adds.filter((_, place) => places.has(place))
        const missing = adds.filter((_, place) => !places.has(place))
        if (there.length === 0) return holds(`none of ${quantity(adds.length, 'object')}`)
        if (missing.length === 0) return holds(`all ${quantity(adds.length, 'object')}`)
        return fails(`there: ${namesOf(there)}; missing: ${namesOf(missing)}`)
      },
    }),
    fits: ofMigration(...STATES),
    remedy: { title: 'Take away what is there of it', steps: () => [dropUnfinished(sql)], follows: false },
  })
