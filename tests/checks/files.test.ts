import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { fileContains, fileExists, fileLacks, folderExists } from '../../checks/index.ts'
import { endsAfterEach } from '../rig/ends.ts'
import { stepRig } from '../rig/step-rig.ts'

const ends = endsAfterEach()
const world = async (content = '') => {
  const dir = mkdtempSync(join(tmpdir(), 'runbook files '))
  ends.push(() => rmSync(dir, { recursive: true, force: true }))
  writeFileSync(join(dir, 'a file.ts'), content)
  const rig = await stepRig({ dir })
  ends.push(rig.dispose)
  return { dir, rig }
}

test('a line in a file, with its number', async () => {
  const { rig } = await world("// first\r\nimport prisma from 'x'\r\nimport a\r\nimport b")
  const file = 'a file.ts'
  expect(await rig.look(fileContains(file, 'import prisma'))).toEqual({
    holds: true,
    seen: "2: import prisma from 'x'",
  })
  expect((await rig.look(fileContains(file, /^import \w$/g))).seen).toBe('3: import a; 4: import b')
  expect((await rig.look(fileContains(file, /^import/, { count: 3 }))).holds).toBe(true)
  expect(await rig.look(fileContains(file, /^import/, { count: 2 }))).toMatchObject({
    holds: false,
    seen: "3 lines: 2: import prisma from 'x'; 3: import a; 4: import b",
  })
  expect((await rig.look(fileContains(file, "import { prisma } from 'x'"))).seen).toBe(
    "none of 4 lines; the nearest is 2: import prisma from 'x'",
  )
  expect(await rig.look(fileContains(file, 'zzz', { count: 0 }))).toMatchObject({ holds: true })
  expect(fileContains(file, 'a', { count: 2 }).fact).toBe('a file.ts contains ‘a’ on 2 lines')
})

test('no line in a file; a file that is missing lacks nothing', async () => {
  const { rig } = await world('a\nb\n')
  expect(await rig.look(fileLacks('a file.ts', 'c'))).toEqual({ holds: true, seen: 'none of 2 lines' })
  expect(await rig.look(fileLacks('a file.ts', /^b/))).toMatchObject({ holds: false, seen: '2: b' })
  expect((await rig.look(fileLacks('none.ts', 'c'))).holds).toBe(false)
})

test('evidence from a file cannot draw on the terminal', async () => {
  const { rig } = await world(`\x1b[31mred\u202E ${'x'.repeat(500)}`)
  const { seen } = await rig.look(fileContains('a file.ts', 'red'))
  expect(seen).toMatch(/^1: ·\[31mred· x+…$/)
  expect(seen.length).toBeLessThan(130)
})

test('files and folders', async () => {
  const { rig, dir } = await world('12345')
  mkdirSync(join(dir, '-a folder'))
  chmodSync(join(dir, '-a folder'), 0o750)
  symlinkSync('a file.ts', join(dir, 'link'))
  symlinkSync('nowhere', join(dir, 'dangling'))
  expect(await rig.look(fileExists('a file.ts'))).toEqual({ holds: true, seen: '5 bytes' })
  expect(await rig.look(fileExists('link'))).toEqual({ holds: true, seen: '5 bytes' })
  expect(await rig.look(fileExists('-a folder'))).toMatchObject({ holds: false, seen: 'it is a folder' })
  expect(await rig.look(fileExists('dangling'))).toMatchObject({ seen: 'there is nothing of this name' })
  expect(await rig.look(fileExists('a file.ts/below'))).toMatchObject({
    seen: 'there is nothing of this name',
  })
  expect(await rig.look(folderExists('-a folder'))).toEqual({ holds: true, seen: 'drwxr-x---' })
  expect(await rig.look(folderExists(join(dir, '-a folder')))).toMatchObject({ holds: true })
  expect(await rig.look(folderExists('a file.ts'))).toMatchObject({ holds: false, seen: 'it is a file' })
  expect(await rig.look(folderExists('gone'))).toMatchObject({ holds: false })
})
