import { LIBPQ_VARIABLES } from './database-parts.ts'
import { unmet } from './failure.ts'
import { namedSecrets, type Secret, type Text } from './secret.ts'

/** An environment of the book, with its name and its defaults. */
export interface Environment {
  readonly name: string
  /** Its name is typed before anything changes, and a backup is mandatory. */
  readonly protected: boolean
  /** Where commands run: `local`, or an OpenSSH destination. */
  readonly host: string
  readonly app: App
  readonly database?: Database
  readonly identify?: Identity
  /** The folder of its host, absolute, in which its ledger is kept. Absent: in the clone. */
  readonly ledger?: string
  /** Variables given to every command. */
  readonly variables: Readonly<Record<string, Text>>
}
export interface App {
  /** Absolute. */
  readonly dir: string
  readonly branch: string
  /** A tag or a commit that is deployed in place of the branch's head. */
  readonly revision?: string
  /** Without a slash at its end. */
  readonly url: string
  /** The path that answers 200 when the app is well, with its `revision` in a JSON body. */
  readonly health: string
  /** Sent with every request to `url`, such as what signs in to a proxy before it. Default: none. */
  readonly headers?: Readonly<Record<string, Text>>
  /** Asked all the time while something is changed, to tell what its users met with: paths, or whole URLs. */
  readonly probe: readonly string[]
}
export interface Database {
  readonly url: Secret
  readonly schema: string
  /** The book names none: what the URL names counts over the usual one. */
  readonly schemaOfUrl?: true
  /** Reached through the host; the URL is as the host knows it. */
  readonly via?: 'host'
  /** A folder of the host, absolute, in which dumps are made and kept there. Absent: they are the operator's. */
  readonly backupsOnHost?: string
}

/** Where the commands and files of a step are: `backups`: wherever the book keeps those of the environment. */
export type Place = 'host' | 'operator' | 'backups'

/** An environment as a step sees it that does its work at its place. Without one: on the host. */
export const placeOf = (step: { readonly at?: Place } | undefined, env: Environment): Environment => {
  const at = step?.at ?? 'host'
  if (at === 'host' || !isElsewhere(env)) return env
  const app = { ...env.app, dir: '/' }
  return at === 'backups' && env.database?.backupsOnHost ? { ...env, app } : { ...env, host: 'local', app }
}
export const isElsewhere = ({ host }: Pick<Environment, 'host'>): boolean => host !== 'local'

/** The names to which the book gives a value of its own: never the operator's is meant by them. */
export const namesOfBook = ({ variables, database }: Environment): ReadonlySet<string> =>
  new Set([...namedSecrets(), ...Object.keys(variables), ...(database ? [database.url.name] : [])])

/** What tells an environment from every other, where the book says it: looked at before anything else. */
export interface Identity {
  /** The name of its database. */
  readonly database?: string
  /** Where that runs: `db.example.com`, or with its port. */
  readonly server?: string
  /** The first value of the first row, as text: of a setting that each environment has. */
  readonly query?: { readonly sql: string; readonly is: string }
  /** The URL of its clone's remote `origin`. */
  readonly remote?: string
}

/** The database of an environment that needs one. */
export const databaseOf = ({ name, database }: Environment): Database => {
  if (database) return database
  throw unmet(
    `the environment ${name} has a database`,
    'the book gives it none',
    `write database: { url: secret('DATABASE_URL') } into environments.${name}`,
  )
}

/**
 * The environment variables from which libpq's programs know their database. A URL in `argv` would show the
 * password in `ps`, and libpq does not expand one in `PGDATABASE`.
 */
export const libpqVariables = ({ url }: Database): Record<string, Secret> =>
  Object.fromEntries(Object.entries(LIBPQ_VARIABLES).map(([variable, part]) => [variable, { ...url, part }]))
