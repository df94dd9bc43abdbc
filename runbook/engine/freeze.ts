import { join } from 'node:path'
import { databaseFreeze, freezeDatabase, thawDatabase } from '../doors/database-freeze.ts'
import { type Freeze, readFreeze, removeFreeze, writeFreeze } from '../doors/freeze-file.ts'
import { explain } from '../model/explain.ts'
import { Failed, type Failure } from '../model/failure.ts'
import { onOneLine } from '../model/unseen.ts'
import type { RunContext } from './run-context.ts'

/** An environment of a book, and the folder of what is kept. */
export interface Place {
  book: string
  stateDir: string
}

/** What a lock on a database is of, so that two books may share one server. */
export const subjectOf = (book: string, env: string): string => `${book}:${env}`

/** Beside the folder of generations, which a person may have to remove. */
export const freezeFileOf = (stateDir: string, env: string): string => join(stateDir, 'locks', `${env}.json`)

export const frozenBy = (env: string, { operator, machine, since, reason }: Freeze): Failure => ({
  kind: 'frozen',
  env,
  // Whoever locked it has written these, and feigns no line of this tool's.
  holder: onOneLine(`${operator} on ${machine}`),
  since: onOneLine(since),
  reason: onOneLine(reason),
})

/**
 * Locks an environment on purpose. It is kept in one place, so that nobody has to undo it twice: in the database, where
 * every machine sees it; in the state folder where there is none, or where it cannot be written: `onlyHere` says why.
 */
export const freeze = async (
  { book, stateDir }: Place,
  why: Freeze,
  { env, doors, signal }: RunContext,
): Promise<{ onlyHere?: string }> => {
  const file = freezeFileOf(stateDir, env.name)
  const there = readFreeze(file)
  if (there) throw new Failed(frozenBy(env.name, there))
  let onlyHere = 'the environment has no database'
  if (env.database)
    try {
      const already = await freezeDatabase(doors.database!, subjectOf(book, env.name), why, signal)
      if (already) throw new Failed(frozenBy(env.name, already))
      return {}
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof Failed) || error.failure.kind === 'frozen') throw error
      onlyHere = explain(error.failure).sentence
    }
  const raced = writeFreeze(file, why)
  if (raced) throw new Failed(frozenBy(env.name, raced))
  return { onlyHere }
}

/** What locks an environment on purpose now, wherever that is kept. */
export const freezeOf = async (
  { book, stateDir }: Place,
  { env, doors, signal }: RunContext,
): Promise<Freeze | undefined> =>
  readFreeze(freezeFileOf(stateDir, env.name)) ??
  (env.database && (await databaseFreeze(doors.database!, subjectOf(book, env.name), signal)))

/** Takes it away, wherever it is kept. */
export const thaw = async ({ book, stateDir }: Place, { env, doors, signal }: RunContext): Promise<void> => {
  if (env.database) await thawDatabase(doors.database!, subjectOf(book, env.name), signal)
  removeFreeze(freezeFileOf(stateDir, env.name))
}
