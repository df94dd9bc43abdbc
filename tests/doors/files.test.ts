import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  watch,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readText, writeText } from '../../runbook/doors/files.ts'
import { type Failure, failureOf } from '../../runbook/model/failure.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'runbook files '))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))
const path = (name: string) => join(folder, name)
const mode = (name: string) => (statSync(path(name)).mode & 0o7777).toString(8)
const failing = async (work: Promise<unknown>): Promise<Failure> =>
  work.then(
    () => Promise.reject(new Error('it did not fail')),
    (error) => failureOf(error),
  )

describe('reading', () => {
  test('gives the whole text, or what stands from a byte on, or so many from the end', async () => {
    writeFileSync(path('a'), 'höllo\nworld\n')
    expect(await readText(path('a'))).toBe('höllo\nworld\n')
    expect(await readText(path('a'), 7)).toBe('world\n')
    expect(await readText(path('a'), -3)).toBe('ld\n')
    expect(await readText(path('a'), -100)).toBe('höllo\nworld\n')
    expect(await readText(path('a'), 100)).toBe('')
  })

  test('of more than 16 MB is refused, because half of it would be taken for all', async () => {
    writeFileSync(path('a'), '')
    truncateSync(path('a'), 16 * 1024 * 1024 + 1)
    expect(await failing(readText(path('a')))).toMatchObject({ kind: 'file-failed', code: 'EFBIG' })
    expect((await readText(path('a'), 0)).length).toBe(16 * 1024 * 1024)
    expect((await readText(path('a'), -1)).length).toBe(1)
  })

  test.each([
    ['absent', 'ENOENT'],
    ['.', 'EISDIR'],
    ['file/below', 'ENOTDIR'],
  ])('%s fails with its path and %s', async (name, code) => {
    writeFileSync(path('file'), '')
    expect(await failing(readText(path(name)))).toMatchObject({ kind: 'file-failed', path: path(name), code })
  })
})

describe('writing', () => {
  test('replaces the whole file at once: no reader sees half of it, and nothing else stays', async () => {
    writeFileSync(path('a'), 'old')
    const seen = new Set<string>()
    const watcher = watch(folder, () => seen.add(readFileSync(path('a'), 'utf8')))
    const content = 'new '.repeat(100_000)
    for (let i = 0; i < 20; i++) {
      const writing = writeText(path('a'), content)
      seen.add(readFileSync(path('a'), 'utf8'))
      await writing
    }
    watcher.close()
    expect([...seen].every((text) => text === 'old' || text === content)).toBe(true)
    expect(readFileSync(path('a'), 'utf8')).toBe(content)
    expect(readdirSync(folder)).toEqual(['a'])
  })

  test.each([0o755, 0o600, 0o644, 0o4750, 0o400])('keeps the mode of the file (%o)', async (given) => {
    writeFileSync(path('a'), 'old')
    chmodSync(path('a'), given)
    await writeText(path('a'), 'new')
    expect([mode('a'), readFileSync(path('a'), 'utf8')]).toEqual([given.toString(8), 'new'])
  })

  test('gives a new file the mode that it is told, or its owner’s alone, whatever the umask', async () => {
    const umask = process.umask(0o027)
    try {
      await writeText(path('told'), '', 0o644)
      await writeText(path('untold'), '')
      await writeText(path('a/b/c'), '')
    } finally {
      process.umask(umask)
    }
    expect([mode('told'), mode('untold')]).toEqual(['644', '600'])
    expect(readFileSync(path('a/b/c'), 'utf8')).toBe('')
  })

  test('goes through a symbolic link, which stays one', async () => {
    mkdirSync(path('shared'))
    writeFileSync(path('shared/env'), 'old')
    symlinkSync('shared/env', path('env'))
    await writeText(path('env'), 'new')
    expect(lstatSync(path('env')).isSymbolicLink()).toBe(true)
    expect(readFileSync(path('shared/env'), 'utf8')).toBe('new')
    expect(readdirSync(path('shared'))).toEqual(['env'])
  })

  test.runIf(process.getuid?.() === 0)('keeps the owner, when root writes what is another’s', async () => {
    const { chownSync } = await import('node:fs')
    writeFileSync(path('a'), 'old')
    chownSync(path('a'), 65534, 65534)
    await writeText(path('a'), 'new')
    expect([statSync(path('a')).uid, statSync(path('a')).gid]).toEqual([65534, 65534])
  })

  test('that fails leaves the file as it was, and nothing beside it', async () => {
    mkdirSync(path('a'))
    writeFileSync(path('a/inside'), 'old')
    expect(await failing(writeText(path('a'), 'new'))).toMatchObject({ kind: 'file-failed', path: path('a') })
    expect(readdirSync(folder)).toEqual(['a'])
    expect(readFileSync(path('a/inside'), 'utf8')).toBe('old')
  })
})
