import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { bookFolder } from '../rig/command-line.ts'
import { endsAfterEach } from '../rig/ends.ts'
import { git, gitRemote, gitVariables } from '../rig/git-remote.ts'

// A build that changes what git tracks, in its own folder or anywhere: neither the way back nor the next pull stumbles over it.

const ends = endsAfterEach()

const world = async (script: string) => {
  const remote = gitRemote({
    '.gitignore': 'node_modules\n',
    'package.json': JSON.stringify({ scripts: { build: script } }),
    'src/a': '1\n',
    'dist/a': 'built 1\n',
    'dist/old': 'built 1\n',
    'version ü.txt': 'by hand\n',
  })
  ends.push(remote.dispose)
  const { clone } = remote
  const place = await bookFolder(`
    import { defineRunbook } from 'runbook'
    import { pullCode, buildApp } from 'runbook/steps'
    export default defineRunbook({
      name: 'tested',
      environments: { staging: { app: { dir: ${JSON.stringify(clone)}, branch: 'main', url: 'http://127.0.0.1:9' } } },
      deploy: () => [pullCode(), buildApp()],
    })`)
  ends.push(place.dispose)
  const run = async (...args: string[]) => {
    const { exit, out, err } = await place.runbook([...args, '--yes'], { variables: gitVariables })
    return { exit, text: out + err }
  }
  return { ...remote, run, at: (path: string) => join(clone, path) }
}
const BUILD = 'date +%N > dist/a; rm -f dist/old; date +%N > "version ü.txt"'

test('what a build has changed is put back before the code moves, on the way back and by the next deployment', async () => {
  const { run, push, clone, at } = await world(BUILD)
  const two = push({ 'src/a': '2\n', 'dist/a': 'built 2\n', 'version ü.txt': '2\n' })
  const doctor = await run('doctor', 'staging')
  expect(doctor.exit).toBe(0)
  expect(doctor.text).toMatch(/git tracks 2 files of it.*git rm -r --cached -- dist/)

  const deployed = await run('deploy', 'staging')
  expect(deployed.exit, deployed.text).toBe(0)
  expect(git(clone, 'status', '--porcelain')).toContain('D dist/old')
  const three = push({ 'src/a': '3\n', 'dist/a': 'built 3\n' })
  const again = await run('deploy', 'staging')
  expect(again.exit, again.text).toBe(0)
  expect(git(clone, 'rev-parse', 'HEAD')).toBe(three)
  const back = await run('rollback', 'staging')
  expect(back.exit, back.text).toBe(0)
  expect(git(clone, 'rev-parse', 'HEAD')).toBe(two)
  // Built again, as it is on this revision.
  expect(readFileSync(at('dist/a'), 'utf8')).not.toBe('built 2\n')
})

test('a build that fails has changed it too; what somebody has changed since is named, and kept', async () => {
  const { run, push, first, clone, at } = await world(BUILD)
  push({ 'package.json': JSON.stringify({ scripts: { build: `${BUILD}; exit 7` } }) })
  expect((await run('deploy', 'staging')).exit).toBe(1)
  writeFileSync(at('dist/a'), 'a fix by hand\n')
  const refused = await run('rollback', 'staging')
  expect([refused.exit, refused.text]).toEqual([3, expect.stringContaining('1 changed file: dist/a')])
  expect(readFileSync(at('dist/a'), 'utf8')).toBe('a fix by hand\n')
  git(clone, 'checkout', '--quiet', 'HEAD', '--', 'dist/a')
  const back = await run('rollback', 'staging')
  expect(back.exit, back.text).toBe(0)
  expect(git(clone, 'rev-parse', 'HEAD')).toBe(first)
})

test('a file that no build has touched is somebody’s', async () => {
  const { run, push, clone, at, first } = await world(BUILD)
  push({ 'src/a': '2\n' })
  expect((await run('deploy', 'staging')).exit).toBe(0)
  writeFileSync(at('src/a'), 'mine\n')
  const refused = await run('rollback', 'staging')
  expect([refused.exit, refused.text]).toEqual([3, expect.stringContaining('1 changed file: src/a')])
  expect(git(clone, 'rev-parse', 'HEAD')).not.toBe(first)
  expect(readFileSync(at('src/a'), 'utf8')).toBe('mine\n')
})
