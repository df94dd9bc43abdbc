import { fileURLToPath } from 'node:url'

const killer = fileURLToPath(new URL('../fixtures/programs/killer/killer.cjs', import.meta.url))

/** The line of a transcript after which something happens: its number from 1, or words that stand in it. */
export type Moment = number | string
export interface Hit {
  signal?: NodeJS.Signals
  /** Milliseconds after the line was written. Default: at once. */
  delay?: number
}

/** Variables with which the command line is hit by a signal at a moment of its own transcript: no clock could aim so. */
export const killerAt = (
  moment: Moment,
  { signal = 'SIGKILL', delay = 0 }: Hit = {},
): Record<string, string> => ({
  NODE_OPTIONS: `--require ${JSON.stringify(killer)}`,
  ...(typeof moment === 'number' ? { KILLER_LINE: String(moment) } : { KILLER_TEXT: moment }),
  KILLER_SIGNAL: signal,
  KILLER_DELAY: String(delay),
})
