import { processNewerThanCode } from '../../checks/process-newer-than-code.ts'
import { defineDiagnosis, type Remedy } from '../../runbook/index.ts'
import { ofWhatRuns, symptoms } from './symptoms.ts'

/** It was built and not restarted: what runs is what was there before. */
export const oldProcess = (process: string, remedy: Remedy) =>
  defineDiagnosis({
    id: 'old-process',
    symptom: symptoms.stillFails,
    cause: `${process} was started before what it runs was written`,
    probe: processNewerThanCode(process),
    fits: ofWhatRuns,
    remedy,
  })
