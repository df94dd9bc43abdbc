import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { cacheFolder } from '../../runbook/doors/cache-folder.ts'

let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'runbook cache '))
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

test('is made for the operator alone, where XDG_CACHE_HOME says', () => {
  const folder = cacheFolder({ XDG_CACHE_HOME: join(home, 'own') })!
  expect(folder).toBe(join(home, 'own/runbook'))
  expect(statSync(folder).mode & 0o777).toBe(0o700)
  expect(cacheFolder({ XDG_CACHE_HOME: join(home, 'own') })).toBe(folder)
})

test('is none where others could write into it, and where it cannot be made', () => {
  const folder = cacheFolder({ XDG_CACHE_HOME: home })!
  chmodSync(folder, 0o770)
  expect(cacheFolder({ XDG_CACHE_HOME: home })).toBeUndefined()
  writeFileSync(join(home, 'file'), '')
  expect(cacheFolder({ XDG_CACHE_HOME: join(home, 'file') })).toBeUndefined()
})
