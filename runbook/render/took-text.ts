import { duration } from '../model/duration.ts'

/** How long a run worked, all its parts together; for how long it only waited for an answer is said beside. Milliseconds. */
export const tookText = ({ ms, waited = 0 }: { ms: number; waited?: number }): string =>
  waited < NOTICED
    ? duration(ms)
    : `${duration(ms - waited)} (and ${duration(waited)} of waiting for answers)`

const NOTICED = 1000
