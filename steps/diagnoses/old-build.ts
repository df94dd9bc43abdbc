import { type Build, buildNewerThanSources } from '../../checks/build-newer-than-sources.ts'
import { defineDiagnosis, type Step } from '../../runbook/index.ts'
import { ofWhatRuns, symptoms } from './symptoms.ts'

/** The code was pulled, or edited, and not built since. `rebuild`: builds it, whatever is there. */
export const oldBuild = (build: Build, rebuild: () => Step) =>
  defineDiagnosis({
    id: 'old-build',
    symptom: symptoms.stillFails,
    cause: 'what was built is older than its sources',
    probe: buildNewerThanSources(build),
    fits: ofWhatRuns,
    remedy: { title: 'Build it anew', steps: () => [rebuild()], follows: true },
  })
