import {
  type Check,
  defineCheck,
  defineDiagnosis,
  fails,
  holds,
  quantity,
  type Step,
} from '../../runbook/index.ts'
import { factsOf } from '../sql/facts.ts'
import { cannotTell, type SqlInQuestion } from './sql-in-question.ts'
import { ofWhatRuns, symptoms } from './symptoms.ts'

/** The code expects of the schema what is not there. */
export const notApplied = (sql: SqlInQuestion, step: Step, given: readonly Check[] = []) =>
  defineDiagnosis({
    id: 'not-applied',
    symptom: symptoms.stillFails,
    cause: `${sql.name} is not applied`,
    probe: defineCheck({
      fact: `what ${sql.name} brings about is there`,
      remedy: 'apply it',
      look: async (at) => {
        const effects = await sql.effects(at)
        const facts = [...factsOf(effects, at.env.database?.schema ?? 'public'), ...given]
        if (facts.length === 0) return cannotTell(effects)
        for (const check of facts) {
          const { holds, seen } = await check.look(at)
          if (!holds) return fails(`not so: ${check.fact}; seen: ${seen}`)
        }
        return holds(quantity(facts.length, 'fact'))
      },
    }),
    fits: ofWhatRuns,
    remedy: { title: 'Apply it', steps: () => [step], follows: true },
  })
