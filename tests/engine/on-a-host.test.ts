import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { databaseAnswers } from '../../checks/database-answers.ts'
import { fileExists } from '../../checks/file-exists.ts'
import {
  changes,
  databaseOf,
  defineCheck,
  defineStep,
  holds,
  libpqVariables,
  nothingToUndo,
  reads,
  readsFile,
  secret,
  writesFile,
} from '../../runbook/index.ts'
import { backupDatabase } from '../../steps/backup-database.ts'
import { fetchBackup } from '../../steps/fetch-backup.ts'
import { pullCode } from '../../steps/pull-code.ts'
import { restoreDatabase } from '../../steps/restore-database.ts'
import { shell } from '../../steps/shell.ts'
import { alive, until } from '../rig/command-line.ts'
import { beginningOf, filesOfDump, largestFileOf, sumOfDump } from '../rig/dumps.ts'
import { gitRemote } from '../rig/git-remote.ts'
import { freshDatabase, postgresBin } from '../rig/postgres.ts'
import { sshd } from '../rig/sshd.ts'
import { type StepRigOptions, stepRig } from '../rig/step-rig.ts'
import { tlsCluster } from '../rig/tls-cluster.ts'

let server: Awaited<ReturnType<typeof sshd>>
let dir = ''
let number = 0
const ends: (() => unknown)[] = []
/** First in the PATH of a session there. */
let programs = ''
beforeAll(async () => {
  programs = mkdtempSync(join(tmpdir(), 'runbook programs '))
  chmodSync(programs, 0o755)
  server = await sshd({ session: { PATH: `${programs}:${postgresBin()}:/usr/local/bin:/usr/bin:/bin` } })
})
afterAll(async () => {
  await server.dispose()
  rmSync(programs, { recursive: true })
})
beforeEach(() => {
  number += 1
  dir = join(server.there, `app ${number}`)
  mkdirSync(dir)
  server.own(dir)
})
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
  await until(() => server.connections().length === 0, 'no connection is left')
})

const rigged = async (options: Partial<StepRigOptions> = {}) => {
  const variables = { ...server.variables, ...options.variables }
  const rig = await stepRig({ dir, host: server.host, ...options, variables })
  ends.push(rig.dispose)
  return rig
}
const touches = (actions: Record<string, ReturnType<typeof changes>>, more = {}) =>
  defineStep({
    id: 'touch',
    title: 'Touch',
    about: '',
    actions: () => actions,
    after: () => [fileExists('done')],
    undo: () => nothingToUndo('it is a test'),
    ...more,
  })

test('what lives on after a run gets little of the session there, and nothing of the operator’s', async () => {
  const rig = await rigged({
    environment: { OF_THE_BOOK: 'plain', TOKEN: secret('TOKEN'), PM2_HOME: '/srv/pm2' },
    variables: { ...server.variables, TOKEN: 'hidden', OPERATOR_ONLY: 'x', LC_ALL: 'C.UTF-8' },
  })
  const names = (of: string) =>
    readFileSync(join(dir, `of-${of}`), 'utf8')
      .split('\n')
      .flatMap((line) => /^(\w+)=/.exec(line)?.[1] ?? [])
      .filter((name) => !['PWD', 'OLDPWD', 'SHLVL', '_'].includes(name))
      .sort()
  const step = (id: string, outlives: string[] | undefined) =>
    defineStep({
      id,
      title: id,
      about: '',
      actions: () => ({
        start: { ...changes('sh', '-c', `env > of-${id}`), ...(outlives && { outlives }) },
      }),
      after: () => [fileExists(`of-${id}`)],
      undo: () => nothingToUndo('a test'),
    })
  const run = await rig.run([step('lasting', []), step('named', ['OF_THE_BOOK']), step('child', undefined)])
  expect(run.failure).toBeUndefined()
  const login = ['HOME', 'LOGNAME', 'PATH', 'PM2_HOME', 'SHELL', 'USER']
  expect(login).toEqual(expect.arrayContaining(names('lasting')))
  expect(names('lasting')).toEqual(expect.arrayContaining(['HOME', 'PATH', 'PM2_HOME']))
  expect(names('named')).toEqual([...names('lasting'), 'OF_THE_BOOK'].sort())
  // A session has more, and still nothing of the operator's.
  expect(names('child')).toContain('SSH_CONNECTION')
  for (const of of ['lasting', 'named', 'child'])
    for (const name of ['TOKEN', 'OPERATOR_ONLY', 'LC_ALL']) expect(names(of)).not.toContain(name)
})

