import { duration } from '../model/duration.ts'

/** How long a run worked, and for how long it only waited for an answer; of one that was killed in between the least. */
export interface Took {
  ms: number
  waited?: number
  atLeast?: boolean
}

/** All parts of a run together; for how long it only waited for an answer is said beside. Milliseconds. */
export const tookText = (took: Took): string => {
  const { ms, waited = 0, atLeast } = took
  return waited < NOTICED
    ? atLeastText(ms, atLeast)
    : `${workedText(took)} (and ${duration(waited)} of waiting for answers)`
}

/** Without the waiting. */
export const workedText = ({ ms, waited = 0, atLeast }: Took): string => atLeastText(ms - waited, atLeast)

/** '2.1 s', or 'at least 2.1 s' where a part of it is not known. */
export const atLeastText = (ms: number, atLeast: boolean | undefined): string =>
  `${atLeast ? 'at least ' : ''}${duration(ms)}`

const NOTICED = 1000
