import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { diskHasRoom } from '../../checks/disk-has-room.ts'
import { stepRig } from '../rig/step-rig.ts'

let dir: string
let rig: Awaited<ReturnType<typeof stepRig>>
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'disk room '))
  rig = await stepRig({ dir })
})
afterAll(() => {
  rig.dispose()
  rmSync(dir, { recursive: true })
})

test('enough, and how much', async () => {
  expect(await rig.look(diskHasRoom({ path: dir, bytes: 1_000_000 }))).toEqual({
    holds: true,
    seen: expect.stringMatching(/^[\d.]+ [GTM]B free, 1\.0 MB needed, in /),
  })
})

test('not enough', async () => {
  const check = diskHasRoom({ path: dir, bytes: 1e18, for: 'a backup' })
  expect(check.fact).toBe(`the disk has room for a backup in ${dir}`)
  expect(await rig.look(check)).toMatchObject({
    holds: false,
    seen: expect.stringContaining('1000000 TB needed'),
  })
})

test('a folder that is not there yet: the nearest above it counts, relative ones too', async () => {
  for (const path of [`${dir}/a/b c/d`, 'not/yet', '/no such folder/at all', './x/', '.'])
    expect(await rig.look(diskHasRoom({ path, bytes: 1 })), path).toMatchObject({ holds: true })
})

test('path and size found by looking', async () => {
  const check = diskHasRoom({ path: ({ run }) => run.backups, bytes: async () => 5_000 })
  expect(await rig.look(check)).toMatchObject({ holds: true, seen: expect.stringContaining('5.0 kB needed') })
})
