import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { bookFolder, prelude } from '../rig/command-line.ts'
import { endsAfterEach } from '../rig/ends.ts'
import { git, gitRemote, gitVariables } from '../rig/git-remote.ts'

const ends = endsAfterEach()

const world = async ({ app = '', first = '', more = '' } = {}) => {
  const repos = gitRemote({ 'app.txt': '1\n' })
  ends.push(repos.dispose)
  git(repos.desk, 'tag', 'v1')
  git(repos.desk, 'push', '--quiet', 'origin', 'v1')
  const second = repos.push({ 'app.txt': '2\n' }, 'Second')
  const book = await bookFolder(`${prelude}
import * as s from 'runbook/steps'
export default defineRunbook({
  name: 'shop',
  environments: { staging: { app: { dir: ${JSON.stringify(repos.clone)}, ${app} } } },
  deploy: () => [${first} s.pullCode()],
  ${more}
})
`)
  ends.push(book.dispose)
  return {
    ...repos,
    second,
    runbook: (...args: string[]) => book.runbook(args, { variables: gitVariables }),
    head: () => git(repos.clone, 'rev-parse', 'HEAD'),
  }
}

test('a revision that the command line names is planned, deployed, rolled back and written down', async () => {
  const w = await world()
  expect((await w.runbook('deploy', 'staging', '--yes')).exit).toBe(0)
  const plan = await w.runbook('plan', 'staging', '--revision', 'v1')
  expect(plan.exit, plan.out).toBe(0)
  expect(plan.out).toContain('revision v1')
  expect(plan.out).toMatch(/1 commit that is there now does not come with it:\n +\w{7} Second/)
  expect((await w.runbook('guide', 'staging', '--revision', 'v1')).out).toContain('revision `v1`')
  expect((await w.runbook('doctor', 'staging', '--revision', 'v1')).out).toMatch(
    /has the revision v1 · the tag v1/,
  )
  const deployed = await w.runbook('deploy', 'staging', '--revision', 'v1', '--yes')
  expect(deployed.exit, deployed.out).toBe(0)
  expect(w.head()).toBe(w.first)
  expect((await w.runbook('show')).out).toContain('--revision v1')
  expect((await w.runbook('plan', 'staging')).out).toMatch(/last run .* → \w{7} \(v1\), done/)
  const back = await w.runbook('rollback', 'staging', '--yes')
  expect(back.exit, back.out).toBe(0)
  expect(w.head()).toBe(w.second)
  const runs = (await w.runbook('runs')).out
  expect(runs).toMatch(new RegExp(`${w.second.slice(0, 7)} → ${w.first.slice(0, 7)}`))
})

test('a resume goes on with the revision that its run was told', async () => {
  const w = await world({
    // It fails before the code is observed: a resume resolves the name by itself.
    first: `s.shell({ id: 'gate', block: 'test -e ../open', undo: { nothing: 'it only looks' } }),`,
  })
  const failed = await w.runbook('deploy', 'staging', '--revision', 'v1', '--yes', '--on-failure', 'stop')
  expect(failed.exit, failed.out).toBe(1)
  writeFileSync(join(w.home, 'open'), '')
  const resumed = await w.runbook('resume', '--yes')
  expect(resumed.exit, resumed.out).toBe(0)
  expect(w.head()).toBe(w.first)
})

test('the book may name one, the command line goes before it, and a mistake ends with 2', async () => {
  const w = await world({
    app: `revision: 'v1'`,
    more: `procedures: { note: () => [s.shell({ block: 'true', undo: { nothing: 'it does nothing' } })] },`,
  })
  expect((await w.runbook('deploy', 'staging', '--yes')).exit).toBe(0)
  expect(w.head()).toBe(w.first)
  expect((await w.runbook('deploy', 'staging', '--yes', '--revision', w.second.slice(0, 9))).exit).toBe(0)
  expect(w.head()).toBe(w.second)
  for (const name of ['', '-v', 'HEAD', 'v1~1', 'a b', 'v1..v2']) {
    const { exit, out, err } = await w.runbook('deploy', 'staging', '--yes', `--revision=${name}`)
    expect(exit, name + out + err).toBe(2)
  }
  const nope = await w.runbook('deploy', 'staging', '--yes', '--revision', 'v2')
  expect(nope.exit).toBe(3)
  const unused = await w.runbook('run', 'note', 'staging', '--yes', '--revision', 'v1')
  expect(unused.exit).toBe(2)
  expect(unused.out + unused.err).toContain('no step of note checks a revision out')
  const bad = await world({ app: `revision: 'HEAD~1'` })
  const mistaken = await bad.runbook('plan', 'staging')
  expect(mistaken.exit).toBe(2)
  expect(mistaken.out + mistaken.err).toContain('environments.staging.app.revision')
})

test.each([
  ['in .git/hooks', '.git/hooks', undefined],
  ['where core.hooksPath says, as husky has it', '.husky', '.husky/_'],
])(
  'hooks that fail, %s, are named and stop neither a deployment nor its rollback',
  async (_, folder, path) => {
    const w = await world()
    const put = (where: string) => {
      mkdirSync(join(w.clone, where), { recursive: true })
      for (const name of ['post-merge', 'post-checkout', 'reference-transaction']) {
        writeFileSync(join(w.clone, where, name), '#!/bin/sh\nexit 1\n')
        chmodSync(join(w.clone, where, name), 0o755)
      }
    }
    put(folder)
    if (path) {
      put(path)
      git(w.clone, 'config', 'core.hooksPath', path)
    }
    for (const command of ['doctor', 'plan']) {
      const { exit, out } = await w.runbook(command, 'staging')
      expect(exit, out).toBe(0)
      expect(out).toMatch(/not to call post-checkout, post-merge, reference-transaction in /)
    }
    const deployed = await w.runbook('deploy', 'staging', '--yes')
    expect(deployed.exit, deployed.out).toBe(0)
    const back = await w.runbook('rollback', 'staging', '--yes')
    expect(back.exit, back.out).toBe(0)
    expect(w.head()).toBe(w.first)
  },
)
