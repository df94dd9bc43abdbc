import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { dependenciesInstalled } from '../../checks/dependencies-installed.ts'
import { installDependencies } from '../../steps/install-dependencies.ts'
import { pullCode } from '../../steps/pull-code.ts'
import { endsAfterEach } from '../rig/ends.ts'
import { gitRemote, gitVariables } from '../rig/git-remote.ts'
import { localPackage } from '../rig/local-package.ts'
import { stepRig } from '../rig/step-rig.ts'

const ends = endsAfterEach()

/** A clone with a backend whose dependencies are tarballs beside it; `lockedTo` gives both of its files. */
const world = async (folder = 'the backend') => {
  const shelf = mkdtempSync(join(tmpdir(), 'runbook shelf '))
  ends.push(() => rmSync(shelf, { recursive: true, force: true }))
  const [one, two, elsewhere, tool] = [
    localPackage(shelf, { name: 'dep', version: '1.0.0' }),
    localPackage(shelf, { name: 'dep', version: '2.0.0' }),
    localPackage(shelf, { name: 'elsewhere', version: '1.0.0', os: ['aix'] }),
    localPackage(shelf, { name: 'tool', version: '1.0.0' }),
  ]
  const lockedTo = (dep: string, more: object = {}) => {
    const work = mkdtempSync(join(tmpdir(), 'runbook lock '))
    ends.push(() => rmSync(work, { recursive: true, force: true }))
    const manifest = {
      name: 'backend',
      version: '1.0.0',
      dependencies: { dep: `file:${dep}` },
      devDependencies: { tool: `file:${tool}` },
      optionalDependencies: { elsewhere: `file:${elsewhere}` },
      ...more,
    }
    writeFileSync(join(work, 'package.json'), JSON.stringify(manifest))
    execFileSync('npm', ['install', '--package-lock-only', '--ignore-scripts', '--no-audit', '--no-fund'], {
      cwd: work,
      stdio: 'ignore',
    })
    return {
      [`${folder}/package.json`]: JSON.stringify(manifest),
      [`${folder}/package-lock.json`]: readFileSync(join(work, 'package-lock.json'), 'utf8')
        // npm writes the path from where it stood.
        .replaceAll(/"file:[^"]*?\/(runbook shelf [^"]*)"/g, (_, rest) => `"file:${join(tmpdir(), rest)}"`),
    }
  }
  const repos = gitRemote({ ...lockedTo(one!), '.gitignore': 'node_modules\n' })
  ends.push(repos.dispose)
  const rig = await stepRig({
    dir: repos.clone,
    app: { branch: 'main' },
    // As on a production server: development dependencies would be left out.
    variables: { ...gitVariables, NODE_ENV: 'production' },
  })
  ends.push(rig.dispose)
  const modules = join(repos.clone, folder, 'node_modules')
  return { ...repos, rig, lockedTo, one: one!, two: two!, folder, modules }
}
const seen = (failure: unknown) => (failure as { unmet: { seen: string }[] }).unmet.map((unmet) => unmet.seen)

test('installs what is locked, development dependencies too, and is done the second time', async () => {
  const { rig, folder, modules } = await world()
  const step = installDependencies({ in: folder })
  const run = await rig.run(step)
  expect(run.failure).toBeUndefined()
  expect(run.performed).toContain("cd 'the backend' && npm ci --include=dev --no-audit --no-fund")
  expect(run.observed).toMatchObject({
    manager: 'npm',
    lock: 'package-lock.json',
    installed: 'nothing is installed',
  })
  expect(run.summary).toBe('2 packages, as in package-lock.json')
  expect(existsSync(join(modules, 'tool/index.js'))).toBe(true)
  const again = await rig.run(step)
  expect(again.ended).toBe('skipped')
  expect((await rig.look(dependenciesInstalled(folder))).seen).toBe('2 packages, as in package-lock.json')
})

test('a plan compares with the lock file of the revision that is to come', async () => {
  const { rig, folder, push, lockedTo, two, modules } = await world()
  const step = installDependencies({ in: folder })
  await rig.run(step)
  push({ 'README.md': 'Nothing of its dependencies changed.\n' })
  const same = await rig.plan(pullCode(), step)
  expect(same.steps.map(({ expects }) => expects)).toEqual(['to-do', 'done'])
  push(lockedTo(two))
  const other = await rig.plan(pullCode(), step)
  expect(other.failures).toEqual([])
  expect(other.steps.map(({ expects }) => expects)).toEqual(['to-do', 'to-do'])
  expect(other.steps[1]!.observed).toMatchObject({
    installed: '1 difference to package-lock.json: dep 1.0.0 instead of 2.0.0',
  })
  const run = await rig.run([pullCode(), step])
  expect(run.failure).toBeUndefined()
  expect(readFileSync(join(modules, 'dep/index.js'), 'utf8')).toContain('2.0.0')
})

test('sees a folder that was emptied, and a package that is not locked', async () => {
  const { rig, folder, modules } = await world()
  await rig.run(installDependencies({ in: folder }))
  rmSync(join(modules, 'dep'), { recursive: true })
  const check = dependenciesInstalled(folder)
  expect(await rig.look(check)).toMatchObject({ holds: false, seen: '1 folder is empty: node_modules/dep' })
  expect((await rig.run(installDependencies({ in: folder }))).ended).toBe('done')
  const hidden = join(modules, '.package-lock.json')
  const lock = JSON.parse(readFileSync(hidden, 'utf8'))
  lock.packages['node_modules/extra'] = { version: '1.0.0' }
  writeFileSync(hidden, JSON.stringify(lock))
  expect((await rig.look(check)).seen).toContain('extra is there although it is not locked')
  writeFileSync(hidden, '{"cut')
  expect((await rig.look(check)).seen).toContain('2 differences')
})

test('without development dependencies where the book says so', async () => {
  const { rig, folder, modules } = await world()
  const run = await rig.run(installDependencies({ in: folder, dev: false }))
  expect(run.failure).toBeUndefined()
  expect(existsSync(join(modules, 'tool'))).toBe(false)
  expect((await rig.run(installDependencies({ in: folder, dev: false }))).ended).toBe('skipped')
  expect((await rig.look(dependenciesInstalled(folder))).seen).toContain('tool 1.0.0 is missing')
})

test('an installation that fails shows its last lines, and stops', async () => {
  const { rig, folder, write, clone, lockedTo, one } = await world()
  write(clone, lockedTo(one, { scripts: { postinstall: 'echo building; echo no compiler >&2; exit 3' } }))
  const run = await rig.run(installDependencies({ in: folder }))
  expect(run.failure).toMatchObject({ kind: 'command-failed', exit: 3 })
  expect((run.failure as { tail: string }).tail).toContain('no compiler')
})

test('a manifest and a lock file that disagree are told, and npm refuses them', async () => {
  const { rig, folder, write, clone, lockedTo, one, two } = await world()
  await rig.run(installDependencies({ in: folder }))
  const manifest = `${folder}/package.json`
  write(clone, { ...lockedTo(one), [manifest]: lockedTo(two)[manifest]! })
  const run = await rig.run(installDependencies({ in: folder }))
  expect(run.observed).toMatchObject({ installed: 'package.json and package-lock.json disagree on dep' })
  expect(run.failure).toMatchObject({ kind: 'command-failed' })
})

test('a folder without package.json is refused before anything is done', async () => {
  const { rig } = await world()
  const run = await rig.run(installDependencies({ in: 'frontend' }))
  expect(run.performed).toEqual([])
  expect(seen(run.failure)[0]).toMatch(/^not in .*the clone$/)
})

test('without a lock file npm installs, and only that very run proves it', async () => {
  const { rig, folder, clone, write, commit } = await world()
  commit(
    clone,
    { [`${folder}/package-lock.json`]: null, [`${folder}/.npmrc`]: 'package-lock=false\n' },
    'No lock',
  )
  write(clone, {})
  const step = installDependencies({ in: folder })
  const run = await rig.run(step)
  expect(run.failure).toBeUndefined()
  expect(run.performed.join('\n')).toContain('npm install --include=dev')
  expect(run.summary).toMatch(/^by npm, exit 0 in \d+ ms$/)
  expect((await rig.run(step)).ended).toBe('done')
})

test('the package manager is the one of the lock file, and a missing one is named', async () => {
  const { rig, folder, clone, commit } = await world()
  commit(clone, { [`${folder}/package-lock.json`]: null, [`${folder}/bun.lock`]: '{}' }, 'Bun')
  const { failures } = await rig.plan(installDependencies({ in: folder }))
  expect(failures).toMatchObject([{ unmet: [{ fact: 'bun is installed' }] }])
  const own = await rig.plan(installDependencies({ in: folder, command: ['sh', '-c', 'true'] }))
  expect(own.steps[0]!.actions.map(({ printed }) => printed)).toContain("cd 'the backend' && sh -c true")
})

test('the tool finds its own dependencies installed', async () => {
  const rig = await stepRig({ dir: process.cwd() })
  ends.push(rig.dispose)
  const verdict = await rig.look(dependenciesInstalled())
  expect(verdict.seen).toMatch(/^\d+ packages, as in package-lock.json$/)
})