test('what a step does and sees is there, and the plan and the transcript say so', async () => {
  const rig = await rigged()
  const step = defineStep({
    id: 'write',
    title: 'Write',
    about: '',
    observe: async ({ see }) => ({ who: await see(reads('id', '-un')), where: await see(reads('pwd')) }),
    actions: () => ({ write: writesFile('deep/file', 'hello\n'), copy: changes('cp', 'deep/file', 'done') }),
    after: () => [fileExists('done')],
    output: async ({ see }) => see(readsFile('done')),
    undo: () => nothingToUndo('it is a test'),
  })
  const { steps } = await rig.plan(step)
  expect(steps[0]!.actions.map(({ printed }) => printed)).toEqual([
    `${server.host}: write deep/file, 6 bytes`,
    `${server.host}: cp deep/file done`,
  ])
  expect(readdirSync(dir)).toEqual([])
  const run = await rig.run(step)
  expect(run.failure).toBeUndefined()
  expect(run.performed).toEqual(steps[0]!.actions.map(({ printed }) => printed))
  expect([run.observed, run.output]).toEqual([{ who: server.account.name, where: dir }, 'hello\n'])
  const started = run.events.filter((event) => event.type === 'action-started')
  expect(started.map(({ kept }) => kept?.host)).toEqual([undefined, server.host])
  // Nothing needs to be kept there once it is known here.
  expect(existsSync(server.kept) ? readdirSync(server.kept) : []).toEqual([])
})

test('secrets go there by the environment, and are in no transcript', async () => {
  const rig = await rigged({ secrets: { API_TOKEN: 'hunter2-very-secret' } })
  const step = touches({
    show: { ...changes('sh', '-c', 'echo "token $TOKEN"; touch done'), env: { TOKEN: secret('API_TOKEN') } },
  })
  const run = await rig.run(step)
  expect(run.failure).toBeUndefined()
  const output = run.events.flatMap((event) => (event.type === 'output' ? [event.text] : []))
  expect(output.join('')).toBe('token ‹secret API_TOKEN›\n')
})

test('a host that cannot be reached is said once, and nothing else', async () => {
  const rig = await rigged()
  server.distrust()
  const failure = await rig.needs(pullCode(), shell({ block: 'true', undo: { nothing: 'x' } }))
  server.trust()
  expect(failure).toMatchObject({
    kind: 'before-unmet',
    unmet: [
      {
        fact: `${server.host} can be reached by ssh`,
        seen: expect.stringContaining(`${server.host} is not known here: No ED25519 host key is known`),
        remedy: expect.stringContaining('compare the fingerprint'),
      },
    ],
  })
})

test('pulls the code of a clone there, with the objects of a plan in a folder there', async () => {
  const { clone, remote, push, dispose } = gitRemote()
  ends.push(dispose)
  execFileSync('cp', ['-a', clone, join(dir, 'clone')])
  execFileSync('cp', ['-a', remote, join(dir, 'remote.git')])
  execFileSync('git', ['-C', join(dir, 'clone'), 'remote', 'set-url', 'origin', join(dir, 'remote.git')])
  const to = push({ 'app.txt': 'two\n' }, 'Second')
  execFileSync('git', ['-C', join(dir, 'remote.git'), 'fetch', '--quiet', remote, 'main:main'])
  execFileSync('chown', ['-R', `${server.account.uid}:${server.account.gid}`, dir])
  const rig = await rigged({ dir: join(dir, 'clone'), app: { branch: 'main' } })
  const { steps, failures } = await rig.plan(pullCode())
  expect(failures).toEqual([])
  expect(steps[0]!.findings.join('\n')).toContain('Second')
  const run = await rig.run(pullCode())
  expect(run.failure).toBeUndefined()
  expect(readFileSync(join(dir, 'clone/app.txt'), 'utf8')).toBe('two\n')
  expect(run.output).toMatchObject({ to })
})

