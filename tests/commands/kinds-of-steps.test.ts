import { spawn } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { bookFolder, prelude, until } from '../rig/command-line.ts'
import { endsAfterEach } from '../rig/ends.ts'
import { git, gitRemote } from '../rig/git-remote.ts'
import { inTurn } from '../rig/in-turn.ts'
import { freshDatabase, postgresBin } from '../rig/postgres.ts'

// What follows from a change is done for it, and the database goes back only when that is asked for: as operators meet with it.

const ends = endsAfterEach()

const server = `
const version = require('fs').readFileSync('version', 'utf8').trim()
const server = require('http').createServer((_, answer) => answer.end(version))
server.listen(Number(process.argv[2] ?? 0), '127.0.0.1', () => require('fs').writeFileSync('port', String(server.address().port)))`
/** Ends the old process, and begins a new one on its port. */
const restart = `set -e
port=$(cat port)
kill "$(cat pid)"
while kill -0 "$(cat pid)" 2>/dev/null; do sleep 0.02; done
node server.cjs "$port" < /dev/null > log 2>&1 &
echo $! > pid
until curl -sf "http://127.0.0.1:$port/" > /dev/null; do sleep 0.02; done
echo >> restarts`

const restarts = {
  shell: `shell({ id: 'restart', title: 'Restart', block: 'bash restart.sh', after: [httpAnswers('/')], undo: { nothing: 'x' } })`,
  defineStep: `defineStep({ id: 'restart', title: 'Restart', about: '', actions: () => ({ act: changes('bash', 'restart.sh') }), after: () => [httpAnswers('/')], undo: () => nothingToUndo('x') })`,
}

/** A server that runs on the revision before the one that waits, and a book that pulls, does \`between\`, and restarts it. */
const served = async (step: string, between = '') => {
  const ignored = 'port\npid\nlog\nrestarts\ndone-*\ngo\n'
  const remote = gitRemote({
    version: 'one\n',
    'server.cjs': server,
    'restart.sh': restart,
    '.gitignore': ignored,
  })
  ends.push(remote.dispose)
  const inClone = (name: string) => join(remote.clone, name)
  const first = spawn('sh', ['-c', 'echo $$ > pid; exec node server.cjs'], {
    cwd: remote.clone,
    stdio: 'ignore',
  })
  ends.push(() => void first.kill('SIGKILL'))
  // A file is there before what is written into it.
  await until(() => existsSync(inClone('port')) && readFileSync(inClone('port'), 'utf8') !== '')
  const url = `http://127.0.0.1:${readFileSync(inClone('port'), 'utf8')}`
  ends.push(() => process.kill(Number(readFileSync(inClone('pid'), 'utf8')), 'SIGKILL'))
  remote.push({ version: 'two\n' }, 'Say two')
  const place = await bookFolder(`${prelude}
    import { pullCode, shell } from 'runbook/steps'
    import { httpAnswers } from 'runbook/checks'
    export default defineRunbook({
      name: 'tested',
      environments: { staging: { app: { dir: ${JSON.stringify(remote.clone)}, branch: 'main', url: '${url}' } } },
      deploy: () => [pullCode(), ${between} ${step}],
    })`)
  ends.push(place.dispose)
  return {
    ...place,
    inClone,
    answer: async () => (await fetch(url)).text(),
    restarted: () => (existsSync(inClone('restarts')) ? readFileSync(inClone('restarts'), 'utf8').length : 0),
  }
}

