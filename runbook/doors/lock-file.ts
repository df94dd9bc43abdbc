import { linkSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { startOf } from './process-identity.ts'

/** Who holds a lock. */
export interface Holder {
  run: string
  operator: string
  machine: string
  pid: number
  /** See `startOf`. */
  started: string
  since: string
}
type Generation = { number: number; holder: Holder | null }

/**
 * A lock as a file that names its holder. Each taking of it is a new generation, made by `link`, which succeeds for
 * exactly one process; a generation's name is never used again, so that two who find a dead holder cannot both
 * follow it. Freeing writes `null` into the own generation, and touches no other.
 */
export const takeLockFile = (folder: string, holder: Holder): Taken | { heldBy: Holder } => {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  for (;;) {
    const latest = latestGeneration(folder)
    if (latest?.holder && isHeld(latest.holder, holder.machine)) return { heldBy: latest.holder }
    const number = (latest?.number ?? 0) + 1
    if (!create(folder, number, holder)) continue
    for (const old of generations(folder)) if (old < number) rmSync(fileOf(folder, old), { force: true })
    return {
      ...(latest?.holder && { takenOverFrom: latest.holder }),
      free: () => replace(fileOf(folder, number), null),
    }
  }
}
export interface Taken {
  /** The dead process that held it last. */
  takenOverFrom?: Holder
  free(): void
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

const replace = (file: string, holder: Holder | null): void => {
  writeFileSync(`${file}.draft`, JSON.stringify(holder), { mode: 0o600 })
  renameSync(`${file}.draft`, file)
}

const latestGeneration = (folder: string): Generation | undefined => {
  for (;;) {
    const number = generations(folder).at(-1)
    if (number === undefined) return undefined
    try {
      return { number, holder: JSON.parse(readFileSync(fileOf(folder, number), 'utf8')) }
    } catch (error) {
      // The next holder has removed it in the meantime.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
  }
}

const generations = (folder: string): number[] =>
  readdirSync(folder)
    .flatMap((name) => (/^\d+\.json$/.test(name) ? [Number.parseInt(name, 10)] : []))
    .sort((a, b) => a - b)

const fileOf = (folder: string, number: number): string => join(folder, `${number}.json`)
