import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { treeIs } from '../../checks/tree-is.ts'
import { type Action, defineStep, nothingToUndo, type Reverse } from '../../runbook/index.ts'
import { pullCode } from '../../steps/pull-code.ts'
import { endsAfterEach } from '../rig/ends.ts'
import { git, gitRemote, gitVariables } from '../rig/git-remote.ts'
import { stepRig } from '../rig/step-rig.ts'

const ends = endsAfterEach()
const allow = ['-c', 'protocol.file.allow=always']

/** A clone whose application brings a library with the next commit. */
const world = async () => {
  const library = gitRemote({ 'lib.txt': 'one\n' })
  const app = gitRemote()
  ends.push(library.dispose, app.dispose)
  writeFileSync(join(app.home, 'gitconfig'), '[protocol "file"]\n\tallow = always\n')
  const rig = await stepRig({
    dir: app.clone,
    app: { branch: 'main' },
    variables: { ...gitVariables, GIT_CONFIG_GLOBAL: join(app.home, 'gitconfig') },
  })
  ends.push(rig.dispose)
  git(app.desk, ...allow, 'submodule', '--quiet', 'add', library.remote, 'vendor/lib')
  const withLibrary = app.push({}, 'With a library')
  const inLibrary = (path: string) => join(app.clone, 'vendor/lib', path)
  return { ...app, library, rig, withLibrary, inLibrary }
}
type World = Awaited<ReturnType<typeof world>>

const update = ({ library, desk, push }: World, content: string) => {
  library.push({ 'lib.txt': content })
  git(join(desk, 'vendor/lib'), ...allow, 'pull', '--quiet', 'origin', 'main')
  return push({}, `The library says ${content}`)
}

/** Performs the way back that a pull has frozen, and what it says of its end. */
const takeBack = async ({ rig }: World, observed: unknown) => {
  const undo = pullCode().undo({
    observed: observed as never,
    env: rig.env,
    run: { stamp: '', backups: '', copies: '' },
  }) as Reverse
  const [first, ...rest] = undo.after
  return rig.run(
    defineStep({
      id: 'undo',
      title: 'Take it back',
      about: 'As a rollback does.',
      sort: 'state',
      actions: () => undo.actions as Record<string, Action<'changes'>>,
      after: () => [first!, ...rest],
      undo: () => nothingToUndo('it is a test'),
    }),
  )
}

test('a submodule that comes with the revision is there, goes with it, and comes again', async () => {
  const w = await world()
  const run = await w.rig.run(pullCode())
  expect(run.failure).toBeUndefined()
  expect(readFileSync(w.inLibrary('lib.txt'), 'utf8')).toBe('one\n')
  const back = await takeBack(w, run.observed)
  expect(back.failure).toBeUndefined()
  expect(existsSync(join(w.clone, 'vendor'))).toBe(false)
  expect(git(w.clone, 'status', '--porcelain')).toBe('')
  expect((await w.rig.run(pullCode())).failure).toBeUndefined()
  expect(readFileSync(w.inLibrary('lib.txt'), 'utf8')).toBe('one\n')
})

test('one with changes of somebody is left where it is, and is in nobody’s way', async () => {
  const w = await world()
  const run = await w.rig.run(pullCode())
  writeFileSync(w.inLibrary('lib.txt'), 'mine\n')
  expect((await takeBack(w, run.observed)).failure).toBeUndefined()
  expect(readFileSync(w.inLibrary('lib.txt'), 'utf8')).toBe('mine\n')
})

test('a submodule whose address has changed is fetched from there; an own address of the clone stays otherwise', async () => {
  const w = await world()
  expect((await w.rig.run(pullCode())).failure).toBeUndefined()
  const own = join(w.home, 'a mirror.git')
  cpSync(w.library.remote, own, { recursive: true })
  git(w.clone, 'config', 'submodule.vendor/lib.url', own)
  const moved = join(w.home, 'moved.git')
  cpSync(w.library.remote, moved, { recursive: true })
  w.push({ 'app.txt': 'two\n' })
  expect((await w.rig.run(pullCode())).failure).toBeUndefined()
  expect(git(w.clone, 'config', 'submodule.vendor/lib.url')).toBe(own)

  git(w.desk, 'config', '-f', '.gitmodules', 'submodule.vendor/lib.url', moved)
  git(w.library.desk, 'remote', 'set-url', 'origin', moved)
  git(join(w.desk, 'vendor/lib'), 'remote', 'set-url', 'origin', moved)
  const to = update(w, 'two\n')
  const run = await w.rig.run(pullCode())
  expect(run.failure).toBeUndefined()
  expect(git(w.clone, 'rev-parse', 'HEAD')).toBe(to)
  expect(readFileSync(w.inLibrary('lib.txt'), 'utf8')).toBe('two\n')
  expect((await takeBack(w, run.observed)).failure).toBeUndefined()
  expect(readFileSync(w.inLibrary('lib.txt'), 'utf8')).toBe('one\n')
})