test('a block of shell runs in bash there; a script of zx is refused', async () => {
  const rig = await rigged()
  const undo = { nothing: 'it is a test' }
  const run = await rig.run(shell({ block: 'id -un > done\ncd /\nfalse | true\ntouch never', undo }))
  expect(run.failure).toMatchObject({ kind: 'command-failed', exit: 1 })
  expect(readFileSync(join(dir, 'done'), 'utf8')).toBe(`${server.account.name}\n`)
  const refused = await rig.needs(shell({ script: 'await $`true`', undo }))
  expect(JSON.stringify(refused)).toContain('which has no zx')
})

test('a command whose connection was lost is not begun again before it has ended', async () => {
  const rig = await rigged()
  const step = touches({
    slow: changes('sh', '-c', 'echo x >> begun; for i in 1 2 3; do echo $i; sleep 0.5; done; touch done'),
  })
  const running = rig.run(step)
  await until(() => existsSync(join(dir, 'begun')), 'it has begun')
  server.cut()
  const run = await running
  expect(run.failure).toBeUndefined()
  expect(readFileSync(join(dir, 'begun'), 'utf8')).toBe('x\n')
  const output = run.events.flatMap((event) => (event.type === 'output' ? [event.text] : []))
  expect(output.join('')).toBe('1\n2\n3\n')
})

test('an interrupt ends what runs there', async () => {
  const rig = await rigged()
  const running = rig.run(touches({ slow: changes('sh', '-c', 'echo $$ > pid; sleep 600') }))
  await until(() => existsSync(join(dir, 'pid')) && readFileSync(join(dir, 'pid'), 'utf8') !== '', 'it runs')
  rig.abort.abort(new Error('interrupted'))
  expect((await running).ended).toBe('failed')
  const pid = Number(readFileSync(join(dir, 'pid'), 'utf8'))
  expect(alive(pid)).toBe(false)
})

test('the database is reached through the host, also by the programs that run here', async () => {
  const { url } = await freshDatabase()
  const rig = await rigged({ databaseUrl: url, via: 'host' })
  expect(await rig.look(databaseAnswers())).toMatchObject({ holds: true })
  const sees = (here: boolean) =>
    touches(
      { write: changes('true') },
      {
        at: here ? 'operator' : 'host',
        after: () => [
          defineCheck({
            fact: 'psql answers',
            remedy: '',
            look: async ({ see, env }) => {
              const psql = {
                ...reads(`${postgresBin()}/psql`, '-Atc', 'SELECT 1'),
                env: libpqVariables(databaseOf(env)),
              }
              const shown = {
                ...reads('sh', '-c', 'echo $PGPORT'),
                env: libpqVariables(databaseOf(env)),
                cwd: '/',
              }
              return holds(`${await see(psql)} by ${await see(shown)}`)
            },
          }),
        ],
      },
    )
  const { port } = new URL(url)
  const there = await rig.run(sees(false))
  const here = await rig.run(sees(true))
  const seen = (run: typeof here) =>
    run.events.find((event) => event.type === 'looked' && event.fact === 'psql answers')
  expect(seen(there)).toMatchObject({ holds: true, seen: `1 by ${port}` })
  expect(seen(here)).toMatchObject({ holds: true, seen: expect.stringMatching(/^1 by \d+$/) })
  expect(seen(here)).not.toMatchObject({ seen: `1 by ${port}` })
})

