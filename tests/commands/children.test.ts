import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { bookFolder, prelude } from '../rig/command-line.ts'
import { endsAfterEach } from '../rig/ends.ts'
import { git, gitVariables } from '../rig/git-remote.ts'

// Every program that a whole run starts, from the command line on: what it has, and what a clone has it start.

const ends = endsAfterEach()
let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'runbook children '))
  ends.push(() => rmSync(home, { recursive: true, force: true }))
})

/** A clone of an application, and a book for it; `push` changes the remote. */
const world = async (steps: string, environment = '') => {
  const [remote, desk, app] = ['remote.git', 'desk', 'app'].map((name) => join(home, name)) as [
    string,
    string,
    string,
  ]
  git(home, 'init', '-q', '--bare', '-b', 'main', remote)
  git(home, 'init', '-q', '-b', 'main', desk)
  git(desk, 'remote', 'add', 'origin', `file://${remote}`)
  const push = (files: Record<string, string>) => {
    for (const [path, content] of Object.entries(files)) writeFileSync(join(desk, path), content)
    git(desk, 'add', '-A')
    git(desk, 'commit', '-qm', 'more')
    git(desk, 'push', '-q', 'origin', 'main')
  }
  push({
    'package.json': JSON.stringify({
      name: 'a',
      version: '1.0.0',
      scripts: { build: 'env > ../of-build; mkdir -p dist; date > dist/x' },
    }),
    '.gitignore': 'dist\nnode_modules\n',
  })
  execFileSync('npm', ['install', '--package-lock-only', '--silent'], { cwd: desk, stdio: 'ignore' })
  push({})
  git(home, '-c', 'protocol.file.allow=always', 'clone', '-q', `file://${remote}`, app)
  const book = await bookFolder(`${prelude}
import * as s from 'runbook/steps'
const environments = {
  staging: { app: { dir: ${JSON.stringify(app)} }, ${environment} },
  production: { protected: true, app: { dir: ${JSON.stringify(app)} }, variables: { ONLY_OF_PRODUCTION: 'x' } },
}
export default defineRunbook({ name: 'children', environments, deploy: () => [${steps}] })
`)
  ends.push(book.dispose)
  return { ...book, app, desk, push }
}

