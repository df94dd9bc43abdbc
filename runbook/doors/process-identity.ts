import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import type { ProcessIdentity } from '../model/event.ts'
import type { Who } from '../model/who.ts'
import { accountsIn, ownAccount } from './accounts.ts'

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
const statOf = (pid: number): { state: string; group: number; terminal: number; start: string } => {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return { state: fields[0]!, group: Number(fields[2]), terminal: Number(fields[4]), start: fields[19]! }
}

const bootId = (): string => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()

/** Of this process. */
export const ownIdentity = (): ProcessIdentity => ({ pid: process.pid, started: startOf(process.pid) ?? '' })

export const machineName = (): string => hostname()

type Variables = Readonly<Record<string, string | undefined>>

/** Who runs this process, as far as the system itself tells. */
export const whoRuns = (variables: Variables): Who => {
  const uid = process.getuid?.() ?? -1
  const sudo = sudoOf(variables, uid)
  const terminal = terminalName()
  return {
    operator: operatorName(variables),
    uid,
    ...(sudo !== undefined && { sudo }),
    machine: machineName(),
    ...(terminal !== undefined && { terminal }),
  }
}

/** The account that runs this, in one text: 'ada', 'root (sudo by ada)'. */
export const operatorName = (variables: Variables): string => {
  const sudo = sudoOf(variables, process.getuid?.() ?? -1)
  return sudo === undefined ? accountName() : `${accountName()} (sudo by ${sudo})`
}

/** Every name that this process goes by, also those that anybody can set: whoever has one of them is no second person. */
export const namesOfOperator = (variables: Variables): string[] =>
  [
    accountName(),
    `uid ${process.getuid?.() ?? '?'}`,
    fullNameOf(),
    variables.SUDO_USER,
    variables.USER,
    variables.LOGNAME,
  ]
    .map((name) => name?.trim() ?? '')
    .filter((name) => name !== '')

const accountName = (): string => ownAccount() ?? `uid ${process.getuid?.() ?? '?'}`

/** sudo sets it for the superuser; with any other account nobody knows who has set it. */
const sudoOf = ({ SUDO_USER }: Variables, uid: number): string | undefined => {
  const name = SUDO_USER?.trim() ?? ''
  return uid === 0 && /^[^\p{C}]{1,128}$/u.test(name) && name !== accountName() ? name : undefined
}

/** 'Ada Lovelace', of an account that this machine itself keeps. */
const fullNameOf = (): string | undefined =>
  accountsIn('/etc/passwd').find(({ name }) => name === accountName())?.fullName

/** The terminal that this process belongs to, wherever its output goes: '/dev/pts/3'. Undefined where there is none. */
const terminalName = (): string | undefined => {
  try {
    if (process.platform !== 'linux') {
      const name = execFileSync('ps', ['-o', 'tty=', '-p', String(process.pid)], { encoding: 'utf8' }).trim()
      return /^\?*-?$/.test(name) ? undefined : `/dev/${name}`
    }
    const { terminal } = statOf(process.pid)
    // See proc(5): the minor number is in bits 31 to 20 and 7 to 0, the major in bits 15 to 8.
    const [major, minor] = [(terminal >> 8) & 0xff, (terminal & 0xff) | ((terminal >>> 12) & 0xfff00)]
    if (terminal === 0) return undefined
    if (major >= 136 && major <= 143) return `/dev/pts/${(major - 136) * 256 + minor}`
    return major === 4 ? `/dev/tty${minor < 64 ? minor : `S${minor - 64}`}` : `terminal ${major}:${minor}`
  } catch {
    return undefined
  }
}
