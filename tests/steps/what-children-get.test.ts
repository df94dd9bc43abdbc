import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type Command, secret, text } from '../../runbook/index.ts'
import { buildApp } from '../../steps/build-app.ts'
import { installDependencies } from '../../steps/install-dependencies.ts'
import { pm2Restart } from '../../steps/pm2-restart.ts'
import { shell } from '../../steps/shell.ts'
import { endsAfterEach } from '../rig/ends.ts'
import { git, gitVariables } from '../rig/git-remote.ts'
import { localPackage } from '../rig/local-package.ts'
import { pm2Home } from '../rig/pm2-home.ts'
import { type StepRigOptions, stepRig } from '../rig/step-rig.ts'

const ends = endsAfterEach()

/** What an operator's shell still has of yesterday. */
const ofTheOperator = {
  DATABASE_URL: 'postgresql://prod:hidden@127.0.0.1:1/prod',
  DB_HOST: 'production.internal',
  PGPASSWORD: 'hidden-pg',
  GITHUB_TOKEN: 'hidden-gh',
  AWS_SECRET_ACCESS_KEY: 'hidden-aws',
  npm_config__auth: 'hidden-auth',
}
const names = [...Object.keys(ofTheOperator), 'API_TOKEN', 'OF_THE_BOOK']
const variablesIn = (path: string): Record<string, string> =>
  Object.fromEntries(
    readFileSync(path, 'utf8')
      .split(/[\n\0]/)
      .flatMap((line) => {
        const [, name, value] = /^(\w+)=(.*)$/.exec(line) ?? []
        return name && names.includes(name) ? [[name, value!]] : []
      }),
  )

const world = async (more: Partial<StepRigOptions> = {}) => {
  const dir = mkdtempSync(join(tmpdir(), 'runbook children '))
  ends.push(() => rmSync(dir, { recursive: true, force: true }))
  const shelf = mkdtempSync(join(tmpdir(), 'runbook shelf '))
  ends.push(() => rmSync(shelf, { recursive: true, force: true }))
  const dep = localPackage(shelf, {
    name: 'dep',
    version: '1.0.0',
    scripts: { postinstall: `env > '${dir}/of-dep'` },
  })
  writeFileSync(
    join(dir, 'package.json'),
    JSON.stringify({
      name: 'app',
      version: '1.0.0',
      dependencies: { dep: `file:${dep}` },
      scripts: {
        postinstall: 'env > of-install',
        build: 'env > of-build && mkdir -p dist && date > dist/x',
      },
    }),
  )
  execFileSync('npm', ['install', '--package-lock-only', '--ignore-scripts'], { cwd: dir, stdio: 'ignore' })
  writeFileSync(join(dir, '.gitignore'), 'node_modules\ndist\nof-*\n')
  git(dir, 'init', '-q')
  git(dir, 'add', '-A')
  git(dir, 'commit', '-qm', 'one')
  const rig = await stepRig({
    dir,
    // Of this environment: in .env.<environment> beside the book.
    databaseUrl: 'postgresql://staging:hidden@127.0.0.1:1/staging',
    variables: { ...gitVariables, ...ofTheOperator },
    environment: {
      OF_THE_BOOK: 'plain',
      API_TOKEN: secret('API_TOKEN'),
      DATABASE_URL: text`${secret('DATABASE_URL')}`,
    },
    ...more,
  })
  ends.push(rig.dispose)
  writeFileSync(
    join(rig.home, '.env.rig'),
    'API_TOKEN=hidden-token\nDATABASE_URL=postgresql://staging:hidden@127.0.0.1:1/staging\n',
  )
  return { rig, dir, got: (file: string) => variablesIn(join(dir, file)) }
}

test('the scripts of an installation and of a build get no secret, whosoever it is', async () => {
  const { rig, got } = await world()
  const run = await rig.run([installDependencies(), buildApp({ sources: ['package.json'] })])
  expect(run.failure).toBeUndefined()
  for (const file of ['of-dep', 'of-install', 'of-build']) expect(got(file)).toEqual({ OF_THE_BOOK: 'plain' })
})

test('they get what their step names, and that of this environment', async () => {
  const { rig, got } = await world()
  const run = await rig.run([
    installDependencies({ env: { API_TOKEN: secret('API_TOKEN') } }),
    buildApp({ sources: ['package.json'], env: { DATABASE_URL: secret('DATABASE_URL') } }),
  ])
  expect(run.failure).toBeUndefined()
  expect(got('of-install')).toEqual({ OF_THE_BOOK: 'plain', API_TOKEN: 'hidden-token' })
  expect(got('of-build')).toEqual({
    OF_THE_BOOK: 'plain',
    DATABASE_URL: 'postgresql://staging:hidden@127.0.0.1:1/staging',
  })
  expect(run.performed.join('\n')).not.toContain('hidden')
})

