import { bytes, type Evidence, reads, selects } from '../../runbook/index.ts'

interface Server {
  version: string
  size: string
  sessions: string
}

/** The versions of server and client, and who is connected. No query is in it: it may hold data. */
export const postgresqlEvidence: Evidence = {
  file: 'postgresql.txt',
  about: 'versions of server and client, size, sessions',
  collect: async (at) => {
    const [server] = await at.see(
      selects<Server>(
        `SELECT version(), pg_database_size(current_database())::text AS size,
           coalesce((SELECT string_agg(line, E'\\n') FROM (
             SELECT concat_ws(', ', 'pid ' || pid, usename, application_name, state, wait_event_type,
               'transaction since ' || xact_start) AS line
             FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
             ORDER BY xact_start NULLS LAST LIMIT 50) AS lines), '') AS sessions`,
      ),
    )
    const { version, size, sessions } = server!
    const client = await at.attempt(reads('psql', '--version'))
    return [
      version,
      client.ok ? client.value : 'psql is not installed',
      `${bytes(Number(size))}`,
      '',
      'Sessions:',
      sessions || 'none',
      '',
    ].join('\n')
  },
}
