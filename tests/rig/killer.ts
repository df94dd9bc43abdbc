import { fileURLToPath } from 'node:url'

const killer = fileURLToPath(new URL('../fixtures/programs/killer/killer.cjs', import.meta.url))

/**
 * Variables with which the command line is hit by a signal as soon as it has written a line of its transcript, counted
 * from 1: between two events, where nothing else could aim.
 */
export const killerAt = (line: number, signal: NodeJS.Signals = 'SIGKILL'): Record<string, string> => ({
  NODE_OPTIONS: `--require ${JSON.stringify(killer)}`,
  KILLER_LINE: String(line),
  KILLER_SIGNAL: signal,
})