test('a block that uses what it is not given fails, and its plan says so', async () => {
  const { rig, got } = await world()
  const step = shell({ block: 'env > of-block\necho "$DATABASE_URL"', undo: { nothing: 'a test' } })
  const { steps } = await rig.plan(step)
  expect(steps[0]!.findings).toEqual([
    "it uses $DATABASE_URL, which it is not given: name it in the step, env: { DATABASE_URL: secret('DATABASE_URL') }",
  ])
  expect((await rig.run(step)).failure).toMatchObject({
    tail: expect.stringContaining('DATABASE_URL: unbound variable'),
  })
  expect(got('of-block')).toEqual({ OF_THE_BOOK: 'plain' })
  const given = shell({
    block: 'env > of-block\necho "$DATABASE_URL"',
    env: { DATABASE_URL: secret('DATABASE_URL') },
    undo: { nothing: 'a test' },
  })
  expect((await rig.plan(given)).steps[0]!.findings).toEqual([])
  expect((await rig.run(given)).failure).toBeUndefined()
})

describe.each(['fork', 'cluster'])('a process under pm2 in %s mode', (mode) => {
  const raise = async () => {
    const home = await pm2Home()
    ends.push(home.dispose)
    home.ecosystem({ name: 'app', script: 'app.cjs', exec_mode: mode, env: { OF_THE_BOOK: 'of the file' } })
    home.release({})
    const { rig } = await world({
      dir: home.dir,
      app: { url: home.url, health: '/health' },
      variables: { ...home.variables, ...ofTheOperator, LC_ALL: 'C.UTF-8', OPERATOR_ONLY: 'x' },
    })
    git(home.dir, 'init', '-q')
    git(home.dir, 'commit', '-q', '--allow-empty', '-m', 'one')
    const list = async () =>
      JSON.parse((await home.pm2('jlist')).split('\n').findLast((one) => one[0] === '[')!)
    const restart = (options: Partial<Parameters<typeof pm2Restart>[0]> = {}) =>
      rig.run(
        pm2Restart({
          ...{ process: 'app', ecosystem: 'ecosystem.config.cjs', soak: 100, revision: false },
          ...options,
        }),
      )
    return {
      ...{ home, restart },
      /** Of the process that runs, by the kernel and by what pm2 will give the next one. */
      has: async () => {
        const [{ pid, pm2_env }] = await list()
        const own = readFileSync(`/proc/${pid}/environ`, 'utf8').replace(/pm2_env=[^\0]*/, '')
        writeFileSync(join(home.dir, 'environ'), own)
        const kept = Object.fromEntries(
          [...names, 'OPERATOR_ONLY', 'LC_ALL', 'GIT_TERMINAL_PROMPT'].flatMap((name) =>
            pm2_env.env?.[name] === undefined && pm2_env[name] === undefined
              ? []
              : [[name, pm2_env.env?.[name] ?? pm2_env[name]]],
          ),
        )
        return { ...variablesIn(join(home.dir, 'environ')), ...kept }
      },
    }
  }

  test('gets the ecosystem file’s when it is started, and its daemon nothing', async () => {
    const { home, restart, has } = await raise()
    const run = await restart()
    expect(run.failure).toBeUndefined()
    expect(run.performed).toEqual([
      'pm2 ping',
      'pm2 start ecosystem.config.cjs --only app # with OF_THE_BOOK',
    ])
    expect(await has()).toEqual({ OF_THE_BOOK: 'of the file' })
    const daemon = readFileSync(join(home.variables.PM2_HOME, 'pm2.pid'), 'utf8').trim()
    const kept = readFileSync(`/proc/${daemon}/environ`, 'utf8').split('\0')
    expect(
      kept
        .flatMap((one) => one.split('=')[0] || [])
        .filter((name) => !/^(SILENT|PM2_|NODE_CHANNEL|_$)/.test(name))
        .sort(),
    ).toEqual(expect.arrayContaining(['HOME', 'PATH']))
    expect(kept.join('\n')).not.toMatch(/hidden|OPERATOR_ONLY|OF_THE_BOOK|GIT_TERMINAL|LC_ALL/)
  })

  test('keeps its own environment at a restart, gets the book’s when told to, and a secret only by name', async () => {
    const { home, restart, has } = await raise()
    // As somebody has started it by hand, with a variable of its own.
    await home.pm2('start', 'ecosystem.config.cjs')
    await home.answers()
    const own = await restart()
    expect([own.failure, own.performed.at(-1)]).toEqual([
      undefined,
      expect.not.stringContaining('--update-env'),
    ])
    expect(await has()).toMatchObject({ OF_THE_BOOK: 'of the file' })
    const told = await restart({ updateEnv: true })
    expect(told.performed.at(-1)).toMatch(/^pm2 re\w+ app .*--update-env # with OF_THE_BOOK$/)
    const after = await has()
    expect(after).toMatchObject({ OF_THE_BOOK: 'plain' })
    expect(JSON.stringify(after)).not.toContain('hidden')
    expect(after).not.toHaveProperty('OPERATOR_ONLY')
    const named = await restart({ env: { API_TOKEN: secret('API_TOKEN') } })
    expect(named.performed.at(-1)).toMatch(/^API_TOKEN=‹secret API_TOKEN› pm2 re\w+ app .*--update-env$/)
    expect(await has()).toMatchObject({ API_TOKEN: 'hidden-token' })
  })
})

describe('a daemon of pm2 that was started in the shell of production', () => {
  const dirty = {
    ...{
      DATABASE_URL: 'postgresql://prod:hidden@p/prod',
      API_TOKEN: 'hidden-of-prod',
      OF_THE_BOOK: 'of-prod',
    },
    ...{ PGHOST: 'hidden-host', STRIPE_SECRET: 'hidden-stripe', EDITOR: 'vi' },
  }
  const raise = async (mode: string, env: Record<string, string> = {}) => {
    const home = await pm2Home()
    ends.push(home.dispose)
    home.ecosystem({ name: 'app', script: 'app.cjs', exec_mode: mode, env })
    home.release({})
    const { rig } = await world({
      dir: home.dir,
      app: { url: home.url, health: '/health' },
      variables: { ...home.variables, ...ofTheOperator },
    })
    git(home.dir, 'init', '-q')
    git(home.dir, 'commit', '-q', '--allow-empty', '-m', 'one')
    const pm2 = (...args: string[]) =>
      execFileSync('pm2', args, {
        cwd: home.dir,
        env: { HOME: process.env.HOME, ...home.variables, ...dirty },
        stdio: 'ignore',
      })
    pm2('ping')
    const step = (options: Partial<Parameters<typeof pm2Restart>[0]> = {}) =>
      pm2Restart({
        ...{ process: 'app', ecosystem: 'ecosystem.config.cjs', soak: 100, revision: false },
        ...options,
      })
    return { home, rig, step, pm2 }
  }

  test('gives staging nothing: refused by name before the first effect, until the step says what is meant', async () => {
    const { rig, step } = await raise('cluster')
    const refused = await rig.run(step())
    expect([refused.performed, refused.failure]).toEqual([
      [],
      {
        kind: 'before-unmet',
        unmet: [
          {
            fact: 'pm2’s daemon gives app no other environment’s variables',
            seen: expect.stringContaining('it was started with API_TOKEN, DATABASE_URL, and the book'),
            remedy: expect.stringContaining(
              "env: { API_TOKEN: secret('API_TOKEN'), DATABASE_URL: secret('DATABASE_URL') }",
            ),
          },
        ],
      },
    ])
    const { steps, failures } = await rig.plan(step())
    expect([steps, failures].map((one) => JSON.stringify(one)).join()).not.toMatch(/hidden|of-prod/)
    expect(failures).toMatchObject([{ kind: 'before-unmet' }])
    const env = { API_TOKEN: secret('API_TOKEN'), DATABASE_URL: secret('DATABASE_URL') }
    const warned = (await rig.plan(step({ env }))).steps[0]!.findings.join('\n')
    expect(warned).toContain(
      'what looks like secrets, which its processes in cluster mode have too: PGHOST, STRIPE_SECRET;',
    )
    expect((await rig.run(step({ env }))).failure).toBeUndefined()
    // It runs, with these of its own: they are kept.
    expect((await rig.run(step())).failure).toBeUndefined()
  })

  test('nor what runs already, and has nothing of its own; in fork mode it has only what it is given', async () => {
    for (const mode of ['cluster', 'fork']) {
      const { rig, step, home } = await raise(mode)
      const { PM2_HOME, PATH } = home.variables
      execFileSync('pm2', ['start', 'ecosystem.config.cjs'], {
        ...{ cwd: home.dir, stdio: 'ignore' },
        env: { HOME: process.env.HOME, PM2_HOME, PATH },
      })
      await home.answers()
      const { failure } = await rig.run(step({ ecosystem: undefined }))
      if (mode === 'fork') expect(failure).toBeUndefined()
      else
        expect(failure).toMatchObject({
          unmet: [
            { seen: expect.stringContaining('it was started with API_TOKEN, DATABASE_URL, OF_THE_BOOK') },
          ],
        })
    }
  })
})

test('a command that starts what lives on says so, and no other', async () => {
  const step = pm2Restart({ process: 'app', ecosystem: 'ecosystem.config.cjs' })
  const env = { variables: {}, app: { health: '/health' } }
  const observed = { daemon: 0, known: false, waits: false, pids: [] }
  const actions = Object.values(step.actions({ observed, env } as never)) as Command[]
  expect(actions.map(({ outlives }) => outlives)).toEqual([[], []])
})
