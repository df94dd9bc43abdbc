import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { bookFolder, until } from '../rig/command-line.ts'
import { endsAfterEach } from '../rig/ends.ts'
import { git, gitRemote, gitVariables } from '../rig/git-remote.ts'
import { inTurn } from '../rig/in-turn.ts'
import { npmRegistry } from '../rig/registry.ts'

// Nothing is destroyed before its successor is proven: with npm itself, a registry on loopback, and kill -9.

const ends = endsAfterEach()

/** Waits where the test says so, after it has told that it has begun. */
const waits = (name: string) => `
const fs = require('node:fs')
const home = process.env.LAB
if (fs.existsSync(home + '/${name}-fails')) process.exit(7)
if (fs.existsSync(home + '/${name}-waits')) { fs.writeFileSync(home + '/${name}-begun', ''); setInterval(() => fs.existsSync(home + '/${name}-waits') || process.exit(1), 100) }
`
const build = `
const { mkdirSync, readFileSync, rmSync, writeFileSync } = require('node:fs')
rmSync('dist', { recursive: true, force: true })
mkdirSync('dist')
writeFileSync('dist/half', readFileSync('src/main'))
${waits('build')}
// What waits is killed.
if (!fs.existsSync(home + '/build-waits')) writeFileSync('dist/whole', readFileSync('src/main'))
`

let registry: Awaited<ReturnType<typeof npmRegistry>>
/** The files of the application that wants this version of `dep`. */
const lockedTo: Record<string, Record<string, string>> = {}
beforeAll(async () => {
  registry = await npmRegistry({ '1.0.0': {}, '2.0.0': {} })
  for (const version of ['1.0.0', '2.0.0']) {
    const work = mkdtempSync(join(tmpdir(), 'runbook lock '))
    const scripts = { postinstall: 'node post.cjs', build: 'node build.cjs' }
    const manifest = JSON.stringify({
      name: 'app',
      version: '1.0.0',
      scripts,
      dependencies: { dep: version },
    })
    writeFileSync(join(work, 'package.json'), manifest)
    await promisify(execFile)('npm', ['install', '--package-lock-only', '--ignore-scripts', '--no-audit'], {
      cwd: work,
      env: { ...process.env, ...registry.variables() },
    })
    const lock = readFileSync(join(work, 'package-lock.json'), 'utf8')
    lockedTo[version] = { 'package.json': manifest, 'package-lock.json': lock, 'src/main': version }
    rmSync(work, { recursive: true })
  }
})
afterAll(() => registry.dispose())

/** An application at dep 1.0.0 that is deployed, and a commit that wants 2.0.0. */
const world = async () => {
  const lab = mkdtempSync(join(tmpdir(), 'runbook lab '))
  ends.push(() => rmSync(lab, { recursive: true, force: true }))
  registry.state.down = false
  const repos = gitRemote({
    ...lockedTo['1.0.0'],
    '.gitignore': '/node_modules\n/dist\n',
    'post.cjs': waits('install'),
    'build.cjs': build,
  })
  ends.push(repos.dispose)
  const book = await bookFolder(`
    import { defineRunbook } from 'runbook'
    import { pullCode, installDependencies, buildApp } from 'runbook/steps'
    export default defineRunbook({
      name: 'tested',
      environments: { staging: {
        app: { dir: ${JSON.stringify(repos.clone)}, branch: 'main', url: 'http://127.0.0.1:9' },
        variables: { LAB: ${JSON.stringify(lab)} },
      } },
      deploy: () => [pullCode(), installDependencies(), buildApp()],
    })`)
  ends.push(book.dispose)
  const variables = () => ({ ...gitVariables, ...registry.variables() })
  const flag = (name: string, on = true) =>
    on ? writeFileSync(join(lab, name), '') : rmSync(join(lab, name), { force: true })
  const aside = join(repos.clone, '.runbook-aside')
  const at = (path: string) => join(repos.clone, path)
  const runbook = (...args: string[]) => book.runbook([...args, '--yes'], { variables: variables() })
  const first = await runbook('deploy', 'staging')
  if (first.exit !== 0) throw new Error(first.err)
  repos.push(lockedTo['2.0.0']!)
  return {
    ...{ runbook, flag },
    installed: () => readFileSync(at('node_modules/dep/index.js'), 'utf8').match(/\d+[.]\d+[.]\d+/)![0],
    built: () => readdirSync(at('dist')).map((name) => `${name} ${readFileSync(at(`dist/${name}`), 'utf8')}`),
    /** What is beside it: the names in the shelves. */
    aside: () =>
      readdirSync(join(aside, 'node_modules')).flatMap((shelf) =>
        readdirSync(join(aside, 'node_modules', shelf)).map((name) => `${shelf} ${name}`),
      ),
    status: () => git(repos.clone, 'status', '--porcelain'),
    /** Kills a deployment while npm or the build is in the middle of it. */
    killedIn: async (name: string, signal: NodeJS.Signals) => {
      flag(`${name}-waits`)
      const { child, ended } = book.start(['deploy', 'staging', '--yes'], { variables: variables() })
      await until(() => existsSync(join(lab, `${name}-begun`)), `${name} begins`)
      child.kill(signal)
      const { exit } = await ended
      flag(`${name}-waits`, false)
      return exit
    },
  }
}
const OLD = ['half 1.0.0', 'whole 1.0.0']
const NEW = ['half 2.0.0', 'whole 2.0.0']

