import { randomBytes } from 'node:crypto'
import type pg from 'pg'
import { inject } from 'vitest'
import {
  connected,
  createDatabase,
  createRole,
  hostilePassword,
  urlOf,
} from '../../examples/world/databases.ts'

/** The folder of pg_dump, psql and the others. */
export const postgresBin = (): string => inject('postgresBin')

/** A database and the role that owns it, both new, with a password that has every hostile character. */
export const freshDatabase = async ({ name = 'Test-Lumiku', login = 'app' } = {}) => {
  const suffix = randomBytes(4).toString('hex')
  const role = { name: `${login}_${suffix}`, password: hostilePassword() }
  const database = `${name}-${suffix}`
  const adminUrl = inject('adminUrl')
  const { port } = new URL(adminUrl)
  await connected(adminUrl, async (admin) => {
    await createRole(admin, role)
    await createDatabase(admin, database, role)
  })
  const url = urlOf(role, Number(port), database)
  return {
    url,
    role,
    database,
    port: Number(port),
    /** As its owner. */
    query: async <Row extends pg.QueryResultRow>(sql: string, values: unknown[] = []): Promise<Row[]> =>
      connected(url, async (client) => (await client.query<Row>(sql, values)).rows),
    /** As the superuser, in the same database. */
    asAdmin: async <Row extends pg.QueryResultRow>(sql: string): Promise<Row[]> => {
      const target = new URL(adminUrl)
      target.pathname = `/${encodeURIComponent(database)}`
      return connected(target.href, async (client) => (await client.query<Row>(sql)).rows)
    },
    drop: async (): Promise<void> =>
      connected(adminUrl, async (admin) => {
        // What restores have kept is its role's too.
        const own = `SELECT datname FROM pg_database JOIN pg_roles r ON r.oid = datdba WHERE rolname = $1`
        const { rows } = await admin.query<{ datname: string }>(own, [role.name])
        for (const { datname } of [{ datname: database }, ...rows])
          await admin.query(`DROP DATABASE IF EXISTS ${admin.escapeIdentifier(datname)} WITH (FORCE)`)
        await admin.query(`DROP ROLE IF EXISTS ${admin.escapeIdentifier(role.name)}`)
      }),
  }
}
