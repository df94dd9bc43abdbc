import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { bookFolder, eventsIn, prelude } from '../rig/command-line.ts'
import { endsAfterEach } from '../rig/ends.ts'
import { freshDatabase } from '../rig/postgres.ts'

const ends = endsAfterEach()

/** Two environments, of which one may name secrets of its own. */
const withBook = async (
  files: Record<string, string>,
  { staging = '', other = '', deploy = "does('one')" } = {},
) => {
  const app = `app: { dir: 'app', url: 'http://127.0.0.1:9' }`
  const book = await bookFolder(`${prelude}
export default defineRunbook({
  name: 'tested',
  environments: { staging: { ${app}, ${staging} }, preview: { ${app}, ${other} } },
  deploy: () => [${deploy}],
})
`)
  ends.push(book.dispose)
  for (const [name, content] of Object.entries(files))
    writeFileSync(join(book.folder, name), content, { mode: 0o600 })
  return book
}
const URL = `database: { url: secret('DATABASE_URL') }`
const PROD = 'postgresql://app:hidden-pw@db.invalid:5432/prod'

describe('a secret of the shell that is another environment’s', () => {
  test.each([
    ['the same', { '.env.production': `DATABASE_URL=${PROD}\n` }, PROD],
    ['written otherwise', { '.env.production': `export DATABASE_URL="${PROD}"\n` }, PROD],
    [
      'with another password, in another spelling',
      { '.env.production': `DATABASE_URL=${PROD}\n` },
      'postgres://ops:else@DB.invalid/prod?sslmode=require',
    ],
    ['of an environment of the book', { '.env.preview': `DATABASE_URL=${PROD}\n` }, PROD],
    ['under another name', { '.env.production': `PRIMARY_URL=${PROD}\n` }, PROD],
    ['of what is no environment of the book', { '.env.other': `DATABASE_URL=${PROD}\n` }, PROD],
    [
      'where staging has a file without it',
      { '.env.staging': 'X=1\n', '.env.production': `DATABASE_URL=${PROD}\n` },
      PROD,
    ],
  ])('%s is refused before anything is looked at', async (_, files, value) => {
    const book = await withBook(files as Record<string, string>, { staging: URL })
    for (const args of [['plan'], ['doctor'], ['verify'], ['deploy', '--yes'], ['backups']]) {
      const [verb, ...more] = args
      const { exit, out, err } = await book.runbook([verb!, 'staging', ...more], {
        variables: { DATABASE_URL: value },
      })
      expect([exit, out + err]).toEqual([3, expect.stringContaining('not so: DATABASE_URL is staging’s own')])
      expect(out + err).toMatch(/seen: it is this shell’s, and .* in \.env\.(production|preview|other)/)
      expect(out + err).toContain('→ write DATABASE_URL into .env.staging beside the book')
      expect(out + err).not.toMatch(/hidden-pw|else@/)
    }
    expect(existsSync(book.in('done-one'))).toBe(false)
  })

  test('by a name of another environment in the same shell', async () => {
    const book = await withBook(
      {},
      {
        staging: URL,
        other: `database: { url: secret('PROD_URL') }, variables: { API: secret('PROD_API') }`,
      },
    )
    const variables = { DATABASE_URL: PROD.replace('hidden-pw', 'other'), PROD_URL: PROD }
    const { exit, out } = await book.runbook(['plan', 'staging'], { variables })
    expect([exit, out]).toEqual([
      3,
      expect.stringContaining('it leads to the same database as PROD_URL, which is preview’s'),
    ])
  })

  test.each(['variables: { API_KEY: secret("API_KEY") }', ''])(
    'that is no address: a key, named %j',
    async (staging) => {
      const deploy = staging
        ? `does('one')`
        : `does('one', ':', { actions: () => ({ act: { ...changes('sh', '-c', 'touch done-one'), env: { API_KEY: secret('API_KEY') } } }) })`
      const book = await withBook({ '.env.production': 'API_KEY=live_0123456\n' }, { staging, deploy })
      const run = (API_KEY: string) =>
        book.runbook(['deploy', 'staging', '--yes'], { variables: { API_KEY } })
      const { exit, out } = await run('live_0123456')
      expect([exit, out]).toEqual([3, expect.stringContaining('the same as API_KEY in .env.production')])
      expect(out).not.toContain('live_0123456')
      expect((await run('test_0123456')).exit).toBe(0)
    },
  )
})

