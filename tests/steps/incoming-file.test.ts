import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import {
  defineCheck,
  defineStep,
  holds,
  type Look,
  nothingToUndo,
  type Revision,
} from '../../runbook/index.ts'
import { incomingFile, incomingTextIfThere } from '../../steps/incoming-file.ts'
import { endsAfterEach } from '../rig/ends.ts'
import { git, gitRemote, gitVariables, snapshotOf } from '../rig/git-remote.ts'
import { stepRig } from '../rig/step-rig.ts'

const ends = endsAfterEach()

const rigAt = async (dir: string) => {
  const rig = await stepRig({ dir, variables: gitVariables })
  ends.push(rig.dispose)
  return rig
}
/** Reads in a plan whose first step moves the code. */
const reading = async (
  dir: string,
  revision: Revision | null,
  path: string,
  read: (at: Look, path: string) => Promise<unknown> = incomingFile,
) => {
  const rig = await rigAt(dir)
  let found: unknown
  const done = defineCheck({ fact: 'x', remedy: 'x', look: async () => holds('x') })
  const undo = () => nothingToUndo('a test')
  const move = defineStep({
    id: 'move',
    title: 'Move',
    about: 'x',
    after: () => [done],
    undo,
    ...(revision && { revision: () => revision }),
  })
  const look = defineStep({
    id: 'look',
    title: 'Look',
    about: 'x',
    observe: async (at: Look) => {
      found = await read(at, path)
      return null
    },
    after: () => [done],
    undo,
  })
  const { failures } = await rig.plan(move, look)
  return { found, failures }
}
const world = (...args: Parameters<typeof gitRemote>) => {
  const repos = gitRemote(...args)
  ends.push(repos.dispose)
  return repos
}

test('reads out of the revision that is to come, whole, and leaves the clone as it was', async () => {
  const { clone, first, push } = world({ 'db/a b.sql': 'old\n' })
  const text = 'ALTER TABLE a ADD b text;\r\n\n'
  const to = push({ 'db/a b.sql': text, 'db/without end.sql': 'SELECT 1' })
  const before = snapshotOf(clone)
  const { found } = await reading(clone, { from: first, to }, 'db/a b.sql')
  expect(found).toEqual({ text, from: 'incoming revision' })
  const below = await reading(join(clone, 'db'), { from: first, to }, './without end.sql')
  expect(below.found).toEqual({ text: 'SELECT 1', from: 'incoming revision' })
  const up = await reading(join(clone, 'db'), { from: first, to }, '../db/without end.sql')
  expect(up.found).toEqual({ text: 'SELECT 1', from: 'incoming revision' })
  expect(snapshotOf(clone)).toEqual(before)
})

test('reads the working tree without a revision, once the code is there, and for what git does not track', async () => {
  const { clone, home, first, push, write } = world()
  const to = push({ 'app.txt': 'two\n' })
  write(clone, { 'app.txt': 'mine\n', 'untracked.txt': 'u\n' })
  const tree = (text: string) => ({ text, from: 'working tree' })
  expect((await reading(clone, null, 'app.txt')).found).toEqual(tree('mine\n'))
  expect((await reading(clone, { from: first, to: first }, 'app.txt')).found).toEqual(tree('mine\n'))
  expect((await reading(clone, { from: first, to }, 'untracked.txt')).found).toEqual(tree('u\n'))
  writeFileSync(join(home, 'elsewhere.txt'), 'e\n')
  expect((await reading(clone, { from: first, to }, join(home, 'elsewhere.txt'))).found).toEqual(tree('e\n'))
})

test('follows a link inside of the revision', async () => {
  const { clone, desk, first, push } = world()
  symlinkSync('app.txt', join(desk, 'link.txt'))
  const to = push({ 'app.txt': 'two\n' })
  expect((await reading(clone, { from: first, to }, 'link.txt')).found).toMatchObject({ text: 'two\n' })
})

test('says where a file is missing', async () => {
  const { clone, first, push } = world({ 'app.txt': '1\n', 'gone.sql': 'x\n' })
  const to = push({ 'gone.sql': null })
  const seen = async (path: string) => {
    const { failures } = await reading(clone, { from: first, to }, path)
    return (failures[0] as { unmet: { seen: string }[] }).unmet[0]!.seen
  }
  expect(await seen('never.sql')).toBe(`neither in the revision ${to.slice(0, 7)} nor in ${clone}`)
  expect(await seen('gone.sql')).toBe(`the revision ${to.slice(0, 7)} no longer has it`)
  const quiet = await reading(clone, { from: first, to }, 'gone.sql', incomingTextIfThere)
  expect(quiet).toEqual({ found: undefined, failures: [] })
})

test('a commit that no remote has any more is told as such', async () => {
  const { clone, first } = world()
  const { failures } = await reading(clone, { from: first, to: 'e'.repeat(40) }, 'app.txt')
  expect(failures).toMatchObject([{ unmet: [{ fact: 'the commit eeeeeee can be had from origin' }] }])
})

test.skipIf(process.getuid?.() === 0)('a file that may not be read is not taken for missing', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'runbook '))
  ends.push(() => rmSync(dir, { recursive: true, force: true }))
  writeFileSync(join(dir, 'a.txt'), '')
  chmodSync(join(dir, 'a.txt'), 0)
  expect((await reading(dir, null, 'a.txt')).failures).toMatchObject([
    { kind: 'file-failed', code: 'EACCES' },
  ])
})

test('works with a remote of another name', async () => {
  const { clone, first, push } = world()
  git(clone, 'remote', 'rename', 'origin', 'upstream')
  const to = push({ 'app.txt': 'two\n' })
  expect((await reading(clone, { from: first, to }, 'app.txt')).found).toMatchObject({ text: 'two\n' })
})
