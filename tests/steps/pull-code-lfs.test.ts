import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type Action, defineStep, nothingToUndo, type Reverse } from '../../runbook/index.ts'
import { pullCode } from '../../steps/pull-code.ts'
import { endsAfterEach } from '../rig/ends.ts'
import { git, gitRemote, gitVariables } from '../rig/git-remote.ts'
import { stepRig } from '../rig/step-rig.ts'

const ends = endsAfterEach()
const isHere = spawnSync('git', ['lfs', 'version']).status === 0

const ATTRIBUTES = '*.bin filter=lfs diff=lfs merge=lfs -text\n'
const pointer = (digit: string) =>
  `version https://git-lfs.github.com/spec/v1\noid sha256:${digit.repeat(64)}\nsize 12345\n`

const world = async () => {
  const app = gitRemote()
  ends.push(app.dispose)
  const variables = { ...gitVariables, GIT_CONFIG_GLOBAL: join(app.home, 'gitconfig') }
  writeFileSync(variables.GIT_CONFIG_GLOBAL, '')
  git(app.clone, 'remote', 'set-url', 'origin', `file://${encodeURI(app.remote)}`)
  const rig = await stepRig({ dir: app.clone, app: { branch: 'main' }, variables })
  ends.push(rig.dispose)
  const seen = async () =>
    ((await rig.needs(pullCode())) as { unmet?: { seen: string; remedy: string }[] } | undefined)?.unmet ?? []
  return { ...app, rig, seen, variables, file: (path: string) => join(app.clone, path) }
}

test.skipIf(isHere)(
  'files in Git LFS are refused where git-lfs is missing, whatever names them',
  async () => {
    const w = await world()
    // Attributes alone bring nothing.
    w.push({ '.gitattributes': ATTRIBUTES, 'small.bin': 'committed as it is\n' })
    expect(await w.seen()).toEqual([])
    w.push({
      '.gitattributes': `${ATTRIBUTES}[attr]big filter=lfs -text\n`,
      'assets/.gitattributes': '/models/** big\n',
      'assets/models/one.onnx': pointer('7'),
    })
    expect(await w.seen()).toMatchObject([
      {
        seen: expect.stringMatching(
          /^1 file in Git LFS \(assets\/models\/one\.onnx\), and git-lfs is not installed/,
        ),
        remedy: expect.stringContaining('lfs install --local'),
      },
    ])
    // What is no longer in it is in nobody's way.
    w.push({ 'assets/models/one.onnx': null })
    expect(await w.seen()).toEqual([])
  },
)

test.skipIf(isHere)('those of a submodule count as well', async () => {
  const w = await world()
  const library = gitRemote({ '.gitattributes': ATTRIBUTES, 'weights.bin': pointer('8') })
  ends.push(library.dispose)
  writeFileSync(w.variables.GIT_CONFIG_GLOBAL, '[protocol "file"]\n\tallow = always\n')
  git(w.desk, '-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', library.remote, 'vendor/lib')
  w.push({}, 'With a library')
  expect((await w.seen())[0]?.seen).toMatch(/^1 file in Git LFS \(vendor\/lib\/weights\.bin\)/)
})

/** Someone pushes contents. */
const contents = (
  w: Awaited<ReturnType<typeof world>>,
  files: Record<string, string>,
  message = 'Contents',
) => {
  const run = (...args: string[]) =>
    execFileSync('git', args, { cwd: w.desk, env: { ...process.env, ...w.variables }, stdio: 'pipe' })
  git(w.desk, 'remote', 'set-url', 'origin', `file://${encodeURI(w.remote)}`)
  run('lfs', 'install', '--local')
  w.write(w.desk, { '.gitattributes': ATTRIBUTES, ...files })
  run('add', '--all')
  run('commit', '--quiet', '--message', message)
  run('push', '--quiet', 'origin', 'HEAD:refs/heads/main')
}

test.runIf(isHere)('where git-lfs is there and git does not use it, what to type is said', async () => {
  const w = await world()
  contents(w, { 'model.bin': 'one\n' })
  expect(await w.seen()).toMatchObject([
    {
      seen: expect.stringContaining('git is not set to use it'),
      remedy: `git -C '${w.clone}' lfs install --local`,
    },
  ])
})

test.runIf(isHere).each([
  ['as it is', ['--local']],
  ['where git is set to leave pointers', ['--local', '--skip-smudge']],
])('contents come and are proven, and go back, %s', async (_, how) => {
  const w = await world()
  git(w.clone, 'lfs', 'install', ...how)
  contents(w, { 'model.bin': 'one\n' })
  expect(await w.seen()).toEqual([])
  const first = await w.rig.run(pullCode())
  expect(first.failure).toBeUndefined()
  expect(readFileSync(w.file('model.bin'), 'utf8')).toBe('one\n')
  contents(w, { 'model.bin': 'two\n', 'other.bin': 'other\n' }, 'More')
  const second = await w.rig.run(pullCode())
  expect(second.failure).toBeUndefined()
  expect(readFileSync(w.file('model.bin'), 'utf8')).toBe('two\n')
  expect(second.events).toContainEqual(
    expect.objectContaining({
      fact: 'each file in Git LFS has its content',
      seen: expect.stringMatching(/^2 files, 2 of them read/),
    }),
  )
  expect((await w.rig.run(pullCode())).ended).toBe('skipped')
  // A pointer where a content should be is not done.
  rmSync(w.file('other.bin'))
  const skipping = { ...process.env, ...w.variables, GIT_LFS_SKIP_SMUDGE: '1' }
  execFileSync('git', ['checkout', '--quiet', 'other.bin'], { cwd: w.clone, env: skipping })
  expect(readFileSync(w.file('other.bin'), 'utf8')).toContain('git-lfs.github.com')
  const again = await w.rig.run(pullCode())
  expect(again.failure).toBeUndefined()
  expect(again.ended).toBe('done')
  expect(readFileSync(w.file('other.bin'), 'utf8')).toBe('other\n')

  const undo = pullCode().undo({
    observed: second.observed as never,
    env: w.rig.env,
    run: { stamp: '', backups: '', copies: '' },
  }) as Reverse
  const back = await w.rig.run(
    defineStep({
      id: 'undo',
      title: 'Take it back',
      about: 'As a rollback does.',
      sort: 'state',
      actions: () => undo.actions as Record<string, Action<'changes'>>,
      after: () => undo.after as never,
      undo: () => nothingToUndo('it is a test'),
    }),
  )
  expect(back.failure).toBeUndefined()
  expect(readFileSync(w.file('model.bin'), 'utf8')).toBe('one\n')
})

test.runIf(isHere)('a content that the server lacks stops it before a file is moved', async () => {
  const w = await world()
  git(w.clone, 'lfs', 'install', '--local')
  contents(w, { 'model.bin': 'one\n' })
  rmSync(join(w.remote, 'lfs'), { recursive: true })
  const run = await w.rig.run(pullCode())
  expect(run.failure).toMatchObject({ kind: 'command-failed', printed: expect.stringContaining('lfs fetch') })
  expect(git(w.clone, 'rev-parse', 'HEAD')).toBe(w.first)
  expect(git(w.clone, 'status', '--porcelain')).toBe('')
})
