import { noFailedMigration } from '../../checks/no-failed-migration.ts'
import { defineDiagnosis, type Step } from '../../runbook/index.ts'
import { symptoms } from './symptoms.ts'

/** While one is recorded as begun and not ended, Prisma refuses every other (P3009). `resolve`: marks it. */
export const failedMigration = (resolve: () => Step) =>
  defineDiagnosis({
    id: 'failed-migration',
    symptom: symptoms.migrationFailed,
    cause: 'a migration has failed, and Prisma refuses every other one until it is marked',
    probe: noFailedMigration(),
    fits: ({ kind }, { role }) =>
      role === 'migration' && (kind === 'after-unmet' || kind === 'command-failed'),
    remedy: { title: 'Mark it as rolled back', steps: () => [resolve()], follows: false },
  })
