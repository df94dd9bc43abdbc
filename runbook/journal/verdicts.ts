import type { Command, Verified } from '../model/event.ts'
import type { RunState, VerifiedRecord } from './fold.ts'

/**
 * What a run has made of a verification. `lost`: it held, and does not, or cannot be asked any more. `mended`: it holds,
 * and did not. `neither`: it did not hold before either. `unproven`: it does not hold, and whether it did nobody knows.
 * `unknown`: whether it holds nobody knows. `went-back`: it held, and went back with the database that was restored.
 */
export type Verdict = 'holds' | 'mended' | 'lost' | 'neither' | 'unproven' | 'unknown' | 'went-back'

export interface Verdicted {
  step: string
  title: string
  verdict: Verdict
  before: Verified | undefined
  after: Verified | undefined
}

/** Of each verification, in the order in which they were asked. */
export const verdictsOf = ({ verified }: RunState): Verdicted[] =>
  [...verified].flatMap(([step, record]) =>
    record.after ? [{ step, title: record.title, ...verdictOf(record) }] : [],
  )

/** A rollback is held against what was before the run that it takes back, and not against the trouble right before it. */
const verdictOf = ({
  before,
  reference = before,
  after,
}: VerifiedRecord): Pick<Verdicted, 'verdict' | 'before' | 'after'> => {
  const verdict = (): Verdict => {
    if (after?.holds) return reference?.holds === false || before?.holds === false ? 'mended' : 'holds'
    if (before?.mayGoBack) return before.holds && after?.holds === false ? 'went-back' : 'unknown'
    if (reference?.holds) return 'lost'
    if (after?.holds === false) return reference?.holds === false ? 'neither' : 'unproven'
    return 'unknown'
  }
  return { verdict: verdict(), before: reference, after }
}

/** What does not hold as it should, or as nobody knows. */
export const isAmiss = ({ verdict }: Verdicted): boolean => verdict !== 'holds' && verdict !== 'mended'

/**
 * Which of them fail a run that got to its end. What a deployment was told to leave out, and nobody knows to have held,
 * was decided by the operator; a rollback and a restore promise that what was there is there again. What by its nature
 * could not be asked before, of which no earlier run tells either, is named and fails nothing.
 */
export const failing = (verdicts: readonly Verdicted[], command: Command | undefined): Verdicted[] =>
  verdicts.filter(({ verdict, before }) => {
    const promised = command === 'rollback' || command === 'restore'
    return verdict === 'lost' || (verdict === 'unproven' && promised && !before?.unaskable)
  })
