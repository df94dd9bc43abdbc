import { chmod, mkdtemp, readdir, readFile, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { findProcesses, inspect } from '../../examples/world/processes.ts'
import { until } from '../rig/command-line.ts'

// Much else may run beside it; no time is asserted.
vi.setConfig({ testTimeout: 240_000 })

const root = fileURLToPath(new URL('../..', import.meta.url))
let place = ''

beforeAll(async () => {
  place = await realpath(await mkdtemp(join(tmpdir(), 'runbook demo ')))
  await chmod(place, 0o755)
})
afterAll(() => rm(place, { recursive: true, force: true }))

const without = { cwd: root, all: true, reject: false, stdin: 'ignore' } as const
/** The demo as `npm run demo` calls it, without a terminal. */
const demo = (...options: string[]) =>
  execa(process.execPath, ['--import', 'tsx', 'examples/demo.ts', ...options], {
    ...without,
    env: { TMPDIR: place },
  })

/** Without what tsx caches there. */
const leftovers = async () => (await readdir(place)).filter((name) => !name.startsWith('tsx-'))

/** Whoever works in its folder, or has its name in the arguments or the environment. */
const processesThere = () =>
  findProcesses((pid) => {
    const env = inspect.env(pid).filter((line) => !/^(TMPDIR|PATH)=/.test(line))
    return [inspect.command(pid), inspect.cwd(pid), ...env].join('\n').includes(join(place, 'runbook-demo-'))
  }).map(({ pid }) => `${pid} ${inspect.command(pid)}`)

const expectInOrder = (printed: string, story: readonly string[]): void => {
  let at = 0
  for (const words of story) {
    at = printed.indexOf(words, at)
    expect(at, `${words}: ${printed}`).toBeGreaterThan(0)
  }
}

test('shows the 500, deploys, shows the 201, takes it back, and leaves the transcript and nothing that runs', async () => {
  const { exitCode, all } = await execa('npm', ['run', '--silent', 'demo'], {
    ...without,
    env: { TMPDIR: place },
  })
  expect(exitCode, all).toBe(0)
  const story = [
    'HTTP/1.1 500',
    '$ runbook deploy production --confirm production --yes',
    'the backup can be restored: ',
    'works on it: 18 statements in ',
    'can be taken back: the schema is then as it was before',
    '✔ Done in',
    'HTTP/1.1 201',
    '$ runbook rollback production --confirm production --yes',
    'Rolled back in',
    'none failed',
    'HTTP/1.1 500',
  ]
  expectInOrder(all, story)
  expect(processesThere()).toEqual([])
  const [dir, ...others] = await leftovers()
  expect(others).toEqual([])
  expect(await readdir(join(place, dir!))).toEqual(['.runbook'])
  const transcript = /transcript {2}(\/.*journal\.jsonl)/.exec(all)![1]!
  expect(transcript.startsWith(join(place, dir!, '.runbook/runs'))).toBe(true)
  const readIt = /node (dist\/cli\.js show .*)/.exec(all)![1]!
  const shown = await execa('sh', ['-c', `'${process.execPath}' ${readIt}`], { cwd: root })
  expect(shown.stdout).toContain('rollback of lumiku in production')
  const asPage = /node (dist\/cli\.js report .*)/.exec(all)![1]!
  const written = await execa('sh', ['-c', `'${process.execPath}' ${asPage}`], { cwd: root })
  const page = await readFile(/(\/.*\.html)/.exec(written.stdout)![1]!, 'utf8')
  expect(page).toContain('<title>Deploy lumiku to production: done</title>')
  await rm(join(place, dir!), { recursive: true })
})

test('the second guide: prepared on the author’s machine, deployed, and taken back with its schema', async () => {
  const { exitCode, all } = await demo('--scenario', 'prisma')
  expect(exitCode, all).toBe(0)
  const story = [
    'HTTP/1.1 500',
    '$ runbook run prepare local --yes',
    '$ runbook deploy production --confirm production --yes',
    'the backup can be restored: ',
    'works on it: ',
    'HTTP/1.1 201',
    '$ runbook rollback production --database=schema --confirm production --yes',
    'Rolled back in',
    'HTTP/1.1 500',
  ]
  expectInOrder(all, story)
  expect(processesThere()).toEqual([])
  for (const dir of await leftovers()) await rm(join(place, dir), { recursive: true })
})

test('Ctrl-C while the world is raised takes down what there is of it', async () => {
  const running = demo('--keep')
  await until(() => processesThere().some((one) => one.includes('postgres -D')), 'PostgreSQL runs')
  running.kill('SIGINT')
  const { exitCode, all } = await running
  expect(exitCode, all).toBe(130)
  expect(processesThere()).toEqual([])
  expect(await leftovers()).toEqual([])
})

test('an option that is none is told', async () => {
  const { exitCode, all } = await demo('--kep')
  expect([exitCode, all]).toEqual([2, 'usage: npm run demo [-- --keep] [--scenario lumiku|prisma]'])
  expect((await demo('--scenario', 'nothing')).exitCode).toBe(2)
})
