import { dumpOnDisk, sha256OfDump } from '../../checks/reading/dump-sum.ts'
import {
  type Act,
  type BackupManifest,
  bytes,
  type Failure,
  fails,
  holds,
  quantity,
  type Verdict,
} from '../../runbook/index.ts'
import { type Archive, contentsIn, listsContents, readsWhole } from './archive.ts'
import type { LiveContents } from './live-database.ts'

type Proof = Omit<BackupManifest, 'environment' | 'database' | 'host' | 'system' | 'startedAt' | 'finishedAt'>

/** Reads a dump in full and holds it against the tables that it was made from; stops the step where it falls short. */
export const proveDump = async (act: Act<any, any>, archive: Archive, live: LiveContents): Promise<Proof> => {
  const there = await dumpOnDisk(act, archive.dump)
  act.prove(
    'the dump is nothing but what pg_dump has written',
    there?.strange === undefined ? holds(there ? 'it is' : 'there is none') : fails(there.strange),
    'see who else writes there, then start again',
  )
  const [read, list, sha256] = await Promise.all([
    act.attempt(readsWhole(archive)),
    act.attempt(listsContents(archive)),
    there ? sha256OfDump(act, archive.dump, there) : '',
  ])
  const size = there?.size ?? 0
  act.prove(
    'the dump can be read in full',
    read.ok ? holds(bytes(size)) : unreadable(read.failure),
    'see whether the disk is full or the server ended in between, then start again',
  )
  const { tables, ...versions } = contentsIn(list.ok ? list.value : '')
  const missing = live.tables
    .filter(({ oid }) => !tables.has(oid))
    .map(({ schema, name }) => `${schema}.${name}`)
  act.prove(
    'the dump holds every table',
    missing.length ? fails(`missing: ${missing.join(', ')}`) : holds(quantity(live.tables.length, 'table')),
    'see whether pg_dump is the right program: command -v pg_dump; pg_dump --version',
  )
  return {
    ...versions,
    format: archive.format,
    sha256,
    size,
    moment: live.moment,
    schemas: live.schemas,
    tables: live.tables.map(({ schema, name, rows, columns }) => ({ schema, name, rows, columns })),
  }
}

const unreadable = (failure: Failure): Verdict => {
  const tail = 'tail' in failure && failure.tail ? failure.tail : ''
  return fails(tail.split('\n').at(-1) || 'pg_restore cannot read it', { ...(tail && { tail }) })
}
