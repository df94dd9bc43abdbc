import {
  type Beside,
  besideName,
  besideOf,
  type Json,
  type Look,
  type Query,
  selects,
  WHOLE_DATABASE,
} from '../../runbook/index.ts'

/** The live database, what stands beside it, and from where both can be renamed. */
export type LiveAndBeside = {
  live: string
  /** Bytes. */
  size: number
  system: string
  /** The server's major version. */
  version: number
  names: Record<Beside, string>
  /** Which of these three there are. */
  there: string[]
  /** What earlier restores left unfinished. */
  leftovers: string[]
  /** Another database that the role may enter: nobody can rename the one that he is in. */
  via: string | null
}

interface Found {
  live: string
  digest: string
  size: number
  system: string
  version: number
  others: { name: string; mayEnter: boolean }[]
}

const found = selects<Found>(
  `SELECT current_database() AS live, left(md5(current_database()), 8) AS digest,
     pg_database_size(current_database()) AS size,
     (SELECT system_identifier::text FROM pg_control_system()) AS system,
     current_setting('server_version_num')::int / 10000 AS version,
     (SELECT coalesce(json_agg(json_build_object('name', datname,
          'mayEnter', datallowconn AND has_database_privilege(oid, 'CONNECT'))
        ORDER BY datname <> 'postgres', datname <> 'template1', datname), '[]')
      FROM pg_database WHERE datname <> current_database()) AS others`,
)

/** `stamp`: of the run, which dates the names of what it makes. */
export const liveAndBeside = async (at: Look, stamp: string): Promise<LiveAndBeside> => {
  const [{ live, digest, size, system, version, others } = never()] = await at.see(found)
  const name = (what: Beside) => besideName(live, digest, what, stamp)
  const names = {
    restoring: name('restoring'),
    restored: name('restored'),
    replaced: name('replaced'),
    rehearsal: name('rehearsal'),
  }
  const made = others.filter((other) => besideOf(live, digest, other.name))
  const own = new Set<string>(Object.values(names))
  return {
    ...{ live, size, system, version, names },
    there: made.map(({ name }) => name).filter((name) => own.has(name)),
    leftovers: made
      .map(({ name }) => name)
      .filter((name) => besideOf(live, digest, name)!.what !== 'replaced' && name !== names.restored),
    via: await enterable(
      at,
      others.filter((other) => other.mayEnter && !made.includes(other)).map(({ name }) => name),
    ),
  }
}

/** A right to enter does not tell whether pg_hba.conf lets one in: only trying does. */
const enterable = async (at: Look, names: readonly string[]): Promise<string | null> => {
  for (const database of names.slice(0, 8))
    if ((await at.attempt({ ...selects('SELECT 1'), database })).ok) return database
  return null
}

const never = (): never => {
  throw new Error('the server does not say which database this is')
}

/** The same look at another database of the server, which may take its time. */
export const inDatabase = <Row>(database: string, query: Query<'reads', Row>): Query<'reads', Row> => ({
  ...query,
  database,
  timeout: WHOLE_DATABASE,
})

/** Which databases of these names there are. */
export const databasesNamed = (...names: string[]): Query<'reads', { name: string }> =>
  selects<{ name: string }>(
    'SELECT datname AS name FROM pg_database WHERE datname = ANY ($1)',
    names as unknown as Json,
  )
