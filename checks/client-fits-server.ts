import { defineCheck, fails, holds, selects } from '../runbook/index.ts'
import { versionOf } from './tool-present.ts'

/**
 * A program of PostgreSQL is not older than the server. Older ones refuse, or misread; what a newer `pg_dump` writes
 * may not restore into the older server, which is said and not refused.
 */
export const clientFitsServer = (program: 'pg_dump' | 'pg_restore' | 'psql') =>
  defineCheck({
    fact: `${program} is not older than the server`,
    remedy: `install the client programs of the server's major version, such as postgresql-client-15, and have their folder in PATH`,
    look: async (at) => {
      const client = await versionOf(at, program)
      const [row] = await at.see(
        selects<{ server: string }>(`SELECT split_part(current_setting('server_version'), ' ', 1) AS server`),
      )
      const server = row!.server
      const seen = `${program} ${client || 'of an unknown version'}, server ${server}`
      if (!(major(client) >= major(server))) return fails(seen)
      return holds(
        major(client) === major(server) ? seen : `${seen}: newer, a dump may not restore into this server`,
      )
    },
  })

/** Before 10 the first two numbers name a major version. '17beta1' is 17. */
const major = (version: string): number => {
  const [first = Number.NaN, second = 0] = (version.match(/\d+/g) ?? []).map(Number)
  return first < 10 ? first + second / 100 : first
}