test('an installation that fails leaves what was there, and a rollback needs no registry', async () => {
  const { runbook, installed, built, aside, status } = await world()
  registry.state.down = true
  const failed = await runbook('deploy', 'staging')
  expect(failed.exit).toBe(1)
  expect([installed(), built(), aside(), status()]).toEqual(['1.0.0', OLD, [], ''])
  const back = await runbook('rollback', 'staging')
  expect([back.exit, installed(), built(), aside()]).toEqual([0, '1.0.0', OLD, []])
})

test('what a script of the installation breaks off leaves what was there', async () => {
  const { runbook, flag, installed, aside, status } = await world()
  flag('install-fails')
  expect((await runbook('deploy', 'staging')).exit).toBe(1)
  expect([installed(), aside(), status()]).toEqual(['1.0.0', [], ''])
  flag('install-fails', false)
  expect([(await runbook('resume')).exit, installed(), aside()]).toEqual([0, '2.0.0', ['installed previous']])
})

test('a rollback puts back what the previous revision had, and a deployment after it too, without the registry', async () => {
  const { runbook, installed, built, aside, status } = await world()
  expect((await runbook('deploy', 'staging')).exit).toBe(0)
  expect([installed(), built(), aside(), status()]).toEqual(['2.0.0', NEW, ['installed previous'], ''])
  registry.state.down = true
  const plan = await runbook('rollback', 'staging', '--plan')
  expect(plan.out + plan.err).toContain('nothing is fetched')
  const back = await runbook('rollback', 'staging')
  expect([back.exit, installed(), built(), aside()]).toEqual([0, '1.0.0', OLD, ['installed previous']])
  const again = await runbook('deploy', 'staging')
  expect([again.exit, installed(), built(), aside()]).toEqual([0, '2.0.0', NEW, ['installed previous']])
})

test.each(['build', 'install'])(
  'an interrupt in the middle of the %s leaves what was there',
  async (what) => {
    const { killedIn, installed, built, aside } = await world()
    expect(await killedIn(what, 'SIGINT')).toBe(130)
    expect([installed(), built()]).toEqual([what === 'build' ? '2.0.0' : '1.0.0', OLD])
    expect(aside()).toEqual(what === 'build' ? ['installed previous'] : [])
  },
)

const ways = ['resume', 'rollback']
test.each(inTurn(ways, 0))('kill -9 in the middle of an installation, then %s', async (verb) => {
  const { killedIn, runbook, installed, built, aside, status } = await world()
  expect(await killedIn('install', 'SIGKILL')).toBe(null)
  expect([aside(), status()]).toEqual([['installed before'], ''])
  if (verb === 'rollback') registry.state.down = true
  const { exit, err } = await runbook(verb, ...(verb === 'rollback' ? ['staging'] : []))
  if (exit !== 0) throw new Error(err)
  expect([installed(), built(), status()]).toEqual(
    verb === 'resume' ? ['2.0.0', NEW, ''] : ['1.0.0', OLD, ''],
  )
  expect(aside()).toEqual(verb === 'resume' ? ['installed previous'] : [])
})

test.each(inTurn(ways, 1))('kill -9 in the middle of a build, then %s', async (verb) => {
  const { killedIn, runbook, installed, built, aside, status } = await world()
  expect(await killedIn('build', 'SIGKILL')).toBe(null)
  expect([built(), aside().sort(), status()]).toEqual([
    ['half 2.0.0'],
    ['dist before', 'installed previous'],
    '',
  ])
  registry.state.down = true
  const { exit, err } = await runbook(verb, ...(verb === 'rollback' ? ['staging'] : []))
  if (exit !== 0) throw new Error(err)
  expect([installed(), built(), aside(), status()]).toEqual(
    verb === 'resume'
      ? ['2.0.0', NEW, ['installed previous'], '']
      : ['1.0.0', OLD, ['installed previous'], ''],
  )
})

test('a build that fails half-way leaves what was built', async () => {
  const { runbook, flag, built, aside } = await world()
  flag('build-fails')
  expect((await runbook('deploy', 'staging')).exit).toBe(1)
  expect([built(), aside()]).toEqual([OLD, ['installed previous']])
})
