import { execFileSync } from 'node:child_process'
import { expect, test, vi } from 'vitest'
import { bookFolder, bookOf } from '../rig/command-line.ts'
import { endsAfterEach } from '../rig/ends.ts'

vi.setConfig({ testTimeout: 60_000 })

const ends = endsAfterEach()

test('code that was moved without a run is a change too: what follows from it is performed once more, and once', async () => {
  const book = await bookFolder(bookOf("does('restart', 'echo restart >> ran')"), { 'app/code': 'one' })
  ends.push(book.dispose)
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=ada', '-c', 'user.email=ada@example.org', ...args], {
      cwd: book.in('.'),
      stdio: 'pipe',
    })
  const deploy = async () => {
    const { exit, out } = await book.runbook(['deploy', 'staging', '--yes'])
    expect(exit, out).toBe(0)
    return out
  }
  git('init', '-q')
  git('add', 'code')
  git('commit', '-qm', 'one')
  expect(await deploy()).not.toContain('already done')
  expect(await deploy()).toContain('already done')
  git('commit', '-qm', 'two', '--allow-empty')
  const { out } = await book.runbook(['plan', 'staging'])
  expect(out).toMatch(
    /it would run, because the code was moved since \S+ performed it: HEAD is [0-9a-f]{7}: on .* commit: two, by ada/,
  )
  expect(await deploy()).not.toContain('already done')
  expect(await deploy()).toContain('already done')
})
