import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { hostname, userInfo } from 'node:os'

/**
 * When a process began; with its pid it names one process for ever. Undefined where there is none, and where it is
 * over and only its parent has not looked yet.
 */
export const startOf = (pid: number): string | undefined => {
  try {
    if (process.platform !== 'linux') {
      const ps = ['-o', 'stat=', '-o', 'lstart=', '-p', String(pid)]
      const [state, ...start] = execFileSync('ps', ps, { encoding: 'utf8' }).trim().split(/\s+/)
      return state?.startsWith('Z') ? undefined : start.join(' ') || undefined
    }
    const { state, start } = statOf(pid)
    return state === 'Z' ? undefined : `${bootId()}:${start}`
  } catch {
    return undefined
  }
}

/**
 * Whether a process group has a member that is not over: a signal also reaches those whose parent has not looked yet,
 * and where nobody looks, as in some containers, they stay for ever.
 */
export const groupLives = (group: number): boolean => {
  if (process.platform !== 'linux') return true
  return readdirSync('/proc').some((name) => {
    if (!/^\d+$/.test(name)) return false
    try {
      const stat = statOf(Number(name))
      return stat.group === group && stat.state !== 'Z'
    } catch {
      return false
    }
  })
}

/** The name of the program, in parentheses, may contain spaces; see proc(5) for the fields after it. */
const statOf = (pid: number): { state: string; group: number; start: string } => {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return { state: fields[0]!, group: Number(fields[2]), start: fields[19]! }
}

const bootId = (): string => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()

export const machineName = (): string => hostname()

/** Who runs this; under sudo, who called it. */
export const operatorName = (variables: Readonly<Record<string, string | undefined>>): string => {
  if (variables.SUDO_USER) return variables.SUDO_USER
  try {
    return userInfo().username
  } catch {
    return `uid ${process.getuid?.() ?? '?'}`
  }
}
