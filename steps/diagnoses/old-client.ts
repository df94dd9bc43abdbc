import { clientGenerated } from '../../checks/client-generated.ts'
import type { PrismaPlace } from '../../checks/reading/prisma-place.ts'
import { defineDiagnosis, type Step } from '../../runbook/index.ts'
import { ofWhatRuns, symptoms } from './symptoms.ts'

/** The client is made from the schema, and is not made again by a pull. */
export const oldClient = (place: PrismaPlace, output: string | undefined, step: Step) =>
  defineDiagnosis({
    id: 'old-client',
    symptom: symptoms.client,
    cause: 'the Prisma client was not generated from the schema that is there',
    probe: clientGenerated(place, { output }),
    fits: ofWhatRuns,
    remedy: { title: 'Generate it', steps: () => [step], follows: true },
  })
