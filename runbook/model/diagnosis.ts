import type { Check } from './check.ts'
import type { Failure } from './failure.ts'
import type { Step } from './step.ts'

/** An entry of a troubleshooting section: what is seen, what it comes from, how that shows, and what mends it. */
export interface Diagnosis {
  readonly kind: 'diagnosis'
  /** In kebab-case; its remedy is named after it: `runbook run mend-old-build production`. */
  readonly id: string
  /** What whoever meets it sees: 'The application still answers with errors'. Entries of one symptom stand together. */
  readonly symptom: string
  /** What it comes from, as a statement: 'the build is older than its sources'. */
  readonly cause: string
  /** Where this does not hold, the cause is found, and what was seen is the evidence for it. */
  readonly probe: Check
  /** A `cause` explains the symptom; a `sign` says where to look on. */
  readonly shows: 'cause' | 'sign'
  /**
   * Whether it may explain that a step has failed so: by the kind of the failure and by what the step is for, never by
   * words. `runbook diagnose` looks at it in any case.
   */
  fits(failure: Failure, step: Step): boolean
  /** Absent: only a person can mend it, in the way that the probe names. */
  readonly remedy?: Remedy
}

/** Steps that mend a cause. They are performed like any procedure of the book. */
export interface Remedy {
  /** An imperative: 'Build it anew'. */
  readonly title: string
  /** Called when they are wanted: a remedy may be made of the step that brings the entry. */
  steps(): readonly Step[]
  /** What follows from them in the book is done again, and the book verified. */
  readonly follows: boolean
}

/** Whether a cause was found, is not so, or is not known because it could not be looked at. */
export type Found = 'cause' | 'sign' | 'no' | 'unknown'

/** What a look of a diagnosis says beside its fact. */
export interface Diagnosed {
  /** The entry's. */
  id: string
  symptom: string
  cause: string
  found: Found
  /** The procedure that mends it. */
  mends?: string
}

/** Defines an entry. By itself it is a cause, and explains no failure. */
export const defineDiagnosis = (
  diagnosis: Omit<Diagnosis, 'kind' | 'shows' | 'fits'> & Partial<Pick<Diagnosis, 'shows' | 'fits'>>,
): Diagnosis => ({ shows: 'cause', fits: () => false, ...diagnosis, kind: 'diagnosis' })

/** The names of remedies begin so; a procedure of the book does not. */
export const MENDS = 'mend-'
