import { createHash } from 'node:crypto'
import type { Client } from 'pg'

// Ids and times follow from numbers, so that every world of one size holds the same rows.
const statements = [
  `INSERT INTO users (id, email, name, "createdAt", "updatedAt")
   SELECT pg_temp.seeded('user', n), format('user%s@example.com', n), format('User %s', n), pg_temp.day(n), pg_temp.day(n)
   FROM generate_series(1, $1::int) n`,
  `INSERT INTO sessions (id, "userId", "tokenHash", "expiresAt", "createdAt")
   SELECT pg_temp.seeded('session', n), pg_temp.seeded('user', n), encode(sha256(('seed' || n)::bytea), 'hex'),
     pg_temp.day(n) + interval '30 days', pg_temp.day(n)
   FROM generate_series(1, $1::int) n`,
  `INSERT INTO credits ("userId", amount, reason, "createdAt")
   SELECT pg_temp.seeded('user', n % $1::int + 1), CASE WHEN n % 3 = 0 THEN -5 ELSE 20 END,
     CASE WHEN n % 3 = 0 THEN 'avatar' ELSE 'purchase' END, pg_temp.day(n)
   FROM generate_series(1, $1::int * 3) n`,
  `INSERT INTO avatar_projects (id, "userId", name, description, "createdAt", "updatedAt")
   SELECT pg_temp.seeded('project', n), pg_temp.seeded('user', n % $1::int + 1), format('Project %s', n),
     CASE WHEN n % 4 > 0 THEN format('The description of project %s', n) END, pg_temp.day(n), pg_temp.day(n)
   FROM generate_series(1, $1::int * 2) n`,
  `INSERT INTO avatars (id, "userId", "projectId", name, "baseImageUrl", "thumbnailUrl", "createdAt", "updatedAt")
   SELECT pg_temp.seeded('avatar', n), p."userId", p.id, format('Avatar %s', n),
     format('https://cdn.example.com/avatars/%s.jpg', n),
     CASE WHEN n % 2 = 0 THEN format('https://cdn.example.com/avatars/%s-small.jpg', n) END,
     pg_temp.day(n), pg_temp.day(n)
   FROM generate_series(1, $1::int * 6) n
   JOIN avatar_projects p ON p.id = pg_temp.seeded('project', n % ($1::int * 2) + 1)`,
]

const helpers = `
  CREATE FUNCTION pg_temp.seeded(kind text, n int) RETURNS text LANGUAGE sql IMMUTABLE AS
    $$ SELECT 'ck' || substr(md5(kind || n), 1, 23) $$;
  CREATE FUNCTION pg_temp.day(n int) RETURNS timestamptz LANGUAGE sql IMMUTABLE AS
    $$ SELECT timestamptz '2025-01-01 00:00:00Z' + (n % 280) * interval '1 day' + n * interval '1 second' $$`

/** Fills the tables for so many users, and opens a session for the operator's token. Gives the number of rows. */
export async function seed(client: Client, users: number, token: string): Promise<number> {
  await client.query('BEGIN')
  await client.query(helpers)
  let rows = 0
  for (const statement of statements) rows += (await client.query(statement, [users])).rowCount ?? 0
  const tokenHash = createHash('sha256').update(token).digest('hex')
  await client.query(
    `INSERT INTO sessions ("userId", "tokenHash", "expiresAt")
     VALUES (pg_temp.seeded('user', 1), $1, now() + interval '1 year')`,
    [tokenHash],
  )
  await client.query('COMMIT')
  await client.query('ANALYZE')
  return rows + 1
}
