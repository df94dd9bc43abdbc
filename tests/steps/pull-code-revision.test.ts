import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { pullCode } from '../../steps/pull-code.ts'
import { endsAfterEach } from '../rig/ends.ts'
import { git, gitRemote, gitVariables, snapshotOf } from '../rig/git-remote.ts'
import { stepRig } from '../rig/step-rig.ts'

const ends = endsAfterEach()

const world = async () => {
  const repos = gitRemote({ 'app.txt': '1.0\n' })
  ends.push(repos.dispose)
  const rig = await stepRig({ dir: repos.clone, app: { branch: 'main' }, variables: gitVariables })
  ends.push(rig.dispose)
  const tag = (name: string, ...more: string[]) => {
    git(repos.desk, 'tag', ...more, name)
    git(repos.desk, 'push', '--quiet', 'origin', `refs/tags/${name}`)
  }
  return { ...repos, rig, tag, head: () => git(repos.clone, 'rev-parse', 'HEAD') }
}
const why = async ({ rig }: Awaited<ReturnType<typeof world>>, revision: string) => {
  const failure = await rig.needs(pullCode({ revision }))
  return (failure as { unmet?: { fact: string; seen: string; remedy: string }[] } | undefined)?.unmet ?? []
}

test('an annotated tag that the clone has never seen is checked out without a branch, and a later pull goes back to the branch', async () => {
  const w = await world()
  const one = w.push({ 'app.txt': '1.1\n' }, 'The release')
  w.tag('v1.1', '--annotate', '--message', 'The release')
  const two = w.push({ 'app.txt': '2.0\n' }, 'Too early')
  const run = await w.rig.run(pullCode({ revision: 'v1.1' }))
  expect(run.failure).toBeUndefined()
  expect(w.head()).toBe(one)
  expect(run.performed).toContain(
    `git -c core.hooksPath=/dev/null checkout --no-overwrite-ignore --detach ${one} --`,
  )
  expect(run.summary).toBe(`${w.first.slice(0, 7)} → ${one.slice(0, 7)}, the tag v1.1, 1 commit`)
  expect((await w.rig.run(pullCode({ revision: 'v1.1' }))).ended).toBe('skipped')
  expect((await w.rig.run(pullCode())).failure).toBeUndefined()
  expect([w.head(), git(w.clone, 'symbolic-ref', 'HEAD')]).toEqual([two, 'refs/heads/main'])
})

test('an older commit by a few of its digits: what is dropped is named before it is', async () => {
  const w = await world()
  w.push({ 'app.txt': 'bad\n' }, 'A mistake')
  expect((await w.rig.run(pullCode())).failure).toBeUndefined()
  const step = pullCode({ revision: w.first.slice(0, 8) })
  const { steps, failures } = await w.rig.plan(step)
  expect(failures).toEqual([])
  expect(steps[0]!.findings?.join('\n')).toMatch(
    /the commit .*without a branch\n1 commit that is there now .*\n {2}\w{7} A mistake/,
  )
  const run = await w.rig.run(step)
  expect(run.failure).toBeUndefined()
  expect(run.summary).toMatch(/1 commit back$/)
  expect(readFileSync(join(w.clone, 'app.txt'), 'utf8')).toBe('1.0\n')
})

test('a commit of a branch that was never fetched, whole or shortened, leaves the clone as it was in a plan', async () => {
  const w = await world()
  const id = w.push({ 'app.txt': 'hotfix\n' }, 'Hotfix', 'hotfix')
  w.push({ 'app.txt': 'hotfix 2\n' }, 'Hotfix 2', 'hotfix')
  for (const revision of [id, id.slice(0, 7), 'hotfix', 'refs/heads/hotfix']) {
    const before = snapshotOf(w.clone)
    expect(await why(w, revision), revision).toEqual([])
    expect((await w.rig.plan(pullCode({ revision }))).failures, revision).toEqual([])
    expect(snapshotOf(w.clone)).toEqual(before)
  }
  expect((await w.rig.run(pullCode({ revision: id.slice(0, 7) }))).failure).toBeUndefined()
  expect(w.head()).toBe(id)
})

test('a shallow clone gets a tag that lies before its beginning', async () => {
  const w = await world()
  w.tag('v1.0')
  w.push({ 'app.txt': '2.0\n' })
  w.push({ 'app.txt': '3.0\n' })
  const shallow = join(w.home, 'shallow')
  git(w.home, 'clone', '--quiet', '--depth=1', `file://${encodeURI(w.remote)}`, shallow)
  const rig = await stepRig({ dir: shallow, app: { branch: 'main' }, variables: gitVariables })
  ends.push(rig.dispose)
  expect(await rig.needs(pullCode({ revision: 'v1.0' }))).toBeUndefined()
  const run = await rig.run(pullCode({ revision: 'v1.0' }))
  expect(run.failure).toBeUndefined()
  expect(git(shallow, 'rev-parse', 'HEAD')).toBe(w.first)
})

test('what no remote has, or what means two things, is refused before anything, with what to type', async () => {
  const w = await world()
  w.tag('v1.0.0')
  expect(await why(w, 'v1.0.1')).toMatchObject([
    {
      seen: 'origin has no tag and no branch of this name, but v1.0.0',
      remedy: expect.stringContaining('did you mean v1.0.0?'),
    },
  ])
  const mine = w.commit(w.clone, { 'mine.txt': 'mine\n' }, 'Nobody has reviewed it')
  git(w.clone, 'tag', 'local-only')
  expect(await why(w, mine)).toMatchObject([
    { seen: 'the clone has the commit, and no branch or tag of origin does' },
  ])
  expect(await why(w, 'local-only')).toMatchObject([
    { seen: expect.stringContaining('no tag and no branch') },
  ])
  expect(await why(w, '0123456789abcdef0123456789abcdef01234567')).toMatchObject([
    { seen: expect.stringContaining('neither the clone nor a branch') },
  ])
  w.tag('both')
  w.push({ 'app.txt': 'both\n' }, 'Both', 'both')
  expect(await why(w, 'both')).toMatchObject([
    {
      seen: expect.stringContaining('a tag and a branch'),
      remedy: 'name the one that is meant: refs/tags/both or refs/heads/both',
    },
  ])
  expect(await why(w, 'refs/tags/both')).toEqual([])
  for (const revision of ['', '-x', 'HEAD', 'HEAD~1', 'a b', 'v1..v2', 'main@{1}', 'a\0b', 'x.lock'])
    expect(pullCode({ revision }).mistakes.length, revision).toBe(1)
})

test('a branch that another working tree has is in nobody’s way where a revision is deployed', async () => {
  const w = await world()
  w.tag('v1')
  const next = w.push({ 'app.txt': 'two\n' })
  git(w.clone, 'checkout', '--quiet', '--detach')
  git(w.clone, 'worktree', 'add', '--quiet', join(w.home, 'other tree'), 'main')
  expect((await why(w, next)).map(({ fact }) => fact)).toEqual([])
  expect((await w.rig.run(pullCode({ revision: next }))).failure).toBeUndefined()
  writeFileSync(join(w.clone, 'app.txt'), 'changed\n')
  expect((await why(w, 'v1')).map(({ fact }) => fact)).toEqual(['the working tree is clean'])
})