test('through a tunnel a certificate and a file of passwords know the server by its own name', async () => {
  const { cluster, files, folder, stop } = await tlsCluster()
  ends.push(stop)
  const passfile = join(folder, 'passwords')
  writeFileSync(passfile, `db.test:${cluster.port}:shop:app:a word\n`, { mode: 0o600 })
  const by = (name: string) =>
    rigged({
      databaseUrl: `postgresql://app@${name}:${cluster.port}/shop?hostaddr=127.0.0.1&sslmode=verify-full&sslrootcert=${files.ca}&passfile=${passfile}`,
      via: 'host',
    })
  const rig = await by('db.test')
  expect(await rig.look(databaseAnswers())).toMatchObject({ holds: true })
  const { failure, performed } = await rig.run(backupDatabase())
  expect(failure).toBeUndefined()
  expect(performed.some((printed) => printed.includes('pg_dump'))).toBe(true)
  expect(await (await by('other.test')).look(databaseAnswers())).toMatchObject({
    holds: false,
    seen: expect.stringContaining('sslmode=verify-full'),
  })
}, 60_000)

test('a tunnel to nowhere says which database it was', async () => {
  const { url } = await freshDatabase()
  const nowhere = new URL(url)
  nowhere.port = '1'
  const rig = await rigged({ databaseUrl: nowhere.href, via: 'host' })
  expect(await rig.look(databaseAnswers())).toMatchObject({ holds: false })
})

test('a dump is made with the operator, of a database behind the host', async () => {
  const { url } = await freshDatabase()
  const rig = await rigged({ databaseUrl: url, via: 'host' })
  expect(await rig.needs(backupDatabase())).toBeUndefined()
  const run = await rig.run(backupDatabase())
  expect(run.failure).toBeUndefined()
  const { dump } = run.output as { dump: string }
  expect(beginningOf(dump)).toBe('PGDMP')
  expect(dump.startsWith(rig.backups)).toBe(true)
  expect(run.performed.filter((printed) => printed.startsWith(server.host))).toEqual([])
})

