import { randomBytes } from 'node:crypto'
import pg from 'pg'

export type Role = { name: string; password: string }

/** A password with everything in it that breaks a URL, a shell or an .env file when it is not quoted right. */
export function hostilePassword(): string {
  return `p@ss:w/rd 100%'s "${randomBytes(6).toString('hex')}"`
}

/** Such a URL as an operator gets it: every sign that could be mistaken is percent-encoded. */
export function urlOf(role: Role, port: number, database: string): string {
  return `postgresql://${encode(role.name)}:${encode(role.password)}@127.0.0.1:${port}/${encode(database)}`
}

/** Makes the application's role, which owns its databases and is no superuser. */
export async function createRole(admin: pg.Client, { name, password }: Role): Promise<void> {
  const literal = admin.escapeLiteral(password)
  await admin.query(`CREATE ROLE ${admin.escapeIdentifier(name)} LOGIN CREATEDB PASSWORD ${literal}`)
}

/** Makes a database that belongs to the role. */
export async function createDatabase(admin: pg.Client, database: string, owner: Role): Promise<void> {
  await admin.query(
    `CREATE DATABASE ${admin.escapeIdentifier(database)} OWNER ${admin.escapeIdentifier(owner.name)}`,
  )
}

/** A connection for as long as `use` takes. */
export async function connected<T>(
  connectionString: string,
  use: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = new pg.Client({ connectionString })
  await client.connect()
  try {
    return await use(client)
  } finally {
    await client.end()
  }
}

// encodeURIComponent leaves the apostrophe alone, which a shell does not.
function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}