test('a submodule at another commit is not done, and what its own checkout has left is put back', async () => {
  const w = await world()
  expect((await w.rig.run(pullCode())).failure).toBeUndefined()
  const from = git(w.clone, 'rev-parse', 'HEAD')
  const to = update(w, 'two\n')
  // As a kill between two files leaves it: the code is there, the submodule half.
  git(w.clone, 'fetch', '--quiet')
  git(w.clone, 'merge', '--quiet', '--ff-only', to)
  git(w.clone, ...allow, '-C', 'vendor/lib', 'fetch', '--quiet', 'origin')
  writeFileSync(w.inLibrary('lib.txt'), 'two\n')
  writeFileSync(join(w.clone, '.git/modules/vendor/lib/index.lock'), '')
  w.write(w.clone, { '.git/RUNBOOK_MOVE': `${from}\n${to}\n` })
  const run = await w.rig.run(pullCode())
  expect(run.failure).toBeUndefined()
  expect(git(w.clone, 'status', '--porcelain', '--ignore-submodules=none')).toBe('')
  expect(existsSync(join(w.clone, '.git/modules/vendor/lib/index.lock'))).toBe(false)
  expect(run.performed.join('\n')).toMatch(
    /lib' && git -c core.hooksPath=\/dev\/null --literal-pathspecs checkout .*<<< lib\.txt/,
  )
})

test('the plan says nothing of what is not needed', async () => {
  const w = await world()
  const { steps } = await w.rig.plan(pullCode())
  const names = steps[0]!.actions.map(({ name }) => name)
  expect(names).toEqual(['mark', 'fetch', 'advance', 'submodules', 'unmark'])
})

const unmetOf = async ({ rig }: World, step = pullCode()) =>
  ((await rig.needs(step)) as { unmet?: { fact: string; seen: string; remedy: string }[] } | undefined)
    ?.unmet ?? []

test('a submodule in a submodule, with an address that is relative to its parent’s, comes, is proven, and goes', async () => {
  const w = await world()
  const inner = gitRemote({ 'inner.txt': 'one\n' })
  ends.push(inner.dispose)
  // Beside the library, as two repositories of one server are.
  cpSync(inner.remote, join(w.library.home, 'inner.git'), { recursive: true })
  const { desk } = w.library
  git(desk, 'config', '-f', '.gitmodules', 'submodule.deep.path', 'deps/deep')
  git(desk, 'config', '-f', '.gitmodules', 'submodule.deep.url', '../inner.git')
  git(desk, ...allow, 'clone', '--quiet', inner.remote, 'deps/deep')
  w.library.push({}, 'With an inner one')
  git(join(w.desk, 'vendor/lib'), ...allow, 'pull', '--quiet', 'origin', 'main')
  w.push({}, 'The library has an inner one')
  expect(await unmetOf(w)).toEqual([])
  const run = await w.rig.run(pullCode())
  expect(run.failure).toBeUndefined()
  expect(readFileSync(w.inLibrary('deps/deep/inner.txt'), 'utf8')).toBe('one\n')
  // At another commit, and not there at all: both are seen, at any depth.
  writeFileSync(w.inLibrary('deps/deep/inner.txt'), 'two\n')
  git(w.inLibrary('deps/deep'), 'commit', '--quiet', '--all', '--message', 'Mine')
  const deep = treeIs(git(w.clone, 'rev-parse', 'HEAD'))
  expect(await w.rig.look(deep)).toMatchObject({ holds: false })
  git(w.inLibrary('deps/deep'), 'reset', '--quiet', '--hard', 'HEAD~1')
  expect(await w.rig.look(deep)).toMatchObject({ holds: true })
  git(join(w.clone, 'vendor/lib'), 'submodule', '--quiet', 'deinit', '--force', 'deps/deep')
  expect(await w.rig.look(deep)).toMatchObject({
    holds: false,
    seen: '1 submodule otherwise: vendor/lib/deps/deep',
  })
  expect((await w.rig.run(pullCode())).failure).toBeUndefined()
  expect(readFileSync(w.inLibrary('deps/deep/inner.txt'), 'utf8')).toBe('one\n')
  expect((await takeBack(w, run.observed)).failure).toBeUndefined()
  expect(existsSync(join(w.clone, 'vendor'))).toBe(false)
})

