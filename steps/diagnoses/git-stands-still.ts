import { noGitOperation } from '../../checks/no-git-operation.ts'
import { defineDiagnosis, type Failure, type Step } from '../../runbook/index.ts'
import { noGitLock } from '../code/git-locks.ts'
import { symptoms } from './symptoms.ts'

const ofGit = ({ kind }: Failure, { revision }: Step): boolean =>
  revision !== undefined && ['command-failed', 'before-unmet', 'after-unmet', 'timeout'].includes(kind)

/** A git that was killed has left its lock, so that every other is refused. */
export const gitLocked = () =>
  defineDiagnosis({
    id: 'git-locked',
    symptom: symptoms.code,
    cause: 'a lock of git is in the clone',
    probe: { ...noGitLock(), patience: { every: 0, upTo: 0 } },
    fits: ofGit,
  })

/** Somebody has begun a merge or a rebase in the clone. */
export const gitStandsStill = () =>
  defineDiagnosis({
    id: 'git-stands-still',
    symptom: symptoms.code,
    cause: 'a merge or rebase in the clone is unfinished',
    probe: noGitOperation(),
    fits: ofGit,
  })