describe('a backup that is kept on the host', () => {
  const kept = async () => {
    const db = await freshDatabase()
    await db.query('CREATE TABLE notes (id int); INSERT INTO notes SELECT generate_series(1, 40)')
    const folder = join(server.there, `it's backups ${number}`)
    mkdirSync(folder)
    const rig = await rigged({ databaseUrl: db.url, via: 'host', backupsOnHost: folder })
    const rows = async () => (await db.query<{ n: number }>('SELECT count(*)::int AS n FROM notes'))[0]!.n
    return { db, folder, rig, rows }
  }

  test('needs a folder there that can be written to', async () => {
    const { folder, rig } = await kept()
    expect(await rig.needs(backupDatabase())).toMatchObject({
      kind: 'before-unmet',
      unmet: [
        { fact: `files can be made in the folder ${folder}`, seen: `${server.account.name} may not` },
        // Where there is no clone the ledger is beside the backups.
        { fact: 'the ledger of rig can be written', seen: expect.stringContaining('may not write there') },
      ],
    })
  })

  test('is made, proven and restored there, by the programs that are there; a copy can be fetched', async () => {
    const { db, folder, rig, rows } = await kept()
    server.own(folder)
    const backup = backupDatabase()
    const fetched = fetchBackup({ from: backup })
    expect(await rig.needs(backup, fetched)).toBeUndefined()
    const run = await rig.run([backup, fetched])
    expect(run.failure).toBeUndefined()
    const [name] = readdirSync(folder)
    expect(readdirSync(folder)).toEqual([name, `${name}.json`])
    expect(readdirSync(rig.backups)).toEqual([name, `${name}.json`])
    const [dump, copy] = [join(folder, name!), join(rig.backups, name!)]
    for (const file of filesOfDump(dump))
      expect([statSync(file).uid, statSync(file).mode & 0o777]).toEqual([server.account.uid, 0o600])
    for (const file of filesOfDump(copy)) expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(sumOfDump(copy)).toBe(sumOfDump(dump))
    expect(beginningOf(copy)).toBe('PGDMP')

    // What is no part of a dump is found there too, whatever it leads to.
    const added = [
      (at: string) => symlinkSync(largestFileOf(dump), at),
      (at: string) => mkdirSync(at),
      (at: string) => writeFileSync(at, ''),
    ]
    expect(await rig.proofs()).toMatchObject([{ stands: true }, { stands: true }])
    for (const [i, add] of added.entries()) {
      const more = join(dump, i === 2 ? '.hidden' : '9999.dat')
      add(more)
      expect(await rig.proofs()).toContainEqual({
        host: server.host,
        ...{ stands: false, seen: expect.stringContaining('something in it that no dump has') },
      })
      const refused = await rig.run(restoreDatabase({ dump }).bring)
      expect(refused.failure).toMatchObject({
        kind: 'before-unmet',
        unmet: [{ seen: expect.stringContaining('something in it that no dump has') }],
      })
      rmSync(more, { recursive: true })
    }

    for (const from of [{ dump }, { dump: copy, at: 'operator' as const }]) {
      await db.query('INSERT INTO notes SELECT generate_series(41, 50)')
      const { bring, swap, account } = restoreDatabase(from)
      const back = await rig.run([bring, swap, account])
      expect(back.failure).toBeUndefined()
      expect(await rows()).toBe(40)
      const restores = back.events.flatMap((event) =>
        event.type === 'action-started' && event.action === 'restore' ? [event.printed] : [],
      )
      expect(restores).toEqual([expect.stringMatching(from.at ? /^PG\*=/ : `${server.host}: PG`)])
    }
  })

  test('a copy is fetched once more where the connection breaks in the middle of it', async () => {
    const { folder, rig } = await kept()
    server.own(folder)
    const [begun, slow] = [join(server.there, 'fetching'), join(programs, 'tar')]
    writeFileSync(
      slow,
      `#!/bin/sh\n[ -e '${begun}' ] && exec /usr/bin/tar "$@"\n/usr/bin/tar "$@" | head -c 700\n: > '${begun}'\nsleep 60\n`,
      { mode: 0o755 },
    )
    ends.push(() => rmSync(slow))
    const backup = backupDatabase()
    const running = rig.run([backup, fetchBackup({ from: backup })])
    await until(() => existsSync(begun), 'it is being fetched')
    server.cut()
    const run = await running
    expect(run.failure).toBeUndefined()
    const again = run.events.filter((event) => event.type === 'action-ended' && event.again)
    expect(again).toMatchObject([{ action: 'fetch', again: { try: 2, of: 3 } }])
    expect(readdirSync(rig.backups)).toHaveLength(2)
  })

  test('a copy that is not the same, to the bit, never bears its name', async () => {
    const { folder, rig } = await kept()
    server.own(folder)
    const backup = backupDatabase()
    const run = await rig.run([backup, fetchBackup({ from: backup })], {
      before: async ({ id }) => {
        if (id !== 'fetch-backup') return
        const dump = readdirSync(folder).find((name) => name.endsWith('.dump'))!
        appendFileSync(largestFileOf(join(folder, dump)), 'x')
      },
    })
    expect(run.failure).toMatchObject({
      kind: 'after-unmet',
      unmet: [{ fact: 'the copy is what its manifest says', seen: expect.stringContaining('byte') }],
    })
    expect(readdirSync(rig.backups)).toEqual([])
  })
})

test('a file that is not there is named with its host', async () => {
  const rig = await rigged()
  writeFileSync(join(rig.home, 'here'), '')
  const seen = await rig.look(
    defineCheck({
      fact: 'x',
      remedy: 'y',
      look: async ({ see }) => holds(await see(readsFile(join(rig.home, 'here', 'x')))),
    }),
  )
  expect(seen.seen).toContain(`${server.host}:${rig.home}/here/x`)
})
