import { fileSize, type LogPosition } from '../../checks/reading/log-lines.ts'
import { type Instance, pm2Daemon } from '../../checks/reading/pm2-instances.ts'
import type { Look } from '../../runbook/index.ts'

/** The logs of a process, each with the place where what counts begins. */
export type ProcessLogs = {
  out: LogPosition[]
  err: LogPosition[]
}

/** The logs as they are now: what is written from here on is new. */
export const logsNow = async (
  look: Look,
  process: string,
  instances: readonly Instance[],
): Promise<ProcessLogs> => {
  const paths = instances.length ? pathsOf(instances) : await pathsOfNew(look, process)
  const positions = (of: string[]) =>
    Promise.all(of.map(async (path) => ({ path, from: (await fileSize(look, path)) ?? 0 })))
  return { out: await positions(paths.out), err: await positions(paths.err) }
}

/** Where instances write now, from the places that were remembered on. */
export const logsSince = (before: ProcessLogs, instances: readonly Instance[]): ProcessLogs => {
  const remembered = new Map([...before.out, ...before.err].map(({ path, from }) => [path, from]))
  const positions = (of: string[]) => of.map((path) => ({ path, from: remembered.get(path) ?? 0 }))
  const { out, err } = pathsOf(instances)
  return { out: positions(out), err: positions(err) }
}

/** Several instances may share a file, and so may the two streams. */
const pathsOf = (instances: readonly Instance[]) => {
  const out = new Set(instances.map(({ outLog }) => outLog).filter(Boolean))
  const err = new Set(instances.map(({ errLog }) => errLog).filter((path) => path && !out.has(path)))
  return { out: [...out], err: [...err] }
}

/** Where pm2 lets a process write that it does not know yet, unless the ecosystem file says otherwise. */
const pathsOfNew = async (look: Look, process: string) => {
  const { home } = await pm2Daemon(look)
  const file = `${home}/logs/${process.replaceAll(' ', '-')}`
  return { out: [`${file}-out.log`], err: [`${file}-error.log`] }
}
