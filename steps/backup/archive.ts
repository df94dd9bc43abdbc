import {
  type Command,
  changes,
  type DumpFormat,
  databaseOf,
  type Effect,
  type Environment,
  libpqVariables,
  piped,
  reads,
  WHOLE_DATABASE,
} from '../../runbook/index.ts'
import type { Way } from './way.ts'

/** The one place that knows how each format is written and read. All of them are pg_dump's, and pg_restore reads them. */
export interface Archive {
  dump: string
  format: DumpFormat
}

/** The program through which a format goes, and what it is told. Both have a sum of their own in what they write. */
const streams: Partial<
  Record<DumpFormat, { program: string; writes: (to: string) => string[]; reads: (from: string) => string[] }>
> = {
  'custom-zstd': {
    program: 'zstd',
    writes: (to) => ['-q', '-1', '-T0', '-o', to],
    reads: (from) => ['-q', '-d', '-c', from],
  },
  'custom-lz4': {
    program: 'lz4',
    writes: (to) => ['-q', '-1', '-', to],
    reads: (from) => ['-q', '-d', '-c', from],
  },
}

/** The program without which a format can be neither written nor read, beside PostgreSQL's own. */
export const programOf = (format: DumpFormat): string | undefined => streams[format]?.program

/** How the database becomes a dump. */
export const dumps = (
  env: Environment,
  { to, snapshot, way: { format, jobs, compress } }: { to: string; snapshot: string; way: Way },
): Command<'changes'> => {
  const stream = streams[format]
  const dump = {
    ...changes(
      'pg_dump',
      `--format=${format === 'directory' ? 'directory' : 'custom'}`,
      `--compress=${compress}`,
      ...(jobs > 1 ? [`--jobs=${jobs}`] : []),
      `--snapshot=${snapshot}`,
      ...waiting,
      ...(stream ? [] : [`--file=${to}`]),
    ),
    env: libpqVariables(databaseOf(env)),
    timeout: WHOLE_DATABASE,
  }
  return stream ? piped(dump, stream.program, ...stream.writes(to)) : dump
}

/** A migration that holds a table must not make the backup wait for ever, nor a password prompt. */
const waiting = ['--no-password', '--lock-wait-timeout=60s'] as const

/** `pg_restore` with these arguments, of an archive in whatever format, from its beginning to its end. */
export const restoring = <E extends Effect>(
  command: (program: string, ...args: string[]) => Command<E>,
  { dump, format }: Archive,
  ...args: string[]
): Command<E> => {
  const stream = streams[format]
  const whole = stream
    ? piped(command(stream.program, ...stream.reads(dump)), 'pg_restore', ...args)
    : command('pg_restore', ...args, dump)
  return { ...whole, timeout: WHOLE_DATABASE }
}

/** Reads the whole archive and throws the SQL away: `--list` alone accepts one that was cut in half. */
export const readsWhole = (archive: Archive): Command<'reads'> =>
  restoring(reads, archive, '--file=/dev/null')

/** What an archive says it holds; that stands at its beginning. */
export const listsContents = (archive: Archive): Command<'reads'> => {
  const lists = restoring(reads, archive, '--list')
  return lists.into ? { ...lists, readsBeginning: true } : lists
}

/** Makes a file of a stream, which several programs can read at once; undefined where there is nothing to be done. */
export const unpacks = ({ dump, format }: Archive, to: string): Command<'changes'> | undefined => {
  const stream = streams[format]
  if (!stream) return undefined
  const args = stream.reads(dump).filter((word) => word !== '-c')
  return {
    ...changes(stream.program, ...(stream.program === 'zstd' ? [...args, '-o', to] : [...args, to])),
    timeout: WHOLE_DATABASE,
  }
}

/** Prints what a stream unpacks to; undefined where nothing is unpacked. */
export const unpacksToOutput = ({ dump, format }: Archive): [string, ...string[]] | undefined => {
  const stream = streams[format]
  return stream && [stream.program, ...stream.reads(dump)]
}

export interface Contents {
  pgDumpVersion: string
  serverVersion: string
  /** The tables whose rows are in it, by PostgreSQL's own number. */
  tables: Set<number>
}

/** `3362; 0 16389 TABLE DATA public avatars owner`, below a header. */
export const contentsIn = (list: string): Contents => ({
  pgDumpVersion: versionAfter('Dumped by pg_dump version', list),
  serverVersion: versionAfter('Dumped from database version', list),
  tables: new Set([...list.matchAll(/^\d+; \d+ (\d+) TABLE DATA /gm)].map(([, oid]) => Number(oid))),
})

const versionAfter = (words: string, list: string): string =>
  new RegExp(`^;\\s*${words}: (\\S+)`, 'm').exec(list)?.[1] ?? ''
