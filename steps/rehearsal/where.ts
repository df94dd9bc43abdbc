import { readManifest } from '../../checks/reading/backup-manifest.ts'
import { coresOf } from '../../checks/reading/cores.ts'
import { roleMay } from '../../checks/role-may.ts'
import {
  type Closing,
  type DumpFormat,
  type Look,
  type Secret,
  type Step,
  selects,
} from '../../runbook/index.ts'
import { backupFiles } from '../backup/files.ts'
import { type LiveAndBeside, liveAndBeside } from '../restore/live-and-beside.ts'
import { type Making, makingOfLive } from '../restore/make-alike.ts'
import { archiveOf } from '../restore/restore-dump.ts'
import { findClosing } from './closing.ts'
import { type ServerPrograms, serverPrograms } from './server-programs.ts'

/** What a book may say of where its migrations are rehearsed; absent: where it can be done. */
export type On = Secret | 'throwaway' | undefined

/** Where the copy is made. JSON: it is observed. */
export type Where =
  /** On the server of the database itself; `via`: another database there, from which one can be made. */
  | { kind: 'same'; via: string; making: Making }
  /** On the server that the book names; `copies`: how the names of all copies of this database begin there. */
  | { kind: 'named'; copies: string }
  /** On a server that is started for it in this folder, which nobody but its user can enter. */
  | { kind: 'throwaway'; programs: ServerPrograms; folder: string; making: Making }
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
  /** Of the backup that is restored. */
  format: DumpFormat
  /** How a command is kept from everything but the copy. */
  closing: Closing
}

/** Finds out where the database can be copied to, and what is left of earlier copies there. */
export const findWhere = async (at: Look, on: On, from: Step): Promise<Found> => {
  const beside = await liveAndBeside(at, at.run.stamp)
  const where =
    on === undefined
      ? await nearest(at, beside)
      : on === 'throwaway'
        ? await throwaway(at, beside)
        : await named(at, beside)
  return {
    where,
    database: where.kind === 'named' ? `${where.copies}${at.run.stamp}` : beside.names.rehearsal,
    size: beside.size,
    leftovers: beside.leftovers.filter((name) => /_rehearsal_\d{8}T\d{6}Z$/.test(name)),
    jobs: await coresOf(at),
    format: await formatOf(from, at),
    closing: await findClosing(at),
  }
}

/** As the dump was made; where it is only planned, as the backup step would make it: the plan shows how it will be read. */
const formatOf = async (from: Step, at: Look): Promise<DumpFormat> => {
  const { dump } = backupFiles(at.run, at.env.name)
  const manifest = await readManifest(at, dump)
  if (manifest) return archiveOf(dump, manifest).format
  const { way } = ((await from.observe(at)) ?? {}) as { way?: { format: DumpFormat } }
  return way?.format ?? 'custom'
}

/** On the database's own server, where its data is on the same disk and under the same settings; or else on another. */
const nearest = async (at: Look, beside: LiveAndBeside): Promise<Where> => {
  const { via } = beside
  const may = await roleMay('create databases').look(at)
  if (may.holds && via !== null) return { kind: 'same', via, making: (await at.see(makingOfLive))[0]! }
  return throwaway(at, beside, {
    seen: may.holds ? 'the role can enter no other database of the server' : may.seen,
    remedy: may.holds ? 'let it connect to the database postgres: pg_hba.conf' : (may.remedy ?? ''),
  })
}

/** There may be copies of other databases of the same name there, of which a rehearsal may be going on. */
const named = async (at: Look, { system, live }: LiveAndBeside): Promise<Where> => ({
  kind: 'named',
  copies: `runbook_rehearsal_${await digest(at, `${system} ${live}`)}_`,
})

const digest = async (at: Look, text: string): Promise<string> => {
  const [one] = await at.see(selects<{ digest: string }>('SELECT left(md5($1), 12) AS digest', text))
  return one!.digest
}

type Unmet = Record<'seen' | 'remedy', string>

/** A server of its own, where the programs for one are installed. Its sockets need a short path. */
const throwaway = async (at: Look, { version, live }: LiveAndBeside, why?: Unmet): Promise<Where> => {
  const none = (seen: string, remedy: string): Where => ({
    kind: 'none',
    because: [...(why ? [why.seen] : []), seen].join('; '),
    remedy: [...(why ? [why.remedy] : []), remedy].join('; or '),
  })
  if (at.env.database?.backupsOnHost)
    return none(
      `the backups are on ${at.env.host}, where no server is started`,
      "name one in the book: rehearse({ on: secret('…') })",
    )
  const programs = await serverPrograms(at, version)
  if (programs) {
    const [making, name] = await Promise.all([at.see(makingOfLive), digest(at, `${at.env.name} ${live}`)])
    const folder = `/tmp/runbook-rehearsal-${name}`
    return { kind: 'throwaway', programs, folder, making: making[0]! }
  }
  return none(
    `no server of PostgreSQL ${version} is installed here`,
    `install the programs of a server here: apt-get install postgresql-${version}`,
  )
}
