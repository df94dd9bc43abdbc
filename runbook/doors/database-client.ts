import { userInfo } from 'node:os'
import type { Client, ClientConfig } from 'pg'

/**
 * A client of node-postgres that knows only what it is given. What it is not given it would take from `PGUSER`, `PGPASSWORD`,
 * `PGOPTIONS` and the like of the operator's shell (https://node-postgres.com/features/connecting), and the user from `USER`.
 */
export const blindClient = (
  pg: { Client: new (config: ClientConfig) => Client },
  config: ClientConfig,
): Client => {
  const kept = Object.entries(process.env).filter(([name]) => name.startsWith('PG'))
  for (const [name] of kept) delete process.env[name]
  try {
    const client = new pg.Client({ ...config, user: config.user ?? userInfo().username })
    // Where there is none it would read ~/.pgpass and PGPASSFILE itself, which were looked at already.
    if (!config.password) client.password = ''
    return client
  } finally {
    Object.assign(process.env, Object.fromEntries(kept))
  }
}
