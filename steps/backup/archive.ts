import { WHOLE_DATABASE } from '../../checks/reading/whole-database.ts'
import {
  type Command,
  changes,
  databaseOf,
  type Environment,
  libpqVariables,
  reads,
} from '../../runbook/index.ts'

/**
 * How the database becomes a file. The one place where the fastest way for the machine will be chosen (parallel
 * directory format, zstd): whatever it is, `pg_restore` must be able to read it in full and to list it.
 */
export const dumps = (
  env: Environment,
  { to, snapshot }: { to: string; snapshot: string },
): Command<'changes'> => ({
  // Level 1 takes a quarter of the default's time and a tenth more room.
  ...changes(
    'pg_dump',
    '--format=custom',
    '--compress=1',
    `--snapshot=${snapshot}`,
    ...waiting,
    `--file=${to}`,
  ),
  env: libpqVariables(databaseOf(env)),
  timeout: WHOLE_DATABASE,
})

/** A migration that holds a table must not make the backup wait for ever, nor a password prompt. */
const waiting = ['--no-password', '--lock-wait-timeout=60s'] as const

/** Reads the whole archive and throws the SQL away: `--list` alone accepts one that was cut in half. */
export const readsWhole = (archive: string): Command<'reads'> => ({
  ...reads('pg_restore', '--file=/dev/null', archive),
  timeout: WHOLE_DATABASE,
})

/** What an archive says it holds. */
export const listsContents = (archive: string): Command<'reads'> => reads('pg_restore', '--list', archive)

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
