import { ClosedNetwork } from '../doors/closed-network.ts'
import type { DatabaseDoor } from '../doors/database.ts'
import { executes, type Query, selects } from '../model/action.ts'
import type { CopyPlace } from '../model/copy.ts'
import { databaseDoor } from './carry-out.ts'
import type { RunContext } from './run-context.ts'

/** Where the commands of a rehearsal run: they reach the copy wherever they look for the live database, and nothing else. */
export const closedCopy = async (
  { env, doors, signal }: RunContext,
  { closing, database }: CopyPlace,
  copy: { door: DatabaseDoor; elsewhere: boolean },
): Promise<ClosedNetwork | undefined> => {
  if (!('asUser' in closing)) return undefined
  const door = databaseDoor(doors, env)
  const live = await door.placed(signal)
  const ask = <Row>(query: Query<'reads' | 'changes', Row>) => door.query<Row>(query, query.sql, signal)
  const [seenAt] = await ask(
    selects<{ host: string | null; port: number | null }>(
      'SELECT host(inet_server_addr()) AS host, inet_server_port() AS port',
    ),
  )
  return ClosedNetwork.open({
    ...{ live, copy: await copy.door.placed(signal), asUser: closing.asUser, appDir: env.app.dir },
    ...(copy.elsewhere && { elsewhere: copy.door }),
    ...(seenAt?.host != null && { seenAt: { host: seenAt.host, port: seenAt.port! } }),
    admit: async (role) => {
      const grants = await ask(selects<{ grant: string }>(GRANTS, role, database))
      for (const { grant } of grants) await ask(executes(grant))
    },
  })
}

/** What a role may do with the live database it may do with the copy, which is closed to everybody else. */
const GRANTS = `SELECT format('GRANT %s ON DATABASE %I TO %I', privilege, $2::text, rolname) AS grant
  FROM pg_roles, unnest(ARRAY['CONNECT', 'CREATE', 'TEMPORARY']) privilege
  WHERE rolname = $1 AND has_database_privilege(rolname, current_database(), privilege)
    AND NOT has_database_privilege(rolname, $2, privilege)`