describe('each program of a run', () => {
  /** Of the operator's shell, from yesterday's work on production. */
  const hidden = {
    ...{
      DATABASE_URL: 'postgresql://prod',
      DB_HOST: 'prod.internal',
      PGPASSWORD: 'p',
      PGSERVICE: 's',
      PGHOST: 'h',
    },
    ...{
      AWS_SESSION_TOKEN: 'a',
      AZURE_CLIENT_SECRET: 'b',
      GOOGLE_APPLICATION_CREDENTIALS: 'c',
      KUBECONFIG: 'k',
    },
    ...{ NPM_TOKEN: 'n', npm_config__authToken: 'n', GH_PAT: 'g', VAULT_TOKEN: 'v', RUNBOOK_STATE_URL: 'r' },
    ...{
      ONLY_OF_PRODUCTION: 'x',
      NODE_ENV: 'production',
      TZ: 'Pacific/Apia',
      LANG: 'xx_XX',
      GIT_DIR: '/nowhere',
    },
    ...{
      npm_config_otp: '123456',
      GIT_TRACE_CURL: '1',
      GIT_TRACE_REDACT: '0',
      GIT_EXTERNAL_DIFF: '/nowhere',
    },
  }

  test('has this environment’s value or none, no secret that its step does not name, and no program of the working directory', async () => {
    const { runbook, folder, push } = await world(
      `s.pullCode(), s.installDependencies(), s.buildApp({ out: 'dist', sources: ['package.json'] }),
       s.shell({ block: 'env > ../of-block', env: { NPM_TOKEN: secret('NPM_TOKEN') }, undo: { nothing: 'x' } }),
       s.shell({ id: 'zx', script: "await $\`env > ../of-script\`", undo: { nothing: 'x' } })`,
      `variables: { NODE_ENV: 'staging', PGSERVICE: 'of the book' }`,
    )
    writeFileSync(
      join(folder, '.env.staging'),
      'NPM_TOKEN=of-staging\nDATABASE_URL=of-staging\nTZ=Europe/Berlin\nDB_HOST=of-staging\n',
    )
    push({ 'a.txt': 'two' })
    // Each tells what it has got, and is what it is called then.
    const [bin, seen, mine] = ['bin', 'seen', 'of the working directory'].map((name) => join(home, name)) as [
      string,
      string,
      string,
    ]
    for (const made of [bin, seen]) mkdirSync(made)
    // As an editor's debugger leaves it in its terminal; it changes what every node does.
    const preload = join(home, 'preload.cjs')
    writeFileSync(
      preload,
      "if (!/cli\\.js$/.test(process.argv[1])) require('node:fs').writeFileSync(__dirname + '/preloaded', process.argv.join(' '))",
    )
    const programs = ['git', 'npm', 'node', 'bash', 'find', 'sh']
    for (const name of programs) {
      const real = execFileSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim()
      writeFileSync(
        join(bin, name),
        `#!/bin/sh\n/usr/bin/env > '${seen}'/${name}.$$\nexec '${real}' "$@"\n`,
        { mode: 0o755 },
      )
    }
    mkdirSync(join(folder, 'node_modules/.bin'), { recursive: true })
    for (const name of programs)
      writeFileSync(join(folder, 'node_modules/.bin', name), `#!/bin/sh\ntouch '${mine}'\nexit 1\n`, {
        mode: 0o755,
      })
    const variables = {
      ...{ ...gitVariables, ...hidden },
      PATH: `${folder}/node_modules/.bin:node_modules/.bin:${bin}:${process.env.PATH}`,
      NODE_OPTIONS: `--require ${JSON.stringify(preload)} --max-old-space-size=3000`,
    }
    const { exit, out, err } = await runbook(['deploy', 'staging', '--yes'], { variables })
    expect(exit, out + err).toBe(0)
    const files = [
      ...readdirSync(seen).map((name) => join(seen, name)),
      ...['of-build', 'of-block', 'of-script'].map((name) => join(home, name)),
    ]
    expect(files.length).toBeGreaterThan(20)
    expect(new Set(files.map((file) => file.split('/').at(-1)!.split('.')[0]))).toEqual(
      new Set([
        'git',
        'npm',
        'node',
        'bash',
        'find',
        'of-build',
        'of-block',
        'of-script',
        ...(files.some((file) => /\/sh\.\d+$/.test(file)) ? ['sh'] : []),
      ]),
    )
    for (const file of files) {
      const has = new Map(
        readFileSync(file, 'utf8')
          .split('\n')
          .map((line) => [line.split('=', 1)[0]!, line.slice(line.indexOf('=') + 1)]),
      )
      const got = Object.fromEntries(
        Object.keys(hidden).flatMap((name) => (has.has(name) ? [[name, has.get(name)]] : [])),
      )
      const token =
        file.endsWith('of-block') || (file.includes('/bash.') && has.has('NPM_TOKEN'))
          ? { NPM_TOKEN: 'of-staging' }
          : {}
      const lang = has.get('LANG') === 'xx_XX' ? { LANG: 'xx_XX' } : {}
      // git tells its own children of its repository.
      const own = has.has('GIT_EXEC_PATH') && has.has('GIT_DIR') ? { GIT_DIR: has.get('GIT_DIR') } : {}
      expect(got, file).toEqual({
        NODE_ENV: 'staging',
        PGSERVICE: 'of the book',
        TZ: 'Europe/Berlin',
        ...token,
        ...lang,
        ...own,
      })
      if (own.GIT_DIR) expect(own.GIT_DIR).not.toBe('/nowhere')
      expect([file, has.get('NODE_OPTIONS')]).toEqual([file, '--max-old-space-size=3000'])
    }
    expect(readdirSync(home)).not.toContain('preloaded')
    expect(readdirSync(home)).not.toContain('of the working directory')
  })

  test('is told of by doctor, by name and never by value, step by step', async () => {
    const { runbook, folder } = await world(
      `s.pullCode(), s.shell({ block: 'echo $API_TOKEN', undo: { nothing: 'x' } }),
       s.shell({ id: 'given', block: 'true', env: { API_TOKEN: secret('API_TOKEN') }, undo: { nothing: 'x' } }),
       s.verifyHttp({ requests: [{ name: 'x', url: 'http://127.0.0.1:9/x' }] })`,
      `variables: { NODE_ENV: 'a-value-of-the-book', HIDDEN: secret('API_TOKEN') }`,
    )
    writeFileSync(join(folder, '.env.staging'), 'API_TOKEN=a-secret-value\n')
    const variables = {
      ...gitVariables,
      ...hidden,
      GIT_DIR: undefined,
      TZ: 'a/value',
      NODE_OPTIONS: '--inspect=127.0.0.1:0 --no-warnings',
    }
    const { exit, out, err } = await runbook(['doctor', 'staging'], { variables })
    expect(exit, out + err).toBe(0)
    expect(out).toMatch(
      /variables {2}each command gets, by name, of this shell .*\bHOME\b.*\bPATH\b.*\bTZ\b.*; of the book NODE_ENV\n/,
    )
    expect(out).toContain(
      ' ! no command gets --inspect of this shell’s NODE_OPTIONS; where it is needed, write NODE_OPTIONS into .env.staging\n',
    )
    expect(out).toMatch(/ pull-code: nothing else\n/)
    expect(out).toMatch(/ shell: nothing else\n/)
    expect(out).toContain('! shell: it uses $API_TOKEN, which it is not given')
    expect(out).toMatch(/ given: also API_TOKEN\n/)
    expect(out).toMatch(/ verify-http: has no command\n/)
    expect(out).not.toMatch(
      /a-secret-value|a-value-of-the-book|a\/value|AWS_|PGPASSWORD|DATABASE_URL|ONLY_OF_PRODUCTION/,
    )
  })
})

