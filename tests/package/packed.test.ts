import { cp, mkdir, mkdtemp, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { afterAll, beforeAll, expect, test } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const tsc = join(root, 'node_modules/typescript/bin/tsc')
let home = ''
let project = ''
let packed: string[] = []

/** Without what the test runner, and the npm that called it, have put into the environment. */
const env = Object.fromEntries(
  Object.entries(process.env).filter(
    ([name]) => !/^(npm_|NODE_ENV$|VITEST|TEST$|NO_COLOR$|FORCE_COLOR$)/.test(name),
  ),
)
const run = async (cwd: string, file: string, ...args: string[]) => {
  const { exitCode, stdout, stderr } = await execa(file, args, {
    cwd,
    env,
    extendEnv: false,
    reject: false,
    stdin: 'ignore',
  })
  return { exit: exitCode, out: stdout, err: stderr, all: `${stdout}\n${stderr}` }
}
const succeeds = async (...args: Parameters<typeof run>) => {
  const ended = await run(...args)
  expect(ended.exit, `${args.slice(1).join(' ')}\n${ended.all}`).toBe(0)
  return ended
}

beforeAll(async () => {
  home = await realpath(await mkdtemp(join(tmpdir(), 'runbook package ')))
  // A clone's own files, so that its dist stays out of it and what packs must build.
  const clone = join(home, 'clone')
  await mkdir(clone)
  const files = ['package.json', 'tsconfig.json', 'tsdown.config.ts', 'CHANGELOG.md', 'README.md']
  for (const file of [...files, 'runbook', 'steps', 'checks'])
    await cp(join(root, file), join(clone, file), { recursive: true })
  await symlink(join(root, 'node_modules'), join(clone, 'node_modules'))
  const { out } = await succeeds(clone, 'npm', 'pack', '--json', '--pack-destination', home)
  const [{ filename, files: inside }] = JSON.parse(out.slice(out.indexOf('[\n')))
  packed = inside.map(({ path }: { path: string }) => path)

  project = join(home, 'an empty project')
  await mkdir(project)
  await writeFile(
    join(project, 'package.json'),
    JSON.stringify({ name: 'shop', private: true, type: 'module' }),
  )
  await succeeds(
    project,
    'npm',
    'install',
    '--prefer-offline',
    '--no-audit',
    '--no-fund',
    join(home, filename),
  )
  for (const [path, content] of Object.entries(book)) {
    await mkdir(join(project, path, '..'), { recursive: true })
    await writeFile(join(project, path), content)
  }
})
afterAll(() => rm(home, { recursive: true, force: true }))

test('holds what runs, its types, and nothing of the rest', () => {
  for (const file of [
    'dist/cli.js',
    'dist/index.js',
    'dist/index.d.ts',
    'dist/steps.d.ts',
    'dist/checks.d.ts',
    'README.md',
  ])
    expect(packed).toContain(file)
  expect(
    packed.filter((path) => !/^(dist\/[^/]+|package\.json|README\.md|CHANGELOG\.md|LICENSE)$/.test(path)),
  ).toEqual([])
})

test('publint has nothing to say', async () => {
  const { out } = await succeeds(
    join(home, 'clone'),
    join(root, 'node_modules/.bin/publint'),
    '--strict',
    'run',
    '--pack',
    'npm',
  )
  expect(out).toContain('All good!')
})

test('npx runbook runs', async () => {
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
  expect((await succeeds(project, 'npx', 'runbook', '--version')).out).toBe(version)
  expect((await succeeds(project, 'npx', 'runbook', '--help')).out).toContain('deploy')
})

test.each([
  ['nodenext', ['--module', 'nodenext']],
  ['bundler', ['--module', 'esnext', '--moduleResolution', 'bundler']],
])(
  'with %s a book and a step of the team are well typed, and each mistake is a type error',
  async (_, options) => {
    const strict = ['--noEmit', '--strict', '--target', 'es2022', '--allowImportingTsExtensions', ...options]
    const { exit, out } = await run(
      project,
      process.execPath,
      tsc,
      ...strict,
      'runbook.config.ts',
      'wrong.ts',
    )
    expect(exit).toBe(2)
    const places = out.split('\n').flatMap((line) => /^(\S+)\((\d+),/.exec(line)?.slice(1, 3).join(':') ?? [])
    const marked = book['wrong.ts']
      .split('\n')
      .flatMap((line, i) => (line.includes('// wrong') ? [`wrong.ts:${i + 1}`] : []))
    expect([...new Set(places)], out).toEqual(marked)
  },
)

test('a book with a step of the team is planned and deployed', async () => {
  const plan = await succeeds(project, 'npx', 'runbook', 'plan', 'local')
  expect(plan.out).toContain('$ find var/cache -mindepth 1 -delete')
  const deploy = await succeeds(project, 'npx', 'runbook', 'deploy', 'local', '--yes')
  expect(deploy.out).toContain('✔ Clear the page cache')
  expect((await succeeds(project, 'ls', '-A', 'var/cache')).out).toBe('')
  const again = await succeeds(project, 'npx', 'runbook', 'deploy', 'local', '--yes')
  expect(again.out).toContain('↷ Clear the page cache · already done: no file')
})

test('a wrong option that no compiler saw is a mistake of the book', async () => {
  const { exit, err } = await run(project, 'npx', 'runbook', 'plan', 'local', '--config', 'wrong.ts')
  expect(exit).toBe(2)
  expect(err).toContain('environments.staging.app.folder: is not a known key')
})

/** The step is the one of docs/adding-a-step.md. */
const book = {
  'var/cache/page.html': '<p>old</p>',
  'steps/clear-cache.ts': `
import { changes, defineCheck, defineStep, fails, holds, nothingToUndo, reads } from 'runbook'

const cacheIsEmpty = (folder: string) =>
  defineCheck({
    fact: \`\${folder} is empty\`,
    remedy: \`look at what writes into it: ls -la \${folder}\`,
    look: async ({ see }) => {
      const files = await see(reads('ls', '-A', folder))
      return files === '' ? holds('no file') : fails(\`\${files.split('\\n').length} files\`)
    },
  })

export const clearCache = (folder = 'var/cache') =>
  defineStep({
    id: 'clear-cache',
    title: 'Clear the page cache',
    about: 'Deletes the rendered pages, so that visitors see the new ones.',
    actions: () => ({ clear: changes('find', folder, '-mindepth', '1', '-delete') }),
    after: () => [cacheIsEmpty(folder)],
    undo: () => nothingToUndo('pages are rendered again when they are asked for'),
  })
`,
  'runbook.config.ts': `
import { defineRunbook, parallel, phase, secret, sequence, text } from 'runbook'
import { tableHasColumns } from 'runbook/checks'
import { applySql, backupDatabase, buildApp, installDependencies, pm2Restart, pullCode, verifyHttp, watchLogs } from 'runbook/steps'
import { clearCache } from './steps/clear-cache.ts'

export default defineRunbook({
  name: 'shop',
  environments: {
    production: {
      protected: true,
      app: { dir: '/srv/shop', branch: 'main', url: 'https://shop.example.com' },
      database: { url: secret('DATABASE_URL') },
    },
    local: { app: { dir: '.' } },
  },
  deploy: (env) => {
    const restart = pm2Restart({ process: 'shop', ecosystem: 'ecosystem.config.cjs' })
    return [
      env.protected && phase('Prepare', [parallel([backupDatabase(), sequence([pullCode(), installDependencies(), buildApp()])])]),
      env.protected && phase('Migrate', [applySql({ file: 'orders.sql', after: [tableHasColumns('orders', { paidAt: 'timestamptz' })] })]),
      clearCache(),
      env.protected && restart,
      env.protected && verifyHttp({
        headers: { Authorization: text\`Bearer \${secret('SHOP_TOKEN')}\` },
        requests: [{ name: 'list the orders', url: '/api/orders', expect: { status: 200, within: 200 } }],
      }),
      env.protected && watchLogs({ from: restart, lacks: [/error/i] }),
    ]
  },
})
`,
  'wrong.ts': `
import { changes, defineCheck, defineRunbook, defineStep, holds, nothingToUndo } from 'runbook'
import { tableHasColumns } from 'runbook/checks'
import { applySql, pullCode } from 'runbook/steps'

export const check = defineCheck({
  fact: 'nothing is changed by a look',
  remedy: 'none',
  look: async ({ see }) => {
    await see(changes('rm', '-rf', 'dist')) // wrong
    return holds('')
  },
})
export const step = defineStep({
  id: 'unproven',
  title: 'Do it',
  about: 'It proves nothing.',
  after: () => [], // wrong
  undo: () => nothingToUndo('none'),
})
export default defineRunbook({
  name: 'shop',
  environments: {
    local: { app: { dir: '.' } },
    staging: { app: { folder: '.' } }, // wrong
  },
  deploy: () => [
    pullCode({ brunch: 'main' }), // wrong
    pullCode({ remote: 7 }), // wrong
    applySql(), // wrong
    tableHasColumns('orders', {}), // wrong
  ],
})
`,
}
