import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { expect, test } from 'vitest'
import { bookFolder, bookOf, eventsIn } from '../rig/command-line.ts'
import { endsAfterEach } from '../rig/ends.ts'
import { freshDatabase } from '../rig/postgres.ts'

const ends = endsAfterEach()
/** A book that looks before its first step, so that it shows whether anything was looked at. */
const steps = `does('one', ':', { needs: () => [defineCheck({ fact: 'it was looked at', remedy: '', look: async ({ see }) => { await see(reads('touch', 'looked')); return holds('') } })] })`
const identified = async (identify: string) => {
  const book = await bookFolder(
    bookOf(steps, { environment: `database: { url: secret('DATABASE_URL') }, identify: ${identify}` }),
  )
  ends.push(book.dispose)
  return book
}
const untouched = (book: Awaited<ReturnType<typeof identified>>) =>
  expect(['looked', 'done-one'].filter((name) => existsSync(book.in(name)))).toEqual([])

test.each([
  ['deploy', '--yes'],
  ['plan'],
  ['doctor'],
  ['verify'],
  ['backups'],
  ['lock', '--reason', 'x'],
  ['unlock'],
])(
  '%s of another database is refused before anything is looked at, and the password is not shown',
  async (verb, ...more) => {
    const book = await identified(`{ database: 'shop_right', server: 'db.right.example' }`)
    // Nobody listens there: whoever asked would fail otherwise.
    const variables = { DATABASE_URL: 'postgresql://ada:s3cret-pass@db.wrong.invalid:5433/shop_staging' }
    const { exit, out, err } = await book.runbook([verb!, 'staging', ...more], { variables })
    expect(exit).toBe(3)
    expect(out).toContain(
      'not so: the database of staging is shop_right; seen: shop_staging at db.wrong.invalid:5433, by DATABASE_URL',
    )
    expect(out).toContain('not so: the database server of staging is db.right.example; seen: ')
    expect(out).toContain('→ correct DATABASE_URL: .env.staging beside the book comes first')
    expect(out + err).not.toContain('s3cret')
    untouched(book)
  },
)

test('a staging URL that a shell has kept is refused under another environment, in the transcript too', async () => {
  const db = await freshDatabase()
  ends.push(db.drop)
  const book = await identified(`{ database: 'shop_right' }`)
  const { exit } = await book.runbook(['deploy', 'staging', '--yes'], { variables: { DATABASE_URL: db.url } })
  expect(exit).toBe(3)
  expect(eventsIn((await book.runbook(['show', '--json'])).out)).toMatchObject([
    { type: 'run-started' },
    {
      type: 'run-ended',
      exit: 3,
      failure: { kind: 'before-unmet', unmet: [{ seen: expect.stringContaining(db.database) }] },
    },
  ])
  untouched(book)
})

test('the right one goes on, by each of what identifies it', async () => {
  const db = await freshDatabase()
  ends.push(db.drop)
  await db.query("CREATE TABLE settings AS SELECT 'staging'::text AS environment")
  const query = `query: { sql: 'SELECT environment FROM settings', is: 'staging' }`
  const book = await identified(
    `{ database: '${db.database}', server: '127.0.0.1', remote: 'https://example.com/shop', ${query} }`,
  )
  const git = (...args: string[]) => execFileSync('git', args, { cwd: book.app })
  git('init', '--quiet')
  git('remote', 'add', 'origin', 'https://ada:tok_123456@example.com/shop.git')
  const variables = { DATABASE_URL: db.url }
  expect((await book.runbook(['plan', 'staging'], { variables })).exit).toBe(0)

  git('remote', 'set-url', 'origin', 'https://ada:tok_123456@example.com/blog.git')
  await db.query("UPDATE settings SET environment = 'production'")
  const wrong = await book.runbook(['deploy', 'staging', '--yes'], { variables })
  expect(wrong.exit).toBe(3)
  expect(wrong.out).toContain(
    'not so: the clone of staging is of https://example.com/shop; seen: https://example.com/blog',
  )
  expect(wrong.out).toContain(
    'not so: the database of staging answers staging to SELECT environment FROM settings; seen: production, from',
  )
  expect(wrong.out).not.toContain('tok_123456')
  await db.query('DROP TABLE settings')
  const broken = await book.runbook(['plan', 'staging'], { variables })
  expect([broken.exit, broken.out]).toEqual([
    3,
    expect.stringContaining('relation "settings" does not exist'),
  ])
})

test('a secret that is missing, and a database that does not answer, are said by whoever needs them', async () => {
  const book = await identified(`{ database: 'shop', query: { sql: 'SELECT 1', is: '1' } }`)
  const missing = await book.runbook(['deploy', 'staging', '--yes'])
  expect([missing.exit, missing.out]).toEqual([
    3,
    expect.stringContaining('the secret DATABASE_URL is not set'),
  ])
  const variables = { DATABASE_URL: 'postgresql://ada:s3cret-pass@127.0.0.1:1/shop' }
  const away = await book.runbook(['deploy', 'staging', '--yes'], { variables })
  expect([away.exit, away.out]).toEqual([3, expect.stringContaining('shop at 127.0.0.1:1 cannot be reached')])
})
