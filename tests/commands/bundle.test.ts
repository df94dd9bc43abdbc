import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { operatorName } from '../../runbook/doors/process-identity.ts'
import { bookFolder, bookOf } from '../rig/command-line.ts'
import { endsAfterEach } from '../rig/ends.ts'
import { freshDatabase } from '../rig/postgres.ts'

const ends = endsAfterEach()

/** Unpacks with the system's tar: its files by their names. */
const unpacked = (archive: string): Map<string, string> => {
  const folder = mkdtempSync(join(tmpdir(), 'runbook unpacked '))
  ends.push(() => rmSync(folder, { recursive: true, force: true }))
  execFileSync('tar', ['-xzf', archive, '-C', folder])
  const names = execFileSync('tar', ['-tzf', archive], { encoding: 'utf8' }).trim().split('\n')
  return new Map(
    names.map((name) => [name.replace(/^[^/]+\//, ''), readFileSync(join(folder, name), 'utf8')]),
  )
}

const steps = `phase('Prepare', [backupDatabase(), does('one', ':', { sort: 'state', needs: () => needed, undo: () => r.reverse('code', { back: changes('rm', 'done-one') }) })]),
  phase('Build', { takes: '2m' }, [sh('two', 'echo the last line >&2; exit 3', { title: 'Build the application',
    evidence: () => [{ file: 'logs/app.log', about: 'the log', collect: ({ see }) => see(readsFile('app.log')) }] })])`

const failedRun = async (url: string) => {
  const source = bookOf(steps, {
    before: `import { backupDatabase } from 'runbook/steps'
      const needed = Array.from({ length: 12 }, (_, i) => defineCheck({ fact: 'need ' + i, remedy: '', look: async ({ see }) => holds(await see(reads('sleep', '0.1'))) }))`,
    environment: `database: { url: secret('DATABASE_URL') }`,
  }).replace(
    "name: 'tested',",
    `name: 'tested', contacts: [{ name: 'DevOps team', reach: 'devops@example.com' }, { name: 'DBA', reach: '+49 30 1234', when: 'the database' }],`,
  )
  const log =
    'started\npassword=hunter2hunter2\npostgresql://app:s3cr3t-of-another@db/x\nfailed for abc-token-123\n'
  const book = await bookFolder(source, { 'app/app.log': log })
  ends.push(book.dispose)
  const variables = { DATABASE_URL: url, SUDO_USER: 'ada' }
  const runbook = (...args: string[]) => book.runbook(args, { variables })
  const failed = await runbook('deploy', 'staging', '--yes')
  expect(failed.exit, failed.out).toBe(1)
  return { ...book, failed, call: book.runbook, runbook }
}

test('one archive has what somebody needs who is asked for help, and its first page answers them', async () => {
  const db = await freshDatabase()
  ends.push(db.drop)
  const { failed, runbook } = await failedRun(db.url)
  expect(failed.out).toContain(
    'ask         DevOps team: devops@example.com\n              DBA: +49 30 1234 (the database)\n',
  )
  const [, run = ''] = /for help +runbook bundle (\S+)\n/.exec(failed.out) ?? []
  const said = await runbook('bundle', run, '--json')
  expect([said.exit, said.err]).toEqual([0, ''])
  const { path, bytes, files, missing } = JSON.parse(said.out)
  expect(statSync(path)).toMatchObject({ size: bytes })
  expect(statSync(path).mode & 0o777).toBe(0o600)
  expect(missing).toEqual([])
  const inside = unpacked(path)
  expect([...inside.keys()]).toEqual(files)
  expect(files).toEqual([
    ...['incident.md', 'transcript.txt', 'journal.jsonl', 'versions.txt', 'doctor.txt', 'facts.txt'],
    ...['postgresql.txt', 'logs/app.log'],
  ])
  const page = inside.get('incident.md')!
  for (const words of [
    '# deploy of tested in staging: FAILED',
    '- Failing step: **Build the application**',
    /- Error: `sh -c .*` ended with exit 3/,
    `- Run: ${run}, by ${operatorName({ SUDO_USER: 'ada' })}, uid ${process.getuid!()}, on `,
    /- Changed: Do one, done on \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC/,
    'the last line',
    '- to go on: `runbook resume`',
    '- to get back: `runbook rollback staging`',
    '- DBA: +49 30 1234 (the database)',
    '- `postgresql.txt`: ',
  ])
    expect(page).toMatch(words)
  expect(page).toMatch(/Build +2 min 00 s /)
  expect(inside.get('facts.txt')).toContain('✔ done-one is there · it is')
  expect(inside.get('facts.txt')).toContain('✖ done-two is there · it is not\n    → look at done-two')
  expect(inside.get('doctor.txt')).toMatch(/✔ pg_dump is not older than the server · pg_dump 1\d/)
  expect(inside.get('postgresql.txt')).toMatch(/^PostgreSQL 1\d/)
  expect(inside.get('transcript.txt')).toContain('Build the application')
  // The log is the application's: what looks like a secret is taken out of it, whoever named it.
  expect(inside.get('logs/app.log')).toContain('started\n')
  expect([...inside.values()].join()).not.toMatch(/hunter2hunter2|s3cr3t-of-another/)
})

test('without the database, the folder of the app, and the book it has what is left, and says what is not', async () => {
  const db = await freshDatabase()
  const { in: inApp, app, folder, call, runbook } = await failedRun(db.url)
  await db.drop()
  rmSync(inApp('app.log'))
  const noDatabase = await runbook('bundle')
  expect(noDatabase.exit).toBe(0)
  expect(noDatabase.out).toMatch(/ {2}postgresql\.txt +not collected: the database .* cannot be reached/)
  expect(noDatabase.out).toMatch(/ {2}logs\/app\.log +not collected: .*there is no such file/)
  rmSync(app, { recursive: true })
  const noFolder = await runbook('bundle')
  expect(noFolder.exit).toBe(0)
  const [path] = /\/.*\.tar\.gz/.exec(noFolder.out) ?? []
  expect(unpacked(path!).get('incident.md')).toMatch(/## What could not be collected\n\n- `postgresql.txt`/)
  writeFileSync(join(folder, 'runbook.config.ts'), 'export default {')
  const noBook = await call(['bundle'])
  expect(noBook.exit, noBook.err).toBe(0)
  expect(noBook.out).toMatch(/evidence +not collected: without the book nothing can be looked at/)
  expect(noBook.out).toMatch(/ {2}journal\.jsonl/)
})

test('a run that is not there is named', async () => {
  const book = await bookFolder(bookOf(`does('one')`))
  ends.push(book.dispose)
  expect(await book.runbook(['bundle'])).toMatchObject({
    exit: 2,
    err: expect.stringContaining('there are no runs yet'),
  })
})
