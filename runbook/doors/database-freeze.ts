import type { Client } from 'pg'
import { unmet } from '../model/failure.ts'
import { sqlName } from '../model/sql-word.ts'
import type { DatabaseDoor } from './database.ts'
import { type Freeze, parseFreeze } from './freeze-file.ts'

/**
 * A freeze as a line of the comment on the database itself: every machine that deploys to it sees it, it outlives its
 * session, its owner may write it, and no object is left in anybody's schema. `\l+` of psql shows it too.
 */
export const frozenIn = async (client: Client, subject: string, named = ''): Promise<Freeze | undefined> => {
  const comment = await commentIn(client, named)
  const line = comment.split('\n').find((each) => each.startsWith(headOf(subject)))
  return line === undefined ? undefined : parseFreeze(line.slice(headOf(subject).length))
}

/** The same, on a connection of its own. */
export const databaseFreeze = async (
  door: DatabaseDoor,
  subject: string,
  signal: AbortSignal,
): Promise<Freeze | undefined> => {
  const client = await door.connect(undefined, signal)
  try {
    return await frozenIn(client, subject)
  } finally {
    await client.end().catch(() => {})
  }
}

/** Freezes; gives the freeze that is there already. */
export const freezeDatabase = (
  door: DatabaseDoor,
  subject: string,
  freeze: Freeze,
  signal: AbortSignal,
): Promise<Freeze | undefined> =>
  alone(door, signal, async (client) => {
    const there = await frozenIn(client, subject)
    if (there) return there
    const comment = await commentIn(client)
    const line = `${headOf(subject)}${JSON.stringify(freeze)}`
    await setComment(client, door.database, comment ? `${comment}\n${line}` : line)
    return undefined
  })

/** Takes it away; gives what it was. Every other line of the comment stays. */
export const thawDatabase = (
  door: DatabaseDoor,
  subject: string,
  signal: AbortSignal,
): Promise<Freeze | undefined> =>
  alone(door, signal, async (client) => {
    const there = await frozenIn(client, subject)
    if (!there) return undefined
    const lines = (await commentIn(client)).split('\n')
    const others = lines.filter((line) => !line.startsWith(headOf(subject)))
    await setComment(client, door.database, others.join('\n'))
    return there
  })

const headOf = (subject: string): string => `runbook: ${subject} is locked `

const commentIn = async (client: Client, named = ''): Promise<string> => {
  const { rows } = await client.query<{ comment: string | null }>(
    `SELECT shobj_description(oid, 'pg_database') AS comment
     FROM pg_database WHERE datname = current_database() ${named}`,
  )
  return rows[0]?.comment ?? ''
}

const setComment = async (client: Client, database: string, comment: string): Promise<void> => {
  const value = comment ? client.escapeLiteral(comment) : 'NULL'
  try {
    await client.query(`COMMENT ON DATABASE ${client.escapeIdentifier(database)} IS ${value}`)
  } catch (error) {
    if ((error as { code?: string }).code !== NOT_THE_OWNER) throw error
    throw unmet(
      `the role may comment on the database ${database}`,
      'it does not own it',
      `as its owner: COMMENT ON DATABASE ${sqlName(database)} IS '…'`,
    )
  }
}
const NOT_THE_OWNER = '42501'

/** A comment is read and written as one: two operators must not lose each other's lines. */
const alone = async <T>(
  door: DatabaseDoor,
  signal: AbortSignal,
  work: (client: Client) => Promise<T>,
): Promise<T> => {
  const client = await door.connect(undefined, signal, { durable: true })
  try {
    await client.query('BEGIN')
    await client.query(`SELECT pg_advisory_xact_lock(hashtext('runbook: comment'))`)
    const result = await work(client)
    await client.query('COMMIT')
    return result
  } finally {
    await client.end().catch(() => {})
  }
}