describe('what is meant goes on', () => {
  test('the same value in the environment’s own file', async () => {
    const db = await freshDatabase()
    ends.push(db.drop)
    const line = `DATABASE_URL=${db.url}\n`
    const book = await withBook({ '.env.staging': line, '.env.production': line }, { staging: URL })
    const { exit, out } = await book.runbook(['deploy', 'staging', '--yes'], {
      variables: { DATABASE_URL: PROD },
    })
    expect(exit, out).toBe(0)
    expect(out).not.toContain('shell’s')
    const { out: told } = await book.runbook(['doctor', 'staging'], { variables: { DATABASE_URL: PROD } })
    expect(told).toContain('  secrets    of .env.staging DATABASE_URL\n')
  })

  test.each([
    ['another’s file with another value', { '.env.production': `DATABASE_URL=${PROD}\n` }, ''],
    ['a template', { '.env.example': '$LINE' }, ''],
    ['the same name in the same shell', {}, URL],
    ['no file at all', {}, ''],
  ])(
    '%s; and whose it is, is said in plan, doctor, before the question and in the transcript',
    async (_, files, other) => {
      const db = await freshDatabase()
      ends.push(db.drop)
      const line = `DATABASE_URL=${db.url}\n`
      const book = await withBook(
        Object.fromEntries(Object.entries(files).map(([name, text]) => [name, text.replace('$LINE', line)])),
        { staging: URL, other },
      )
      const variables = { DATABASE_URL: db.url }
      const says = 'DATABASE_URL is this shell’s: there is no .env.staging\n'
      const run = async (...args: string[]) => {
        const { exit, out, err } = await book.runbook(args, { variables })
        expect([exit, out + err]).toEqual([0, expect.stringContaining(`  secrets  `)])
        return out
      }
      expect(await run('plan', 'staging')).toContain(says)
      expect(await run('doctor', 'staging')).toContain(says)
      expect(await run('deploy', 'staging', '--yes')).toMatch(new RegExp(`${says}[^]*done`))
      expect(eventsIn((await book.runbook(['show', '--json'])).out)).toContainEqual(
        expect.objectContaining({ type: 'looked', seen: says.trimEnd() }),
      )
      writeFileSync(join(book.folder, '.env.staging'), 'X=1\n', { mode: 0o600 })
      expect(await run('plan', 'staging')).toContain(
        'DATABASE_URL is this shell’s: .env.staging does not have it\n',
      )
    },
  )
})

test('of the shell no variable of PostgreSQL completes a URL; of .env.<environment> it does', async () => {
  const db = await freshDatabase()
  ends.push(db.drop)
  const { username, host, pathname } = new globalThis.URL(db.url)
  // One that stands in a file of variables as it is.
  const password = 'a-plain-word'
  await db.query(`ALTER ROLE CURRENT_USER PASSWORD '${password}'`)
  const own = `postgresql://${username}@${host}${pathname}`
  const looks = `does('one', ':', { needs: () => [defineCheck({ fact: 'who is asked', remedy: '', look: async ({ see }) => holds((await see(r.selects('SELECT current_user, current_setting(\\'search_path\\')')))[0].current_user) })] })`
  const book = await withBook({ '.env.staging': `DATABASE_URL=${own}\n` }, { staging: URL, deploy: looks })
  const shell = {
    ...{ PGPASSWORD: password, PGUSER: username, PGOPTIONS: '-c search_path=evil', PGDATABASE: 'postgres' },
    ...{ USER: username, LOGNAME: username },
  }
  const refused = await book.runbook(['plan', 'staging'], { variables: shell })
  expect([refused.exit, refused.out]).toEqual([3, expect.stringContaining('cannot be reached')])
  writeFileSync(join(book.folder, '.env.staging'), `DATABASE_URL=${own}\nPGPASSWORD='${password}'\n`, {
    mode: 0o600,
  })
  const { exit, out } = await book.runbook(['doctor', 'staging'], {
    variables: { ...shell, PGPASSWORD: 'of-production' },
  })
  expect([exit, out]).toEqual([0, expect.stringContaining(`who is asked · ${username}`)])
  const nobody = own.replace(`${username}@`, '')
  writeFileSync(join(book.folder, '.env.staging'), `DATABASE_URL=${nobody}\nPGPASSWORD='${password}'\n`, {
    mode: 0o600,
  })
  const other = await book.runbook(['doctor', 'staging'], { variables: shell })
  expect(other.out).not.toContain(`who is asked · ${username}`)
})
