import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const program = fileURLToPath(new URL('../fixtures/programs/busy.ts', import.meta.url))

test('a thread that is busy without end is said to be, and is stopped where it stands', async () => {
  const ran = promisify(execFile)(process.execPath, ['--import', 'tsx', program])
  const { code, stdout, stderr } = await ran.catch((failed) => failed)
  expect(code).toBe(7)
  expect(stderr).toContain('it is busy')
  expect(stdout).toMatch(/^stopped at .*busy\.ts:\d+\n$/)
})
