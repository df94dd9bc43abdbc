import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { Failed } from '../model/failure.ts'
import type { WhoElse } from '../model/who.ts'
import { startOf } from './process-identity.ts'

/** Who holds a lock. */
export interface Holder extends WhoElse {
  run: string
  operator: string
  machine: string
  pid: number
  /** See `startOf`. */
  started: string
  since: string
}
type Generation = { number: number; holder: Holder | null }

/** How many generations stay: who is slow must not find a name free that was used already. */
const KEPT = 16

/**
 * A lock as a file that names its holder. Each taking of it is a new generation, made by `link`, which succeeds for
 * exactly one process, so that two who find a dead holder cannot both follow it. Freeing empties the own generation,
 * which needs no room on the disk, and touches no other. `gone`: a run of another machine that is known to be over.
 */
export const takeLockFile = (folder: string, holder: Holder, gone?: string): Taken | { heldBy: Holder } => {
  try {
    return takeGeneration(folder, holder, gone)
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException
    throw new Failed({ kind: 'file-failed', path: folder, code, message })
  }
}
export interface Taken {
  /** The dead process that held it last. */
  takenOverFrom?: Holder
  free(): void
}

const takeGeneration = (folder: string, holder: Holder, gone?: string): Taken | { heldBy: Holder } => {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  for (;;) {
    const latest = latestGeneration(folder)
    if (latest?.holder && latest.holder.run !== gone && isHeld(latest.holder, holder.machine))
      return { heldBy: latest.holder }
    const number = (latest?.number ?? 0) + 1
    if (!create(folder, number, holder)) continue
    const known = generations(folder)
    if (known.at(-1) !== number) {
      // The name was free because this generation is over, and removed: there are later ones.
      rmSync(fileOf(folder, number), { force: true })
      continue
    }
    for (const old of known) if (old <= number - KEPT) rmSync(fileOf(folder, old), { force: true })
    return {
      ...(latest?.holder && { takenOverFrom: latest.holder }),
      free: () => truncateSync(fileOf(folder, number)),
    }
  }
}

/** Who holds it now, as seen from the machine `here`; nothing is taken. */
export const heldNow = (folder: string, here: string): Holder | undefined => {
  if (!existsSync(folder)) return undefined
  const holder = latestGeneration(folder)?.holder
  return holder && isHeld(holder, here) ? holder : undefined
}

/** Frees what a run has left that is known to be over; says whether there was something. */
export const clearLockFile = (folder: string, run: string): boolean => {
  if (!existsSync(folder)) return false
  const latest = latestGeneration(folder)
  if (latest?.holder?.run !== run) return false
  truncateSync(fileOf(folder, latest.number))
  return true
}

/** A process of this machine can be looked for; of another machine's it is not known, and it is held. */
const isHeld = ({ machine, pid, started }: Holder, here: string): boolean =>
  machine !== here || startOf(pid) === started

const create = (folder: string, number: number, holder: Holder): boolean => {
  const draft = join(folder, `draft-${process.pid}-${number}`)
  writeFileSync(draft, JSON.stringify(holder), { mode: 0o600 })
  try {
    linkSync(draft, fileOf(folder, number))
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  } finally {
    rmSync(draft, { force: true })
  }
}

const latestGeneration = (folder: string): Generation | undefined => {
  for (;;) {
    const number = generations(folder).at(-1)
    if (number === undefined) return undefined
    try {
      return { number, holder: holderIn(readFileSync(fileOf(folder, number), 'utf8')) }
    } catch (error) {
      // The next holder has removed it in the meantime.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
  }
}

/** Nobody, where the file was emptied; or where a power cut came before its content was on the disk. */
const holderIn = (text: string): Holder | null => {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

const generations = (folder: string): number[] =>
  readdirSync(folder)
    .flatMap((name) => (/^\d+\.json$/.test(name) ? [Number.parseInt(name, 10)] : []))
    .sort((a, b) => a - b)

const fileOf = (folder: string, number: number): string => join(folder, `${number}.json`)