describe.each(Object.entries(restarts))('a restart by %s, whose proof the old process fulfils', (_, step) => {
  test('is performed after the code has moved, and is already done where nothing has', async () => {
    const { runbook, answer, restarted } = await served(step)
    expect(await answer()).toBe('one')
    const plan = await runbook(['plan', 'staging'])
    expect(plan.out).toContain('it would run, because "Pull the latest code" changes something before it')
    const deployed = await runbook(['deploy', 'staging', '--yes'])
    expect(deployed.exit, deployed.out + deployed.err).toBe(0)
    expect(await answer()).toBe('two')
    const again = await runbook(['deploy', 'staging', '--yes'])
    expect(again.exit, again.out + again.err).toBe(0)
    expect(again.out).toMatch(/Restart · already done/)
    expect(restarted()).toBe(1)
    const run = /\S+-deploy-\S+/.exec(deployed.out)![0].split('/').at(-2)!
    const back = await runbook(['rollback', 'staging', '--yes', '--run', run])
    expect(back.exit, back.out + back.err).toBe(0)
    expect(await answer()).toBe('one')
    expect(restarted()).toBe(2)
  })

  test('that an earlier deployment did not come to is performed by the next, also by that of another operator', async () => {
    const { runbook, answer, restarted, inClone } = await served(
      step,
      "sh('gate', 'test -e go && touch done-gate', { sort: 'prepares' }),",
    )
    const failed = await runbook(['deploy', 'staging', '--yes'])
    expect(failed.exit, failed.out).toBe(1)
    expect(await answer()).toBe('one')
    const elsewhere = ['--state-dir', 'elsewhere']
    const { out } = await runbook(['plan', 'staging', ...elsewhere])
    expect(out).toMatch(
      /it would run, because the run \S+ changed something, "Pull the latest code", and did not/,
    )
    writeFileSync(inClone('go'), '')
    const deployed = await runbook(['deploy', 'staging', '--yes', ...elsewhere])
    expect(deployed.exit, deployed.out + deployed.err).toBe(0)
    expect(deployed.out).toMatch(/Pull the latest code · already done/)
    expect(await answer()).toBe('two')
    expect(restarted()).toBe(1)
  })
})

