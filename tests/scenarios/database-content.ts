import { execFileSync } from 'node:child_process'
import pg from 'pg'

/** What a database holds, by PostgreSQL's own programs and not by the tool: its schema as SQL, and a checksum of each table. */
export interface Content {
  schema: string
  rows: Record<string, string>
}

export const contentOf = async (url: string, path: string): Promise<Content> => {
  const { hostname, port, username, password, pathname } = new URL(url)
  const database = decodeURIComponent(pathname.slice(1))
  const dumped = execFileSync('pg_dump', ['--schema-only', `--dbname=dbname='${database}'`], {
    encoding: 'utf8',
    env: {
      PATH: path,
      ...{ PGHOST: hostname, PGPORT: port, PGUSER: decodeURIComponent(username) },
      PGPASSWORD: decodeURIComponent(password),
    },
  })
  return {
    // A random word in newer minor versions.
    schema: dumped.replace(/^\\(un)?restrict .*$/gm, ''),
    rows: await ofEach(
      url,
      (table) => `SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) AS it FROM ${table} t`,
    ),
  }
}

/**
 * How many rows of each table one database has which another one has not, or has otherwise: in the columns that the
 * other has too.
 */
export const rowsNotIn = async (one: string, other: string): Promise<Record<string, number>> => {
  const columns = await ofEach(other, columnsOf)
  const all = (url: string) =>
    ofEach(url, (table) => `SELECT array_agg(md5((${columns[table] ?? '1'})::text)) AS it FROM ${table} t`)
  const [mine, theirs] = (await Promise.all([all(one), all(other)])) as unknown as Record<string, string[]>[]
  const counts = Object.entries(mine!).map(([table, rows]) => {
    const known = new Set(theirs![table] ?? [])
    return [table, (rows ?? []).filter((row) => !known.has(row)).length] as const
  })
  return Object.fromEntries(counts.filter(([, count]) => count > 0))
}

const columnsOf = (table: string): string =>
  `SELECT 'ROW(' || string_agg(quote_ident(attname), ', ' ORDER BY attname) || ')' AS it FROM pg_attribute
   WHERE attrelid = '${table}'::regclass AND attnum > 0 AND NOT attisdropped`

const ofEach = async (url: string, sql: (table: string) => string): Promise<Record<string, string>> => {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const tables = await client.query<{ name: string }>(
      `SELECT quote_ident(tablename) AS name FROM pg_tables WHERE schemaname = 'public' ORDER BY 1`,
    )
    const found: Record<string, string> = {}
    for (const { name } of tables.rows) found[name] = (await client.query(sql(name))).rows[0].it
    return found
  } finally {
    await client.end()
  }
}
