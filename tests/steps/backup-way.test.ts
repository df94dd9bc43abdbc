import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { wayIsChosen } from '../../steps/backup/way.ts'
import { stepRig } from '../rig/step-rig.ts'

/** What pg_dump prints when it is asked for several jobs for one file, as seen of 17.2: with zstd, and built without. */
const KNOWS = 'pg_dump: error: parallel backup only supported by the directory format'
const KNOWS_NOT =
  'pg_dump: error: invalid compression specification: this build does not support compression with ZSTD'

const chosen = async (
  prefer: 'size' | 'speed',
  {
    version,
    cores = 4,
    says = KNOWS,
    programs = [],
  }: { version: string; cores?: number; says?: string; programs?: string[] },
): Promise<string> => {
  const folder = mkdtempSync(join(tmpdir(), 'runbook way '))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const program = (name: string, script: string) =>
    writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
  program('getconf', `echo ${cores}`)
  program(
    'pg_dump',
    `case "$*" in --version) echo 'pg_dump (PostgreSQL) ${version}';; *) echo '${says}' >&2; exit 1;; esac`,
  )
  for (const name of programs)
    symlinkSync(execFileSync('which', [name], { encoding: 'utf8' }).trim(), join(folder, name))
  const rig = await stepRig({ dir: '/', variables: { PATH: folder } })
  onTestFinished(rig.dispose)
  const verdict = await rig.look(wayIsChosen(prefer))
  expect(verdict.holds).toBe(true)
  return verdict.seen
}

test('pg_dump 16 and later compresses by itself, as many tables at once as there are cores', async () => {
  expect(await chosen('size', { version: '17.2', programs: ['zstd'] })).toBe(
    'a folder, 4 tables at once, compressed with zstd by pg_dump itself',
  )
  expect(await chosen('size', { version: '16.0', cores: 1 })).toBe(
    'one file, compressed with zstd by pg_dump itself',
  )
  expect(await chosen('speed', { version: '17.2' })).toContain('a folder, not compressed, 4 tables at once')
})

test('one that was built without zstd, or is older, goes through a program', async () => {
  expect(await chosen('size', { version: '17.2', says: KNOWS_NOT, programs: ['zstd', 'lz4'] })).toBe(
    'one file through zstd, which is there',
  )
  expect(await chosen('size', { version: '15.18 (Debian 15.18-0+deb12u1)', programs: ['lz4'] })).toBe(
    'one file through lz4, which is there',
  )
  expect(await chosen('size', { version: '17.2', says: KNOWS_NOT })).toContain(
    'one file, compressed by pg_dump itself: with the program zstd',
  )
})
