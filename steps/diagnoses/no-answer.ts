import { httpAnswers } from '../../checks/http-answers.ts'
import { defineDiagnosis } from '../../runbook/index.ts'
import { ofWhatRuns, symptoms } from './symptoms.ts'

/** The trouble itself, in one request. */
export const noAnswer = (health: string) =>
  defineDiagnosis({
    id: 'no-answer',
    symptom: symptoms.stillFails,
    cause: `the application does not answer ${health} with 200`,
    shows: 'sign',
    probe: httpAnswers(health),
    fits: ofWhatRuns,
  })
