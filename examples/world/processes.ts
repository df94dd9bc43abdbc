import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/** A process that cannot be mistaken: numbers are used again, a number with its start time is not. */
export type ProcessId = { pid: number; started: string }

/** The process of this number, or undefined where there is none (any more). */
export function identify(pid: number): ProcessId | undefined {
  const started = process.platform === 'linux' ? startedInProc(pid) : startedInPs(pid)
  return started ? { pid, started } : undefined
}

/** Whether it still runs; a zombie does not. */
export function isAlive({ pid, started }: ProcessId): boolean {
  return identify(pid)?.started === started
}

/** The parent's number; undefined outside of Linux. */
export function parentOf(pid: number): number | undefined {
  return Number(statOf(pid)[1]) || undefined
}

/** Ends processes by one signal after the other, each with time to work. Gives those that outlived them all. */
export async function end(
  processes: ProcessId[],
  signals: [NodeJS.Signals, number][] = [
    ['SIGTERM', 5000],
    ['SIGKILL', 5000],
  ],
): Promise<ProcessId[]> {
  let left = processes.filter(isAlive)
  for (const [signal, patience] of signals) {
    for (const { pid } of left) send(pid, signal)
    const deadline = Date.now() + patience
    while (left.length > 0 && Date.now() < deadline) {
      await sleep(20)
      left = left.filter(isAlive)
    }
  }
  return left
}

/** The processes for which `belongs` says yes. Empty outside of Linux, where only recorded ones are known. */
export function findProcesses(belongs: (pid: number) => boolean): ProcessId[] {
  if (process.platform !== 'linux') return []
  const pids = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
  return pids.filter(belongs).flatMap((pid) => identify(pid) ?? [])
}

/** What /proc tells of a process; empty where it is gone or another user's. */
export const inspect = {
  command: (pid: number) => readProc(pid, 'cmdline').split('\0').join(' '),
  name: (pid: number) => readProc(pid, 'comm').trim(),
  env: (pid: number) => readProc(pid, 'environ').split('\0'),
  cwd: (pid: number) => quietly(() => readlinkSync(`/proc/${pid}/cwd`)),
}

function startedInProc(pid: number): string | undefined {
  const fields = statOf(pid)
  return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19]
}

// The name, in parentheses, may hold spaces; after it come the state, the parent and, as the 20th, the start time.
function statOf(pid: number): string[] {
  return readProc(pid, 'stat')
    .replace(/^.*\) /s, '')
    .split(' ')
}

function startedInPs(pid: number): string | undefined {
  return quietly(() => execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim())
}

function readProc(pid: number, file: string): string {
  return quietly(() => readFileSync(`/proc/${pid}/${file}`, 'utf8'))
}

function quietly(read: () => string): string {
  try {
    return read()
  } catch {
    return ''
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It ended by itself in the meantime.
  }
}
