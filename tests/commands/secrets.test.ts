import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { bookFolder, bookOf } from '../rig/command-line.ts'
import { endsAfterEach } from '../rig/ends.ts'
import { freshDatabase } from '../rig/postgres.ts'

const ends = endsAfterEach()
const withBook = async (...args: Parameters<typeof bookFolder>) => {
  const book = await bookFolder(...args)
  ends.push(book.dispose)
  return book
}
/** Everything that is kept, in one text. */
const kept = (folder: string): string =>
  (readdirSync(folder, { recursive: true }) as string[])
    .map((path) => join(folder, path))
    .filter((path) => statSync(path).isFile())
    .map((path) => readFileSync(path, 'utf8'))
    .join('\n')

test('neither a password nor a token comes out, whoever prints it and whatever fails', async () => {
  const db = await freshDatabase()
  ends.push(db.drop)
  const token = 'tok_3fA9+/x y=='
  const late = 'late-one-that-is-used-last'
  const book = await withBook(
    bookOf(
      `
      does('print', 'env; echo "$DATABASE_URL"; printf %s "$PGPASSWORD" | base64; set -x; : "$PGPASSWORD" "$TOKEN"', {
        actions: () => ({ act: { ...changes('sh', '-c', 'env; printf "%s" "$PGPASSWORD"; set -x; : "$TOKEN$PGPASSWORD"; for i in 1 2 3; do printf "%s" "$TOKEN" >&2; sleep 0.05; done; touch done-print'), env: { ...r.libpqVariables(env.database), TOKEN: secret('TOKEN') } } }),
        observe: async ({ attempt }) => attempt({ ...reads('sh', '-c', 'printf "%s " "$TOKEN" "$PGPASSWORD" >&2; exit 3'), env: { ...r.libpqVariables(env.database), TOKEN: secret('TOKEN') } }),
      }),
      does('fail', ':', { actions: () => ({ act: r.executes('SELECT $1::int', 'x') , other: changes('sh', '-c', 'exit 1') }),
        run: async ({ perform, see }) => { await see({ ...reads('sh', '-c', '. ../.env.staging; yes "$LATE" | head -n 300 | tr -d "\\n" >&2; exit 9') }) } }),
      does('late', ':', { actions: () => ({ act: { ...changes('true'), env: { LATE: secret('LATE') } } }) })
    `,
      { environment: `database: { url: secret('DATABASE_URL') }, variables: { TOKEN: secret('TOKEN') }` },
    ),
    { '.env.staging': `TOKEN="${token}"\nLATE=${late}\n` },
  )
  const variables = { DATABASE_URL: db.url }
  const seen: string[] = []
  for (const args of [
    ['plan', '--verbose'],
    ['deploy', '--yes', '--verbose'],
    ['deploy', '--yes', '--json'],
    ['verify'],
    ['show', '--verbose'],
    ['show', '--json'],
  ]) {
    const { out, err } = await book.runbook(
      [args[0]!, ...(args[0] === 'show' ? [] : ['staging']), ...args.slice(1)],
      { variables },
    )
    seen.push(out, err)
  }
  const all = [...seen, kept(book.stateDir)].join('\n')
  expect(all).toContain('‹secret DATABASE_URL›')
  expect(all).toContain('‹secret TOKEN›')
  expect(all).toContain('‹secret LATE›')
  const encoded = new URL(db.url).password
  for (const secret of [db.role.password, encoded, token, encodeURIComponent(token), late, db.url]) {
    expect(all).not.toContain(secret)
    expect(all).not.toContain(JSON.stringify(secret).slice(1, -1))
    expect(all).not.toContain(Buffer.from(secret).toString('base64'))
  }
  // Not a half of one either, where a tail was cut.
  expect(all).not.toContain(late.slice(-12))
})

test('a value is not in the arguments of a child, where ps shows it', async () => {
  const book = await withBook(
    bookOf(
      `does('look', ':', { actions: () => ({ act: { ...changes('sh', '-c', 'ps -ww -o args= -p $$ > args; printf %s "$TOKEN" > value; touch done-look'), env: { TOKEN: secret('TOKEN') } } }) })`,
    ),
  )
  const { exit } = await book.runbook(['deploy', 'staging', '--yes'], { variables: { TOKEN: 'tok_123456' } })
  expect(exit).toBe(0)
  expect(readFileSync(book.in('value'), 'utf8')).toBe('tok_123456')
  expect(readFileSync(book.in('args'), 'utf8')).not.toContain('tok_123456')
})
