import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
let clone = ''
const git = (...args: string[]) =>
  execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', ...args], { cwd: clone })
const release = (...args: string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/release.mjs', ...args], {
    cwd: clone,
    encoding: 'utf8',
  })
  return { exit: status, out: stdout, err: stderr }
}

beforeAll(() => {
  clone = mkdtempSync(join(tmpdir(), 'runbook release '))
  const files = ['package.json', 'package-lock.json', 'tsconfig.json', 'tsdown.config.ts', '.gitignore']
  for (const file of [...files, 'CHANGELOG.md', 'README.md', 'scripts', 'runbook', 'steps', 'checks'])
    cpSync(join(root, file), join(clone, file), { recursive: true })
  symlinkSync(join(root, 'node_modules'), join(clone, 'node_modules'))
  git('init', '--quiet')
  writeFileSync(join(clone, '.git/info/exclude'), 'node_modules\n')
  git('add', '--all')
  git('commit', '--quiet', '--message', 'All')
})
afterAll(() => rmSync(clone, { recursive: true, force: true }))

test('is refused without its section of the changelog, from a tree that is not clean, and with a flag that it does not know', () => {
  expect(release()).toMatchObject({
    exit: 3,
    err: expect.stringContaining('CHANGELOG.md has no section for'),
  })
  writeFileSync(join(clone, 'mine'), '')
  expect(release()).toMatchObject({ exit: 3, err: expect.stringContaining('git status') })
  rmSync(join(clone, 'mine'))
  expect(release('--publsh').exit).toBe(2)
  expect(existsSync(join(clone, 'release'))).toBe(false)
})

test('is the tarball, and a bill of everything that comes with it, bundled or installed; nothing is published', () => {
  const { name, version, dependencies } = JSON.parse(readFileSync(join(clone, 'package.json'), 'utf8'))
  const changelog = join(clone, 'CHANGELOG.md')
  writeFileSync(changelog, readFileSync(changelog, 'utf8').replace('\n## Unreleased', `\n## ${version}`))
  git('commit', '--quiet', '--all', '--message', version)
  const { exit, out, err } = release()
  expect(exit, err).toBe(0)
  expect(out).toContain('Nothing was published')
  expect(existsSync(join(clone, 'release', `${name}-${version}.tgz`))).toBe(true)
  const text = readFileSync(join(clone, 'release', `${name}-${version}.cdx.json`), 'utf8')
  const { components } = JSON.parse(text)
  const of = new Map(components.map((one: { name: string; version: string }) => [one.name, one.version]))
  for (const [each, wanted] of Object.entries(dependencies))
    expect([each, of.get(each)]).toEqual([each, wanted])
  // Bundled into the command line; and what is only for development is not in it.
  expect(of.has('commander')).toBe(true)
  expect([of.has('vitest'), of.has('pm2')]).toEqual([false, false])
  expect(components.every(({ hashes }: { hashes?: unknown[] }) => hashes?.length)).toBe(true)
  expect(text).not.toContain(clone)
})