test('git starts nothing that a clone names, where it only looks and where the code is moved', async () => {
  // Whatever a step or a check of one's own looks at with git: what refreshes the index, takes refs, or shows signatures.
  const looks = [
    'status',
    'ls-files --others',
    'update-index --refresh',
    'log -1',
    'fetch -q origin',
    'diff',
    'submodule status',
  ]
    .map(
      (words) =>
        `await see(reads('git', ${words
          .split(' ')
          .map((word) => `'${word}'`)
          .join(', ')}))`,
    )
    .join('; ')
  const { runbook, app, desk, push } = await world(
    `s.pullCode(), does('own', ':', { needs: () => [defineCheck({ fact: 'it is looked at', remedy: '', look: async ({ see }) => { ${looks}; return holds('it is') } })] })`,
  )
  const [started, hooks] = ['started', 'hooks'].map((name) => join(home, name)) as [string, string]
  for (const made of [started, hooks]) mkdirSync(made)
  const script = (path: string) =>
    writeFileSync(path, `#!/bin/sh\ntouch '${started}'/"$(basename "$0")"\n`, { mode: 0o755 })
  for (const name of [
    'reference-transaction',
    'post-index-change',
    'post-checkout',
    'post-merge',
    'pre-auto-gc',
  ])
    script(join(hooks, name))
  for (const name of ['monitor', 'gpg']) script(join(home, name))
  const signed = git(desk, 'cat-file', 'commit', 'HEAD').replace(
    /\n\n/,
    '\ngpgsig -----BEGIN PGP SIGNATURE-----\n \n x\n -----END PGP SIGNATURE-----\n\n',
  )
  const commit = execFileSync('git', ['hash-object', '-t', 'commit', '-w', '--stdin'], {
    cwd: desk,
    input: `${signed}\n`,
    encoding: 'utf8',
  }).trim()
  git(desk, 'update-ref', 'refs/heads/main', commit)
  git(desk, 'push', '-q', '-f', 'origin', 'main')
  git(app, 'fetch', '-q')
  git(app, 'reset', '-q', '--hard', commit)
  git(app, 'config', 'core.hooksPath', hooks)
  // A shell takes it.
  git(app, 'config', 'core.fsmonitor', `'${join(home, 'monitor')}'`)
  git(app, 'config', 'log.showSignature', 'true')
  git(app, 'config', 'gpg.program', join(home, 'gpg'))
  push({ 'a.txt': 'two' })
  const variables = {
    ...gitVariables,
    ...{
      GIT_CONFIG_COUNT: '1',
      GIT_CONFIG_KEY_0: 'core.fsmonitor',
      GIT_CONFIG_VALUE_0: join(home, 'monitor'),
    },
  }
  for (const args of [
    ['doctor', 'staging'],
    ['plan', 'staging'],
    ['guide', 'staging'],
    ['runs'],
    ['diagnose', 'staging'],
  ]) {
    const { exit, out, err } = await runbook(args, { variables })
    expect([exit, readdirSync(started)], `${args}: ${out}${err}`).toEqual([0, []])
    if (args[0] === 'doctor' || args[0] === 'plan')
      expect(out).toMatch(/git is told not to call [^;]*post-merge/)
  }
  const { exit, out, err } = await runbook(['deploy', 'staging', '--yes'], { variables })
  expect(exit, out + err).toBe(0)
  // The file monitor is the operator's own choice of a faster status, and only what looks goes without it.
  expect(readdirSync(started).filter((name) => name !== 'monitor')).toEqual([])
  for (const name of readdirSync(started)) rmSync(join(started, name))
  expect((await runbook(['bundle'], { variables })).exit).toBe(0)
  expect(readdirSync(started)).toEqual([])
})
