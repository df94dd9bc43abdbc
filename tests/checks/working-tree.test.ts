import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import {
  headIs,
  isClone,
  onBranch,
  remoteAnswers,
  remoteHasBranch,
  workingTreeClean,
} from '../../checks/index.ts'
import { endsAfterEach } from '../rig/ends.ts'
import { git, gitRemote, gitVariables, snapshotOf } from '../rig/git-remote.ts'
import { stepRig } from '../rig/step-rig.ts'

const ends = endsAfterEach()
const world = async (...args: Parameters<typeof gitRemote>) => {
  const repos = gitRemote(...args)
  ends.push(repos.dispose)
  const rig = await stepRig({ dir: repos.clone, variables: gitVariables })
  ends.push(rig.dispose)
  return { ...repos, rig }
}

test('the working tree is clean: changed, staged, removed and renamed files count, untracked ones do not', async () => {
  const { rig, clone, write, first } = await world({ 'a b.txt': '1\n', c: '1\n', d: '1\n', 'ü.txt': '1\n' })
  const before = snapshotOf(clone)
  expect(await rig.look(workingTreeClean())).toEqual({
    holds: true,
    seen: `nothing changed since ${first.slice(0, 7)}`,
  })
  expect(snapshotOf(clone)).toEqual(before)
  write(clone, { 'new.txt': '' })
  expect((await rig.look(workingTreeClean())).holds).toBe(true)
  write(clone, { 'a b.txt': '2\n', 'ü.txt': '2\n' })
  git(clone, 'mv', 'c', 'e')
  git(clone, 'add', 'ü.txt')
  expect(await rig.look(workingTreeClean())).toMatchObject({
    holds: false,
    seen: '4 changed files: a b.txt, c, e, ü.txt',
  })
})

test('a file that only looks changed does not count, and the index stays as it is', async () => {
  const { rig, clone, write } = await world()
  write(clone, { 'app.txt': 'one\n' })
  const before = snapshotOf(clone)
  expect((await rig.look(workingTreeClean())).holds).toBe(true)
  expect(snapshotOf(clone)).toEqual(before)
})

test('a merge that stands still is not clean', async () => {
  const { rig, clone, commit, push } = await world()
  push({ 'app.txt': 'theirs\n' })
  commit(clone, { 'app.txt': 'mine\n' }, 'Mine')
  git(clone, 'fetch', '--quiet')
  expect(() => git(clone, 'merge', 'origin/main')).toThrow()
  expect((await rig.look(workingTreeClean())).seen).toBe('1 changed file: app.txt (unmerged)')
})

test('branch and revision, by id and by name', async () => {
  const { rig, clone, first, commit } = await world()
  git(clone, 'tag', 'main')
  git(clone, 'tag', 'v1')
  const next = commit(clone, { 'app.txt': 'two\n' }, 'Two')
  expect(await rig.look(onBranch('main'))).toEqual({ holds: true, seen: 'main' })
  expect(await rig.look(onBranch('other/one'))).toMatchObject({ holds: false, seen: 'main' })
  expect(await rig.look(headIs(next))).toEqual({ holds: true, seen: next.slice(0, 7) })
  expect((await rig.look(headIs(first))).holds).toBe(false)
  expect((await rig.look(headIs(next.slice(0, 8)))).holds).toBe(true)
  expect((await rig.look(headIs('v1'))).holds).toBe(false)
  expect((await rig.look(headIs('v2'))).seen).toBe(`${next.slice(0, 7)}; the clone knows no v2`)
  git(clone, 'checkout', '--quiet', '--detach', 'v1')
  expect((await rig.look(headIs('v1'))).holds).toBe(true)
  expect((await rig.look(onBranch('main'))).seen).toBe('no branch: HEAD is detached')
})

test('the remote and its branches', async () => {
  const { rig, push } = await world()
  push({ 'app.txt': 'x' }, 'x', 'feature/main')
  expect(await rig.look(remoteAnswers())).toEqual({ holds: true, seen: '2 branches' })
  expect((await rig.look(remoteHasBranch('feature/main'))).holds).toBe(true)
  // git takes a name for the end of a longer one.
  expect((await rig.look(remoteHasBranch('feature'))).seen).toBe('it has feature/main, main')
  expect((await rig.look(remoteAnswers('nobody'))).seen).toMatch(
    /'nobody' does not appear to be a git repository/,
  )
})

test.runIf(process.getuid?.() === 0)('a clone of another user is told with its remedy', async () => {
  const { rig, clone } = await world()
  execFileSync('chown', ['-R', '65534:65534', clone])
  expect(await rig.look(isClone())).toMatchObject({
    holds: false,
    seen: `${clone} belongs to another user`,
    remedy: `work as its owner, or: git config --global --add safe.directory '${clone}'`,
  })
})

test("the operator's settings of git change nothing", async () => {
  const { rig: _, clone, home, write } = await world()
  writeFileSync(
    join(home, 'gitconfig'),
    '[color]\n\tui = always\n[status]\n\tshort = true\n\tshowUntrackedFiles = all\n[core]\n\tquotePath = true\n\tfsmonitor = true\n',
  )
  const rig = await stepRig({
    dir: clone,
    variables: { ...gitVariables, GIT_CONFIG_GLOBAL: join(home, 'gitconfig') },
  })
  ends.push(rig.dispose)
  write(clone, { untracked: '' })
  expect((await rig.look(workingTreeClean())).holds).toBe(true)
  write(clone, { 'app.txt': 'changed\n' })
  expect((await rig.look(workingTreeClean())).seen).toBe('1 changed file: app.txt')
})
