import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { fileContains } from '../../checks/file-contains.ts'
import { fileLacks } from '../../checks/file-lacks.ts'
import { workingTreeClean } from '../../checks/working-tree-clean.ts'
import { defineStep, nothingToUndo, type Reverse } from '../../runbook/index.ts'
import { recordInChangelog } from '../../steps/record-in-changelog.ts'
import { endsAfterEach } from '../rig/ends.ts'
import { git } from '../rig/git-remote.ts'
import { stepRig } from '../rig/step-rig.ts'

const ends = endsAfterEach()
/** A clone in a folder of its own. */
const rigOf = async () => {
  const home = mkdtempSync(join(tmpdir(), 'runbook changelog '))
  ends.push(() => rmSync(home, { recursive: true, force: true }))
  const dir = join(home, 'app')
  mkdirSync(dir)
  git(dir, 'init', '--quiet')
  writeFileSync(join(dir, 'CHANGES.md'), '# Changes\n')
  git(dir, 'add', '.')
  git(dir, '-c', 'user.name=a', '-c', 'user.email=a@b.c', 'commit', '--quiet', '--message', 'one')
  const rig = await stepRig({ dir })
  ends.push(rig.dispose)
  return { rig, home, dir, changelog: join(home, 'DEPLOYED.md') }
}
const FROM = '3f2a1b0c4d5e6f708192a3b4c5d6e7f809182736'
const TO = '9c8d7e6f5a4b3c2d1e0f9a8b7c6d5e4f3a2b1c0d'
/** Tells of a revision, as pullCode does. */
const moves = defineStep({
  ...{ id: 'moves', title: 'Move', about: '', sort: 'verifies' as const },
  observe: async () => ({ from: FROM, to: TO }),
  revision: ({ observed }) => observed,
  after: () => [fileLacks('CHANGES.md', 'nothing')],
  undo: () => nothingToUndo('it is a test'),
})

test('appends one line with the time and the revision, whatever else is in the file, and leaves the clone clean', async () => {
  const { rig, changelog } = await rigOf()
  writeFileSync(changelog, '# Deployments\n\n| earlier | line |')
  const run = await rig.run([moves, recordInChangelog({ file: '../DEPLOYED.md' })])
  expect(run.failure).toBeUndefined()
  expect(run.summary).toBe('3f2a1b0 → 9c8d7e6')
  const lines = readFileSync(changelog, 'utf8').split('\n')
  expect(lines.slice(0, 3)).toEqual(['# Deployments', '', '| earlier | line |'])
  expect(lines[3]).toMatch(
    /^\| \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC \| rig \| 3f2a1b0 → 9c8d7e6 \| \d{8}T\d{6}Z \|$/,
  )
  expect(lines.slice(4)).toEqual([''])
  expect((await rig.look(workingTreeClean())).holds).toBe(true)
})

test('a file that is not there is made, and the same run writes its line once', async () => {
  const { rig, changelog } = await rigOf()
  const step = recordInChangelog({ file: '../DEPLOYED.md', entry: ({ stamp }) => `- ${stamp}` })
  const run = await rig.run([step, { ...step, id: 'again' }])
  expect(run.ended).toBe('skipped')
  expect(readFileSync(changelog, 'utf8')).toMatch(/^- \d{8}T\d{6}Z\n$/)
})

test('its way back removes its own line, also when others have written since, and nothing else', async () => {
  const { rig, changelog, home } = await rigOf()
  const odd = recordInChangelog({
    file: '../DEPLOYED.md',
    entry: ({ stamp }) => String.raw`* [x] a/b\c .$^ 100% & 'quoted' "twice" ${stamp}`,
  })
  writeFileSync(changelog, 'before\n')
  expect((await rig.run(odd)).ended).toBe('done')
  const line = readFileSync(changelog, 'utf8').split('\n')[1]!
  writeFileSync(changelog, `${readFileSync(changelog, 'utf8')}${line} and more\nafter\n`)
  const known = {
    observed: { revision: null, open: false },
    env: rig.env,
    run: { stamp: line.slice(-16), backups: '', copies: '' },
  }
  const { actions } = odd.undo(known) as Reverse
  const back = await rig.run(
    defineStep({
      ...{ id: 'back', title: 'Go back', about: '', sort: 'prepares' as const },
      actions: () => actions as never,
      after: () => [fileContains('../DEPLOYED.md', 'after')],
      undo: () => nothingToUndo('it is a test'),
    }),
  )
  expect(readFileSync(changelog, 'utf8')).toBe(`before\n${line} and more\nafter\n`)
  expect(back.performed).toHaveLength(2)
  // A line that tells no run from another would be taken for that of the next.
  const same = recordInChangelog({ file: '../DEPLOYED.md', entry: () => 'deployed' })
  expect((await rig.run(same)).failure).toMatchObject({ unmet: [{ seen: 'it would be: deployed' }] })
  expect(readdirSync(home).sort()).toEqual(['DEPLOYED.md', 'app'])
})

test('a file that git tracks is refused before anything is done; one beside it that is not tracked will do', async () => {
  const { rig, dir } = await rigOf()
  const planned = await rig.plan(recordInChangelog({ file: 'CHANGES.md' }))
  expect(planned.failures).toMatchObject([
    { unmet: [{ fact: 'git does not track CHANGES.md', remedy: expect.stringContaining('../CHANGES.md') }] },
  ])
  const refused = await rig.run(recordInChangelog({ file: 'CHANGES.md' }))
  expect(refused.performed).toEqual([])
  expect(readFileSync(join(dir, 'CHANGES.md'), 'utf8')).toBe('# Changes\n')
  expect((await rig.run(recordInChangelog({ file: 'DEPLOYED.md' }))).ended).toBe('done')
  expect((await rig.look(workingTreeClean())).holds).toBe(true)
})

test('a folder that is not there is said', async () => {
  const { rig } = await rigOf()
  const run = await rig.run(recordInChangelog({ file: '../nowhere/DEPLOYED.md' }))
  expect(run.failure).toMatchObject({ kind: 'command-failed', tail: expect.stringContaining('nowhere') })
})

test.each(['-f', '--help', "-n'x y"])('a file that is named %s is one, and no option', async (file) => {
  const { rig, dir } = await rigOf()
  writeFileSync(join(dir, file), 'before')
  const step = recordInChangelog({ file, entry: ({ stamp }) => `- ${stamp}` })
  const run = await rig.run(step)
  expect(run.failure).toBeUndefined()
  expect(readFileSync(join(dir, file), 'utf8')).toMatch(/^before\n- \d{8}T\d{6}Z\n$/)
  const { stamp } = /- (?<stamp>\S+)/.exec(readFileSync(join(dir, file), 'utf8'))!.groups as { stamp: string }
  const undo = step.undo({
    observed: run.observed as never,
    env: rig.env,
    run: { stamp, backups: '', copies: '' },
  }) as Reverse
  const { remove, tidy } = undo.actions as unknown as Record<string, { argv: [string, ...string[]] }>
  for (const { argv } of [remove!, tidy!]) execFileSync(argv[0], argv.slice(1), { cwd: dir })
  expect(readFileSync(join(dir, file), 'utf8')).toBe('before\n')
  expect(readdirSync(dir).filter((name) => name.endsWith('.before'))).toEqual([])
})
