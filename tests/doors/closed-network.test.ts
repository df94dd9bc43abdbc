import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, expect, inject, test, vi } from 'vitest'
import { ClosedNetwork } from '../../runbook/doors/closed-network.ts'
import { parseDatabaseUrl } from '../../runbook/doors/database-url.ts'
import { until } from '../rig/command-line.ts'

// The network itself: what is in it, and that nothing of it stays.

// Other files of the tests, which run beside this one, have such folders too.
const own = mkdtempSync(join(tmpdir(), 'closed-'))
vi.stubEnv('TMPDIR', own)
afterAll(() => {
  vi.unstubAllEnvs()
  rmSync(own, { recursive: true })
})
const folders = () => readdirSync(tmpdir()).filter((name) => name.startsWith('runbook-closed-'))
afterEach(() => expect(folders()).toEqual([]))

const options = () => {
  const live = parseDatabaseUrl(inject('adminUrl')) as { database: string }
  return { live, copy: live, asUser: false, appDir: '/nowhere', admit: async () => {} }
}
const inside = async (...argv: string[]): Promise<string> => {
  const closed = await ClosedNetwork.open(options())
  try {
    const [program, ...args] = closed.argv(argv)
    return await new Promise((resolve) => {
      const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
      let said = ''
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += chunk))
      child.on('close', (exit) => resolve([said.trim(), `(${exit})`].join(' ').trim()))
    })
  } finally {
    await closed.close()
  }
}

test('there is no way out, and no process of anybody else', async () => {
  expect(await inside('sh', '-c', 'ip route; ps -e | wc -l')).toMatch(/^\d \(0\)$/)
})

test('a command’s exit status and what ends it are told', async () => {
  expect(await inside('sh', '-c', 'exit 7')).toBe('(7)')
  expect(await inside('sh', '-c', 'kill -9 $$')).toBe('(137)')
  expect(await inside('no-such-program')).toBe('no-such-program is not there (127)')
})

test('whoever opened it is killed: everything in it ends, and the next one removes its folder', async () => {
  const script = `
    import { ClosedNetwork } from ${JSON.stringify(join(import.meta.dirname, '../../runbook/doors/closed-network.ts'))}
    import { spawn } from 'node:child_process'
    const closed = await ClosedNetwork.open({ ...${JSON.stringify(options())}, admit: async () => {} })
    const [program, ...args] = closed.argv(['sh', '-c', 'setsid sleep 31415926 & sleep 31415926'])
    spawn(program, args, { stdio: 'ignore', detached: true })`
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
    stdio: 'inherit',
  })
  await until(() => sleeping() === 2, 'it works')
  child.kill('SIGKILL')
  await until(() => sleeping() === 0, 'everything has ended')
  expect(folders()).toHaveLength(1)
  expect(await inside('true')).toBe('(0)')
})
test('others who listen come and go meanwhile', async () => {
  const script = `
    const { createServer } = require('node:net')
    const next = (n) => {
      const server = createServer().listen(${JSON.stringify(own)} + '/others-' + process.pid + '-' + n, () => setTimeout(() => server.close(() => next(n + 1)), 2))
    }
    for (let i = 0; i < 200; i += 1) next(i * 1e6)`
  const others = spawn(process.execPath, ['-e', script], { stdio: 'inherit' })
  await until(() => readdirSync(own).some((name) => name.startsWith('others-')), 'they listen')
  try {
    for (let i = 0; i < 5; i += 1) expect(await inside('true')).toBe('(0)')
  } finally {
    others.kill('SIGKILL')
  }
})

test('one that was killed before it listened is removed once that is certain', async () => {
  const [old, young] = ['old', 'young'].map((name) => join(own, `runbook-closed-${name}`)) as [string, string]
  for (const folder of [old, young]) mkdirSync(folder)
  utimesSync(old, 0, 0)
  expect(await inside('true')).toBe('(0)')
  expect(folders()).toEqual(['runbook-closed-young'])
  rmSync(young, { recursive: true })
})
const sleeping = (): number =>
  readdirSync('/proc').filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith('sleep\x0031415926')
    } catch {
      return false
    }
  }).length
