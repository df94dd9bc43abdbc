import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { makeScratch, removeScratch } from '../../runbook/doors/scratch.ts'

test('a folder for a while; what killed processes left a day ago goes, and nothing else', async () => {
  const shared = mkdtempSync(join(tmpdir(), 'runbook scratch '))
  vi.stubEnv('TMPDIR', shared)
  onTestFinished(() => {
    vi.unstubAllEnvs()
    rmSync(shared, { recursive: true, force: true })
  })
  const gone = Number(execFileSync('sh', ['-c', 'echo $$'], { encoding: 'utf8' }))
  const leave = (name: string, hours: number) => {
    mkdirSync(join(shared, name))
    writeFileSync(join(shared, name, 'objects'), '')
    const then = Date.now() / 1000 - hours * 3600
    utimesSync(join(shared, name), then, then)
    return name
  }
  const kept = [
    leave(`runbook-${process.pid}-abcdef`, 48),
    leave(`runbook-${gone}-abcdef`, 1),
    leave(`runbook-rehearsal-${gone}`, 48),
    leave(`runbook-${gone}-abcdefg`, 48),
  ]
  leave(`runbook-${gone}-zzzzzz`, 25)
  const made = await makeScratch()
  expect(readdirSync(made)).toEqual([])
  expect(readdirSync(shared).sort()).toEqual([...kept, made.slice(shared.length + 1)].sort())
  await removeScratch(made)
  expect(existsSync(made)).toBe(false)
})
