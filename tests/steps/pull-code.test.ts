import { chmodSync, existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { pullCode } from '../../steps/pull-code.ts'
import { endsAfterEach } from '../rig/ends.ts'
import { git, gitRemote, gitVariables, snapshotOf } from '../rig/git-remote.ts'
import { stepRig } from '../rig/step-rig.ts'

const ends = endsAfterEach()

const world = async (...args: Parameters<typeof gitRemote>) => {
  const repos = gitRemote(...args)
  ends.push(repos.dispose)
  return { ...repos, ...(await rigAt(repos.clone, args[1]?.branch)) }
}
const rigAt = async (dir: string, branch = 'main') => {
  const rig = await stepRig({ dir, app: { branch }, variables: gitVariables })
  ends.push(rig.dispose)
  return { rig }
}
const head = (dir: string) => git(dir, 'rev-parse', 'HEAD')
const facts = (failure: unknown) =>
  ((failure as { unmet?: { fact: string; seen: string; remedy: string }[] })?.unmet ?? []).map(
    ({ fact, seen }) => `${fact}: ${seen}`,
  )

test('fast-forwards to the head of the remote branch, and tells what came', async () => {
  const { rig, push, clone, first } = await world()
  push({ 'app.txt': 'two\n', 'b/c.txt': 'new\n' }, 'Second')
  const to = push({ 'app.txt': 'three\n' }, 'Third')
  const run = await rig.run(pullCode())
  expect(run.failure).toBeUndefined()
  expect(run.ended).toBe('done')
  expect(head(clone)).toBe(to)
  expect(run.summary).toBe(`${first.slice(0, 7)} → ${to.slice(0, 7)}, 2 commits`)
  expect(run.output).toEqual({ from: first, to })
  expect(run.observed).toMatchObject({
    relation: 'behind',
    behind: 2,
    changedFiles: 2,
    checkedOut: 'main',
    commits: [
      { id: to.slice(0, 7), author: 'Ada Author', subject: 'Third' },
      { author: 'Ada Author', subject: 'Second' },
    ],
  })
  expect(run.performed).toEqual([
    'write .git/RUNBOOK_MOVE, 82 bytes',
    'git -c core.hooksPath=/dev/null fetch origin refs/heads/main',
    `git -c core.hooksPath=/dev/null merge --ff-only --no-overwrite-ignore ${to}`,
    'rm -f -- .git/RUNBOOK_MOVE',
  ])
  expect(existsSync(join(clone, '.git/RUNBOOK_MOVE'))).toBe(false)
})

test('is already done where nothing waits', async () => {
  const { rig, first } = await world()
  const run = await rig.run(pullCode())
  expect(run.ended).toBe('skipped')
  expect(run.observed).toMatchObject({ from: first, to: first, commits: [], relation: 'same' })
})

test.each([
  ['a full clone', ['clone', '--quiet']],
  ['a shallow clone', ['clone', '--quiet', '--depth=1']],
  ['a partial clone', ['clone', '--quiet', '--filter=blob:none']],
])('a plan leaves %s as it was, to the byte', async (_, args) => {
  const { home, remote, push } = await world()
  git(remote, 'config', 'uploadpack.allowFilter', 'true')
  const clone = join(home, 'another: clone "quoted"')
  git(home, ...args, `file://${encodeURI(remote)}`, clone)
  git(clone, 'config', 'fetch.prune', 'true')
  const hook = join(clone, '.git/hooks/reference-transaction')
  writeFileSync(hook, `#!/bin/sh\ntouch '${home}/a hook ran'\n`)
  chmodSync(hook, 0o755)
  const to = push({ 'app.txt': 'two\n', 'new.txt': 'new\n' }, 'Second')
  const { rig } = await rigAt(clone)
  const before = snapshotOf(clone)
  const { steps, failures } = await rig.plan(pullCode())
  expect(await rig.needs(pullCode())).toBeUndefined()
  expect(failures).toEqual([])
  expect(steps[0]).toMatchObject({ expects: 'to-do', observed: { to, behind: 1, changedFiles: 2 } })
  expect(snapshotOf(clone)).toEqual(before)
  expect(existsSync(join(home, 'a hook ran'))).toBe(false)
  const run = await rig.run(pullCode())
  expect(run.performed).toEqual(steps[0]!.actions.map(({ printed }) => printed))
  expect(head(clone)).toBe(to)
})

test('works in a linked worktree, and in a folder below the top of the clone', async () => {
  const { home, clone, push, rig: _, ...repos } = await world({ 'backend/app.txt': 'one\n' })
  git(repos.desk, 'push', '--quiet', 'origin', 'HEAD:refs/heads/linked')
  git(clone, 'worktree', 'add', '--quiet', '-b', 'linked', join(home, 'linked'))
  const to = push({ 'backend/app.txt': 'two\n', 'backend/more.txt': '' }, 'Second', 'linked')
  const { rig } = await rigAt(join(home, 'linked/backend'), 'linked')
  const before = [snapshotOf(clone), snapshotOf(join(home, 'linked'))]
  const { failures } = await rig.plan(pullCode())
  expect(failures).toEqual([])
  expect([snapshotOf(clone), snapshotOf(join(home, 'linked'))]).toEqual(before)
  expect((await rig.run(pullCode())).ended).toBe('done')
  expect(head(join(home, 'linked'))).toBe(to)
  expect(git(clone, 'rev-parse', 'main')).not.toBe(to)
})

test('refuses a working tree with changes, and changes nothing', async () => {
  const { rig, clone, write, push, first } = await world({ 'a.txt': '1\n', 'b.txt': '1\n' })
  push({ 'c.txt': 'new\n' })
  write(clone, { 'a.txt': 'changed\n', 'b.txt': null, 'untracked.txt': 'fine\n' })
  expect(facts(await rig.needs(pullCode()))).toEqual([
    'the working tree is clean: 2 changed files: a.txt, b.txt',
  ])
  const run = await rig.run(pullCode())
  expect(run.failure?.kind).toBe('before-unmet')
  expect(run.performed).toEqual([])
  expect(head(clone)).toBe(first)
})

test.each([
  ['not ignored', false],
  ['ignored', true],
])('refuses to overwrite an untracked file that is %s', async (_, ignored) => {
  const { rig, clone, write, push, first } = await world({ '.gitignore': ignored ? '.env\n' : '' })
  push({ '.gitignore': '', '.env': 'FROM=git\n', 'free.txt': '' })
  write(clone, { '.env': 'PRECIOUS=1\n', 'mine.txt': '' })
  const { failures } = await rig.plan(pullCode())
  expect(failures.flatMap(facts)).toEqual(['no untracked file is in the way: 1 file in the way: .env'])
  expect((await rig.run(pullCode())).ended).toBe('failed')
  expect(head(clone)).toBe(first)
  expect(readFileSync(join(clone, '.env'), 'utf8')).toBe('PRECIOUS=1\n')
})

test('refuses history that diverged, and names both sides', async () => {
  const { rig, clone, commit, push } = await world()
  const there = push({ 'app.txt': 'theirs\n' })
  push({ 'app.txt': 'theirs 2\n' })
  const here = commit(clone, { 'other.txt': 'mine\n' }, 'A fix made on the server')
  const { failures } = await rig.plan(pullCode())
  const [told] = failures.flatMap(facts)
  expect(told).toContain('main can be fast-forwarded to origin/main: main is at')
  expect(told).toContain(`${here.slice(0, 7)} with 1 commit that origin lacks`)
  expect(told).toMatch(/origin\/main is at \w{7} with 2 that main lacks/)
  expect(there).not.toBe(here)
  const run = await rig.run(pullCode())
  expect(run.ended).toBe('failed')
  expect(run.performed).toEqual([])
  expect(head(clone)).toBe(here)
})

test('refuses commits that nobody has pushed', async () => {
  const { rig, clone, commit } = await world()
  const here = commit(clone, { 'other.txt': 'mine\n' }, 'A fix made on the server')
  const { failures } = await rig.plan(pullCode())
  expect(failures.flatMap(facts)[0]).toContain(`${here.slice(0, 7)} with 1 commit that origin lacks`)
})

test('tells a remote that cannot be reached from a branch that does not exist', async () => {
  const { rig, clone, push, home } = await world({ 'a.txt': '' }, { branch: 'release/2025.10' })
  push({ 'a.txt': 'x' }, 'Other', 'development')
  const missing = await rig.needs(pullCode({ branch: 'relese/2025.10' }))
  expect(facts(missing)).toEqual([
    'the remote origin has the branch relese/2025.10: it has release/2025.10, development',
  ])
  git(clone, 'remote', 'set-url', 'origin', join(home, 'gone.git'))
  const gone = facts(await rig.needs(pullCode())).sort()
  expect(gone[0]).toMatch(/^the remote origin answers: .*gone\.git' does not appear to be a git repository/)
  expect(gone[1]).toBe(
    'the remote origin has the branch release/2025.10: unknown: the remote does not answer',
  )
  const { failures } = await rig.plan(pullCode())
  expect(facts(failures[0])[0]).toContain('the remote origin answers')
})

test('checks the branch out where another one is, also one with a slash that the clone has never seen', async () => {
  const { rig, clone, push } = await world()
  const to = push({ 'app.txt': 'two\n' }, 'On a branch', 'feature/avatars')
  const run = await rig.run(pullCode({ branch: 'feature/avatars' }))
  expect(run.failure).toBeUndefined()
  expect(run.performed[2]).toBe(
    `git -c core.hooksPath=/dev/null checkout --no-overwrite-ignore -b feature/avatars ${to} --`,
  )
  expect(git(clone, 'symbolic-ref', 'HEAD')).toBe('refs/heads/feature/avatars')
  // And back to one that it knows, which is also the name of a folder.
  const back = await rig.run(pullCode())
  expect(back.failure).toBeUndefined()
  expect(back.performed).toContain('git -c core.hooksPath=/dev/null checkout --no-overwrite-ignore main --')
})

test('goes on after a rollback left HEAD without a branch', async () => {
  const { rig, clone, push, first } = await world()
  push({ 'app.txt': 'two\n' })
  const step = pullCode()
  await rig.run(step)
  const known = {
    observed: (await rig.run(step)).observed as never,
    env: rig.env,
    run: { stamp: '', backups: '', copies: '' },
  }
  expect(step.undo(known)).toMatchObject({ kind: 'reverse', of: 'code' })
  git(clone, 'checkout', '--quiet', '--detach', first)
  const to = push({ 'app.txt': 'three\n' }, 'Third')
  const run = await rig.run(step)
  expect(run.failure).toBeUndefined()
  expect(run.observed).toMatchObject({ from: first, checkedOut: null, commitCount: 2 })
  expect(git(clone, 'symbolic-ref', '--short', 'HEAD')).toBe('main')
  expect(head(clone)).toBe(to)
})

test('a commit message cannot draw on the terminal', async () => {
  const { rig, push } = await world()
  push({ 'app.txt': '2\n' }, `\x1b[2J\x1b[31m"done" 'all'\x07\u202Eevil\n\nbody`)
  const { steps } = await rig.plan(pullCode())
  const { commits } = steps[0]!.observed as { commits: { subject: string }[] }
  expect(commits[0]!.subject).toBe(`·[2J·[31m"done" 'all'·evil`)
})

test('a remote that wants a password fails at once, and asks nobody', async () => {
  const { rig, clone } = await world()
  const server = createServer((_, response) => {
    response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  ends.push(() => server.close())
  git(
    clone,
    'remote',
    'set-url',
    'origin',
    `http://127.0.0.1:${(server.address() as AddressInfo).port}/app.git`,
  )
  const told = facts(await rig.needs(pullCode()))
  expect(told.join('\n')).toMatch(/the remote origin answers: .*could not read Username/)
})

test('a folder that is no clone, is missing, or has no commit is told as such', async () => {
  const { home } = await world()
  const plain = await rigAt(home)
  expect(facts(await plain.rig.needs(pullCode()))[0]).toMatch(/is a git clone: .*not a git repository/)
  const gone = await rigAt(join(home, 'gone'))
  expect(facts(await gone.rig.needs(pullCode())).join('\n')).toContain('there is no folder')
  git(home, 'init', '--quiet', 'empty')
  const empty = await rigAt(join(home, 'empty'))
  expect(facts(await empty.rig.needs(pullCode())).join('\n')).toContain('has no commit checked out')
})

test('moves initialised submodules along, and leaves them alone while planning', async () => {
  const library = gitRemote({ 'lib.txt': 'one\n' })
  ends.push(library.dispose)
  const { rig: _, home, desk, clone, push } = await world()
  const allow = ['-c', 'protocol.file.allow=always']
  git(desk, ...allow, 'submodule', '--quiet', 'add', library.remote, 'lib')
  push({}, 'With a library')
  git(clone, 'pull', '--quiet', '--ff-only', '--no-recurse-submodules')
  git(clone, ...allow, 'submodule', '--quiet', 'update', '--init')
  library.push({ 'lib.txt': 'two\n' })
  git(join(desk, 'lib'), ...allow, 'pull', '--quiet', 'origin', 'main')
  push({}, 'A newer library')
  writeFileSync(join(home, 'gitconfig'), '[protocol "file"]\n\tallow = always\n')
  const rig = await stepRig({
    dir: clone,
    app: { branch: 'main' },
    variables: { ...gitVariables, GIT_CONFIG_GLOBAL: join(home, 'gitconfig') },
  })
  ends.push(rig.dispose)
  const before = snapshotOf(clone)
  expect((await rig.plan(pullCode())).failures).toEqual([])
  expect(snapshotOf(clone)).toEqual(before)
  const run = await rig.run(pullCode())
  expect(run.failure).toBeUndefined()
  expect(readFileSync(join(clone, 'lib/lib.txt'), 'utf8')).toBe('two\n')
  expect(git(clone, 'status', '--porcelain')).toBe('')
})

test('options that git could take for something else are mistakes of the book', () => {
  expect(pullCode({ remote: '--upload-pack=touch x' }).mistakes).toHaveLength(1)
  expect(pullCode({ branch: '-f' }).mistakes[0]?.at).toBe('steps.pull-code.branch')
  expect(pullCode({ branch: 'feature/a-b_c.1' }).mistakes).toEqual([])
})

// Not among the cases: a link in the tree that leads out of it.
test('writes through no link that leads out of the clone', async () => {
  const { rig, clone, home, push, first } = await world()
  push({ 'linked/file.txt': 'x\n' })
  symlinkSync(home, join(clone, 'linked'))
  const run = await rig.run(pullCode())
  expect(run.failure).toMatchObject({ kind: 'command-failed', exit: 1 })
  expect((run.failure as { tail: string }).tail).toContain('would be overwritten by merge')
  expect(head(clone)).toBe(first)
  expect(existsSync(join(home, 'file.txt'))).toBe(false)
})
