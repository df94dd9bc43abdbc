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

/**
 * `20261122T021500Z-production-deploy-7f3a`. Its last part tells two runs of one second apart, and which was the first:
 * the millisecond, and by chance what is below it.
 */
export const runId = (at: Date, env: string, command: string, chance = Math.random()): string => {
  const part = Math.floor(((at.getUTCMilliseconds() + chance) * 0x10000) / 1000)
  return `${stampOf(at)}-${env}-${command}-${part.toString(16).padStart(4, '0')}`
}

/** The order of runs by time, whatever their environments and commands are called. */
export const byTime = (one: string, other: string): number => {
  const [a, b] = [timeOf(one), timeOf(other)]
  return a < b ? -1 : a > b ? 1 : 0
}
const timeOf = (run: string): string => `${stampOfRun(run)} ${run.slice(run.lastIndexOf('-') + 1)}`
