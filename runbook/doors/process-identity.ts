import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
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
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name of the program, in parentheses, may contain spaces; the start time is the 20th field after it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' ? undefined : `${bootId()}:${fields[19]}`
  } catch {
    return undefined
  }
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
