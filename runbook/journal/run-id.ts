/** `20261122T021500Z`: sorts by time, and can stand in a file's name. */
export const stampOf = (at: Date): string =>
  at
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
    .replace(/[-:]/g, '')

/** The time that a run's id begins with, as its paths have it. */
export const stampOfRun = (run: string): string => run.split('-', 1)[0]!

/** How a run names itself to a database server. */
export const sessionName = (run: string): string => `runbook ${run}`

/** `20261122T021500Z-production-deploy-7f3a`. */
export const runId = (at: Date, env: string, command: string, random: string): string =>
  `${stampOf(at)}-${env}-${command}-${random}`