describe('a step that changes the database', () => {
  /** Its own files, which stand in the new revision only. */
  const files = {
    'up.sql': 'CREATE TABLE extra (id int);\n',
    'down.sql': 'DROP TABLE extra;\n',
    'package.json': JSON.stringify({ scripts: { up: 'psql "$DATABASE_URL" -v ON_ERROR_STOP=1 -f up.sql' } }),
  }
  const down = `psql "$DATABASE_URL" -v ON_ERROR_STOP=1 -f down.sql`
  const up = `psql "$DATABASE_URL" -v ON_ERROR_STOP=1 -f up.sql\n`
  const withRole = `shell({ id: 'migrate', title: 'Migrate', block: 'sh up.sh', undo: { block: '${down}' }, env, role: 'migration' })`
  const withoutRole = `shell({ id: 'migrate', title: 'Migrate', block: 'npm run --silent up', undo: { block: 'sh down.sh' }, env })`
  const ownStep = `defineStep({ id: 'migrate', title: 'Migrate', about: '', sort: 'state', actions: () => ({ up: { ...changes('sh', 'up.sh'), env } }),
    after: () => [tableExists('extra')], undo: () => r.reverse('code', { down: { ...changes('sh', 'down.sh'), env } }), role: 'migration' })`
  const bySql = `defineStep({ id: 'migrate', title: 'Migrate', about: '', sort: 'state', actions: () => ({ up: r.executes('CREATE TABLE extra (id int)') }),
    after: () => [tableExists('extra')], undo: () => r.reverse('code', { down: r.executes('DROP TABLE extra') }) })`

  const migrating = async (
    steps: string,
    { isProtected = false, scripts = { 'up.sh': up, 'down.sh': `${down}\n` } } = {},
  ) => {
    const db = await freshDatabase()
    ends.push(db.drop)
    const remote = gitRemote({ 'app.txt': 'one\n' })
    ends.push(remote.dispose)
    remote.push({ ...files, ...scripts }, 'A migration')
    const place = await bookFolder(`${prelude}
      import { backupDatabase, pullCode, shell } from 'runbook/steps'
      import { tableExists } from 'runbook/checks'
      const env = { DATABASE_URL: secret('DATABASE_URL') }
      const app = { dir: ${JSON.stringify(remote.clone)}, branch: 'main' }
      export default defineRunbook({
        name: 'tested',
        environments: { staging: { protected: ${isProtected}, app, database: { url: secret('DATABASE_URL') } } },
        deploy: () => [${steps}],
      })`)
    ends.push(place.dispose)
    const variables = { DATABASE_URL: db.url, PATH: `${postgresBin()}${delimiter}${process.env.PATH}` }
    const runbook = (...args: string[]) => place.runbook(args, { variables })
    return {
      runbook,
      push: remote.push,
      query: db.query,
      deploy: async () => {
        const { exit, out, err } = await runbook('deploy', 'staging', '--yes')
        expect(exit, out + err).toBe(0)
        await db.query('INSERT INTO extra VALUES (1)')
      },
      rows: async () => (await db.query<{ count: string }>('SELECT count(*) FROM extra'))[0]!.count,
      isThere: async () => (await db.query(`SELECT FROM pg_tables WHERE tablename = 'extra'`)).length === 1,
      head: () => git(remote.clone, 'log', '-1', '--format=%s'),
    }
  }

  const kinds: [string, string][] = [
    ['shell with the role', withRole],
    ['shell without it, by what package.json calls so', withoutRole],
    ['defineStep with the role, whatever it calls its undo', ownStep],
    ['defineStep without it, by its SQL', bySql],
  ]
  test.each(inTurn(kinds, 1))('%s: a rollback leaves the database as it is, and says so', async (_, step) => {
    const { runbook, deploy, rows, head } = await migrating(`pullCode(), ${step}`)
    await deploy()
    const { exit, out, err } = await runbook('rollback', 'staging', '--yes')
    expect(exit, out + err).toBe(0)
    expect(out).toMatch(/stays\s+Migrate: the database goes back only when asked for: --database=schema/)
    expect(head()).not.toBe('A migration')
    expect(await rows()).toBe('1')
  })

  test.each(inTurn(kinds.slice(0, 3), 2))(
    '%s: with --database=schema its program takes it back, while its files are there',
    async (_, step) => {
      const { runbook, deploy, isThere, head } = await migrating(`pullCode(), ${step}`)
      await deploy()
      const plan = await runbook('rollback', 'staging', '--database=schema', '--plan')
      expect(plan.out).toMatch(/the schema goes back before the code.*Take back: Pull the latest code/s)
      expect(plan.out).toContain('loses       not known: nothing counts what "Take back: Migrate" takes away')
      expect(await isThere()).toBe(true)
      const { exit, out, err } = await runbook('rollback', 'staging', '--yes', '--database=schema')
      expect(exit, out + err).toBe(0)
      expect(await isThere()).toBe(false)
      expect(head()).not.toBe('A migration')
    },
  )

  test('asked for after the code has gone back is refused, with why and what to do', async () => {
    const { runbook, deploy, rows } = await migrating(`pullCode(), ${withRole}`)
    await deploy()
    expect((await runbook('rollback', 'staging', '--yes')).exit).toBe(0)
    const run = /\S+-deploy-\S+/.exec((await runbook('runs', 'staging')).out)![0]
    const { exit, out } = await runbook('rollback', 'staging', '--yes', '--run', run, '--database=schema')
    expect(exit, out).toBe(3)
    expect(out).toMatch(
      /the code of \w{7} is there, with the files by which that is taken back; seen: HEAD is/,
    )
    expect(await rows()).toBe('1')
  })

  /** Applies the one migration that there is, where it is not in its table yet. */
  const migratesOnce = `psql "$DATABASE_URL" -v ON_ERROR_STOP=1 <<'SQL'
CREATE TABLE IF NOT EXISTS schema_migrations (version text);
CREATE TABLE IF NOT EXISTS extra (id int);
INSERT INTO schema_migrations SELECT '1' WHERE NOT EXISTS (SELECT FROM schema_migrations);
SQL
`

  test('is not taken back by a program that has applied nothing in that run: it would take an older migration', async () => {
    // As migration tools do: what is in the table is applied, and the latest of it is taken back.
    const tool = {
      'up.sh': migratesOnce,
      'down.sh': `psql "$DATABASE_URL" -v ON_ERROR_STOP=1 -c "DELETE FROM schema_migrations" -c "DROP TABLE extra"\n`,
    }
    const step = withRole.replace(down, 'sh down.sh')
    const { runbook, deploy, rows, isThere, push, head } = await migrating(`pullCode(), ${step}`, {
      scripts: tool,
    })
    await deploy()
    push({ 'app.txt': 'three\n' }, 'No migration')
    expect((await runbook('deploy', 'staging', '--yes')).exit).toBe(0)
    const { exit, out, err } = await runbook('rollback', 'staging', '--yes', '--database=schema')
    expect(exit, out + err).toBe(0)
    expect(out).toMatch(/Take back: Migrate · already done: 1 row in public\.schema_migrations/)
    expect([head(), await rows()]).toEqual(['A migration', '1'])
    const [first] = (await runbook('runs', 'staging')).out.match(/\S+-deploy-\w+/g)!.sort()
    const back = await runbook('rollback', 'staging', '--yes', '--run', first!, '--database=schema')
    expect(back.exit, back.out + back.err).toBe(0)
    expect(await isThere()).toBe(false)
  })

  /** A tool as those of the field are: what its table has is applied, and the latest of it is taken back. */
  const tool = {
    'up.sh': migratesOnce,
    'down.sh': `psql "$DATABASE_URL" -v ON_ERROR_STOP=1 <<'SQL'
SELECT 'DELETE FROM extra' FROM schema_migrations WHERE version = '2' UNION ALL
SELECT 'DROP TABLE extra' FROM schema_migrations HAVING max(version) = '1' \\gexec
DELETE FROM schema_migrations WHERE version = (SELECT max(version) FROM schema_migrations)
SQL
`,
  }
  const byTool = withRole.replace(down, 'sh down.sh')

  test('by a tool is not taken back where somebody has applied another migration since, of data only', async () => {
    const { runbook, deploy, query, rows, isThere, head } = await migrating(`pullCode(), ${byTool}`, {
      scripts: tool,
    })
    await deploy()
    await query(`INSERT INTO schema_migrations VALUES ('2')`)
    const { exit, out } = await runbook('rollback', 'staging', '--yes', '--database=schema')
    expect(exit, out).toBe(3)
    expect(out).toMatch(
      /recorded as applied is what the run left; seen: 2 rows in public\.schema_migrations, \w+; the run left: 1 row/,
    )
    expect([head(), await rows()]).toEqual(['A migration', '1'])
    await query(`DELETE FROM schema_migrations WHERE version = '2'`)
    const back = await runbook('rollback', 'staging', '--yes', '--database=schema')
    expect(back.exit, back.out + back.err).toBe(0)
    expect(await isThere()).toBe(false)
  })

  test('by a tool is rehearsed where it makes its table first, and where nothing waits', async () => {
    const { runbook, push, rows, query } = await migrating(`backupDatabase(), pullCode(), ${byTool}`, {
      scripts: tool,
      isProtected: true,
    })
    const deploying = () => runbook('deploy', 'staging', '--yes', '--confirm', 'staging')
    const first = await deploying()
    expect(first.exit, first.out + first.err).toBe(0)
    expect(first.out).toContain('“Migrate” can be taken back: the schema is then as it was before')
    await query('INSERT INTO extra VALUES (1)')
    push({ 'app.txt': 'three\n' }, 'No migration')
    const second = await deploying()
    expect(second.exit, second.out + second.err).toBe(0)
    expect(second.out).toContain('“Migrate” can be taken back: nothing was applied: 1 row')
    expect(await rows()).toBe('1')
  })

  test('without saying so is warned of by doctor, by a plan and before the question', async () => {
    const { runbook } = await migrating(
      `pullCode(), ${withoutRole.replace('npm run --silent up', 'true || npx knex migrate:latest')}`,
    )
    const doctor = await runbook('doctor', 'staging')
    expect(doctor.exit, doctor.err).toBe(0)
    expect(doctor.out).toMatch(
      /⚠ the step "Migrate" \(migrate\) .* it runs knex migrate:latest\n\s+fix: write role: 'migration'/,
    )
    const plan = await runbook('plan', 'staging')
    expect(plan.out).toMatch(
      /⚠ it runs knex migrate:latest, which changes the database, and the step does not say so/,
    )
    const deployed = await runbook('deploy', 'staging', '--yes')
    expect(deployed.exit, deployed.err).toBe(0)
    expect(deployed.out).toMatch(
      /dangers {3}1;.*Migrate\n\s+⚠ it runs knex migrate:latest.*Deploy tested to staging\?/s,
    )
  })

  test('before the backup of a protected environment is a mistake of the book', async () => {
    const { runbook } = await migrating(`${withRole}, backupDatabase()`, { isProtected: true })
    const { exit, err } = await runbook('plan', 'staging')
    expect([exit, err]).toEqual([
      2,
      expect.stringMatching(/steps\.migrate: would change the database before its backup/),
    ])
  })
})