test('one that is moved in the tree leaves nothing where it was, and is back there afterwards', async () => {
  const w = await world()
  expect((await w.rig.run(pullCode())).failure).toBeUndefined()
  w.write(w.desk, { 'third/.keep': '' })
  git(w.desk, 'mv', 'vendor/lib', 'third/lib')
  w.push({}, 'The library is elsewhere')
  const run = await w.rig.run(pullCode())
  expect(run.failure).toBeUndefined()
  expect(readFileSync(join(w.clone, 'third/lib/lib.txt'), 'utf8')).toBe('one\n')
  expect(existsSync(join(w.clone, 'vendor/lib'))).toBe(false)
  expect((await takeBack(w, run.observed)).failure).toBeUndefined()
  expect(readFileSync(w.inLibrary('lib.txt'), 'utf8')).toBe('one\n')
  expect(existsSync(join(w.clone, 'third/lib/lib.txt'))).toBe(false)
  expect((await w.rig.run(pullCode())).failure).toBeUndefined()
  expect(readFileSync(join(w.clone, 'third/lib/lib.txt'), 'utf8')).toBe('one\n')
})

test('one that a revision drops is removed, and left where something in it is no commit’s; either is said', async () => {
  const w = await world()
  expect((await w.rig.run(pullCode())).failure).toBeUndefined()
  git(w.desk, 'rm', '--quiet', '--force', 'vendor/lib')
  w.push({}, 'Without the library')
  writeFileSync(w.inLibrary('uploaded.txt'), 'theirs\n')
  const { steps } = await w.rig.plan(pullCode())
  expect(steps[0]!.findings).toContain(
    'the submodule vendor/lib does not come any more; its folder stays, with files that no commit has',
  )
  expect((await w.rig.run(pullCode())).failure).toBeUndefined()
  expect(readFileSync(w.inLibrary('uploaded.txt'), 'utf8')).toBe('theirs\n')
})

test('one that was never initialised is no deployed revision, although HEAD is right', async () => {
  const w = await world()
  git(w.clone, 'pull', '--quiet', '--ff-only')
  expect(existsSync(w.inLibrary('lib.txt'))).toBe(false)
  const run = await w.rig.run(pullCode())
  expect(run).toMatchObject({ ended: 'done' })
  expect(readFileSync(w.inLibrary('lib.txt'), 'utf8')).toBe('one\n')
  // On purpose it may be left out.
  git(w.clone, 'submodule', '--quiet', 'deinit', 'vendor/lib')
  git(w.clone, 'config', 'submodule.vendor/lib.active', 'false')
  expect((await w.rig.run(pullCode())).ended).toBe('skipped')
})

test('a commit of a submodule that nobody has pushed, and one without an address, are seen before anything', async () => {
  const w = await world()
  expect((await w.rig.run(pullCode())).failure).toBeUndefined()
  const head = git(w.clone, 'rev-parse', 'HEAD')
  const only = w.library.commit(join(w.desk, 'vendor/lib'), { 'lib.txt': 'only here\n' }, 'Not pushed')
  w.push({}, 'Names what nobody has')
  const [unmet] = await unmetOf(w)
  expect(unmet?.seen).toContain(
    `the commit ${only.slice(0, 7)} of the submodule vendor/lib cannot be had from`,
  )
  expect(unmet?.remedy).toContain('git -C vendor/lib push')
  git(join(w.desk, 'vendor/lib'), 'push', '--quiet', 'origin', 'HEAD:refs/heads/elsewhere')
  expect(await unmetOf(w)).toEqual([])

  git(w.desk, 'update-index', '--add', '--cacheinfo', `160000,${only},vendor/stray`)
  git(w.desk, 'commit', '--quiet', '--message', 'A link without an address')
  git(w.desk, 'push', '--quiet', 'origin', 'HEAD:refs/heads/main')
  expect((await unmetOf(w))[0]?.seen).toBe('the submodule vendor/stray has no address in .gitmodules')
  expect(git(w.clone, 'rev-parse', 'HEAD')).toBe(head)
})

test('an address that this host may not, or cannot, fetch from is seen before anything', async () => {
  const w = await world()
  writeFileSync(join(w.home, 'gitconfig'), '')
  expect((await unmetOf(w))[0]?.seen).toContain("transport 'file' not allowed")
  writeFileSync(join(w.home, 'gitconfig'), '[protocol "file"]\n\tallow = always\n')
  git(w.desk, 'config', '-f', '.gitmodules', 'submodule.vendor/lib.url', join(w.home, 'gone.git'))
  w.push({}, 'An address that is gone')
  expect((await unmetOf(w))[0]?.seen).toContain('cannot be had from')
})
