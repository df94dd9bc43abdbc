import { roleMay } from '../../checks/role-may.ts'
import { type Look, reads, type Secret } from '../../runbook/index.ts'
import { liveAndBeside } from '../restore/live-and-beside.ts'
import { type Making, makingOfLive } from '../restore/make-alike.ts'

/** What a book may say of where its migrations are rehearsed; absent: where it can be done. */
export type On = Secret | 'throwaway' | undefined

/** Where the copy is made. JSON: it is observed. */
export type Where =
  /** On the server of the database itself; `via`: another database there, from which one can be made. */
  | { kind: 'same'; via: string; making: Making }
  /** On the server that the book names. */
  | { kind: 'named' }
  /** On a server that is started for it, with these programs, as this user where the operator is root, in this folder. */
  | { kind: 'throwaway'; programs: string; user: string | null; folder: string }
  /** Nowhere, and why. */
  | { kind: 'none'; because: string; remedy: string }

export type Found = {
  where: Where
  /** The name of the copy. */
  database: string
  /** Of the database that it is a copy of; bytes. */
  size: number
  /** Copies that rehearsals left when they were killed. */
  leftovers: string[]
  jobs: number
}

/** Finds out where the database can be copied to, and what is left of earlier copies there. */
export const findWhere = async (at: Look, on: On): Promise<Found> => {
  const { live, names, leftovers, size, via, version } = await liveAndBeside(at, at.run.stamp)
  const cores = await at.attempt(reads('getconf', '_NPROCESSORS_ONLN'))
  const mayCreate = await roleMay('create databases').look(at)
  const own = async (): Promise<Where> =>
    mayCreate.holds && via !== null
      ? { kind: 'same', via, making: (await at.see(makingOfLive))[0]! }
      : throwaway(
          at,
          version,
          live,
          mayCreate.holds ? 'the role can enter no other database of the server' : mayCreate.seen,
          mayCreate.remedy,
        )
  const where: Where =
    on === undefined
      ? await own()
      : on === 'throwaway'
        ? await throwaway(at, version, live)
        : { kind: 'named' }
  return {
    where,
    database: names.rehearsal,
    size,
    leftovers: leftovers.filter((name) => /_rehearsal_\d{8}T\d{6}Z$/.test(name)),
    jobs: Math.max(1, Number(cores.ok ? cores.value : 1) || 1),
  }
}

/** A server of its own, where the programs of that version, or of a later one, are installed. */
const throwaway = async (
  _at: Look,
  version: number,
  _live: string,
  because?: string,
  remedy?: string,
): Promise<Where> => {
  const none = (seen: string): Where => ({
    kind: 'none',
    because: [because, seen].filter(Boolean).join('; '),
    remedy: [remedy, `install the server’s programs here: apt-get install postgresql-${version}`]
      .filter(Boolean)
      .join('; or '),
  })
  return none('no server can be started here')
}
