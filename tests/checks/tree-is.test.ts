import { chmodSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { branchFree, noGitOperation, treeIs } from '../../checks/index.ts'
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

test('the tree is the revision: content, mode, kind, index and what only the other one had', async () => {
  const { rig, clone, push, first, write } = await world({ 'a b': '1\n', c: '1\n', 'ü/d': '1\n', e: '1\n' })
  const next = push({ 'a b': '2\n', c: '2\n', 'ü/d': null, 'new/f': '1\n', e: '2\n' })
  git(clone, 'fetch', '--quiet')
  const is = () => rig.look(treeIs(first, { from: next }))
  const before = snapshotOf(clone)
  expect(await is()).toEqual({ holds: true, seen: '4 files' })
  expect(snapshotOf(clone)).toEqual(before)

  // One file of the other revision each, tracked here or not.
  write(clone, { 'a b': '2\n' })
  expect((await is()).seen).toBe('1 file otherwise: a b')
  write(clone, { 'a b': '1\n', 'new/f': '1\n' })
  expect((await is()).seen).toBe('1 file otherwise: new/f')
  write(clone, { 'new/f': 'somebody has one of this name\n' })
  expect((await is()).holds).toBe(true)
  rmSync(join(clone, 'ü/d'))
  expect((await is()).seen).toBe('1 file otherwise: ü/d')
  write(clone, { 'ü/d': '1\n' })
  chmodSync(join(clone, 'c'), 0o755)
  expect((await is()).seen).toBe('1 file otherwise: c')
  chmodSync(join(clone, 'c'), 0o644)
  rmSync(join(clone, 'e'))
  symlinkSync('c', join(clone, 'e'))
  expect((await is()).seen).toBe('1 file otherwise: e')
  rmSync(join(clone, 'e'))
  write(clone, { e: '1\n' })

  // The index alone, and what git is told not to look at.
  git(clone, 'update-index', '--cacheinfo', `100644,${git(clone, 'rev-parse', `${next}:c`)},c`)
  expect((await is()).seen).toBe('1 file otherwise: c')
  git(clone, 'reset', '--quiet')
  git(clone, 'update-index', '--assume-unchanged', 'c')
  write(clone, { c: 'hidden\n' })
  expect(git(clone, 'status', '--porcelain', '--untracked-files=no')).toBe('')
  expect((await is()).seen).toBe('1 file otherwise: c')
  write(clone, { c: '1\n' })
  expect(await is()).toEqual({ holds: true, seen: '4 files; git is told not to look at c' })
  expect((await rig.look(treeIs(next, { from: first }))).seen).toBe(`HEAD is ${first.slice(0, 7)}`)
})

test('line ends and filters are those of git', async () => {
  const { rig, clone, push, first } = await world({
    '.gitattributes': '*.txt text eol=crlf\n',
    'a.txt': '1\n',
  })
  const next = push({ 'a.txt': '2\n' })
  git(clone, 'pull', '--quiet')
  expect((await rig.look(treeIs(next, { from: first }))).holds).toBe(true)
  writeFileSync(join(clone, 'a.txt'), '1\r\n')
  expect((await rig.look(treeIs(next, { from: first }))).seen).toBe('1 file otherwise: a.txt')
})

test('a merge or a rebase that stands still is named with what ends it', async () => {
  const { rig, clone, commit, push } = await world()
  expect(await rig.look(noGitOperation())).toEqual({ holds: true, seen: 'none' })
  push({ 'app.txt': 'theirs\n' })
  commit(clone, { 'app.txt': 'mine\n' }, 'Mine')
  git(clone, 'fetch', '--quiet')
  expect(() => git(clone, 'merge', 'origin/main')).toThrow()
  expect(await rig.look(noGitOperation())).toMatchObject({
    holds: false,
    seen: 'a merge',
    remedy: 'finish it, or: git merge --abort',
  })
  git(clone, 'merge', '--abort')
  expect(() => git(clone, 'rebase', 'origin/main')).toThrow()
  expect((await rig.look(noGitOperation())).seen).toContain('a rebase')
})

test('a branch that another working tree has is named with its folder', async () => {
  const { rig, clone, home } = await world()
  expect((await rig.look(branchFree('main'))).holds).toBe(true)
  git(clone, 'checkout', '--quiet', '-b', 'elsewhere')
  expect((await rig.look(branchFree('main'))).holds).toBe(true)
  const other = join(home, 'the other')
  git(clone, 'worktree', 'add', '--quiet', other, 'main')
  expect(await rig.look(branchFree('main'))).toEqual({
    holds: false,
    seen: other,
    remedy: `git -C '${other}' checkout --detach`,
  })
  rmSync(other, { recursive: true })
  expect((await rig.look(branchFree('main'))).remedy).toBe('git worktree prune')
})
