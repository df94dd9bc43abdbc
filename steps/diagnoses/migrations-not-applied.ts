import { migrationsApplied } from '../../checks/migrations-applied.ts'
import type { PrismaPlace } from '../../checks/reading/prisma-place.ts'
import { defineDiagnosis, type Step } from '../../runbook/index.ts'
import { incomingMigrations } from '../prisma/incoming-migrations.ts'
import { ofWhatRuns, symptoms } from './symptoms.ts'

/** `npx prisma migrate status`, which says "up to date" in most of the cases that matter. */
export const migrationsNotApplied = (place: PrismaPlace, step: Step) =>
  defineDiagnosis({
    id: 'migrations-not-applied',
    symptom: symptoms.stillFails,
    cause: 'not every migration is applied',
    probe: migrationsApplied(place, incomingMigrations),
    fits: ofWhatRuns,
    remedy: { title: 'Apply them', steps: () => [step], follows: true },
  })
