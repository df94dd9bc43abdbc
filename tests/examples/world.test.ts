import { existsSync } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { World } from '../../examples/world/raise.ts'
import {
  freshPlace,
  operator,
  processesOf,
  query,
  raiseWorld,
  removeWorlds,
  worldCommand,
} from './raise-world.ts'

const projects = '/api/apps/avatar-creator/projects'
const statusOf = async (url: string, token?: string) =>
  (await fetch(url, { headers: token ? { authorization: `Bearer ${token}` } : {} })).status

afterAll(removeWorlds)

describe('two worlds side by side', () => {
  let world: World
  let other: World

  beforeAll(async () => {
    const places = [await freshPlace('one'), await freshPlace('two', { isPrivate: true })] as const
    ;[world, other] = await Promise.all([raiseWorld(places[0]), raiseWorld(places[1])])
  })

  test('they share no port, no role and no token', () => {
    const ports = [world, other].flatMap(({ environments, databaseUrl }) => [
      new URL(databaseUrl).port,
      ...Object.values(environments).map(({ url }) => new URL(url).port),
    ])
    expect(new Set(ports).size).toBe(8)
    expect(world.databaseUrl).not.toBe(other.databaseUrl)
    expect(world.env.LUMIKU_TOKEN).not.toBe(other.env.LUMIKU_TOKEN)
  })

  test('what is printed names the operator’s variables and the three environments', () => {
    expect(Object.keys(world)).toEqual(
      expect.arrayContaining(['dir', 'book', 'url', 'databaseUrl', 'env', 'revisions', 'environments']),
    )
    const { PATH, ...env } = world.env
    expect(PATH?.startsWith(`${world.dir}/bin:`)).toBe(true)
    expect(env).toEqual({
      PM2_HOME: join(world.dir, 'pm2'),
      DATABASE_URL: world.databaseUrl,
      LUMIKU_TOKEN: world.environments.production?.token,
      LUMIKU_URL: world.url,
      LUMIKU_STAGING_URL: world.environments.staging?.url,
      LUMIKU_LOCAL_URL: world.environments.local?.url,
    })
    expect(Object.keys(world.environments)).toEqual(['production', 'staging', 'local'])
    expect(world.environments.local?.process).toBeNull()
  })

  test.each(['production', 'staging'])('%s runs the broken revision and answers 500', async (name) => {
    const { url = '', token } = world.environments[name] ?? {}
    const health = await (await fetch(`${url}/health`)).json()
    expect(health).toMatchObject({ status: 'ok', revision: world.revisions.broken })
    expect(await statusOf(url + projects)).toBe(401)
    expect(await statusOf(url + projects, 'unknown-token')).toBe(401)
    expect(await statusOf(url + projects, token)).toBe(500)
  })

  test('pm2 shows both programs online, and a line with `error` in the log', async () => {
    const { stdout } = await operator(world, world.dir)('pm2', ['--silent', 'jlist'])
    const programs = JSON.parse(stdout)
    expect(programs.map(({ name }: { name: string }) => name)).toEqual([
      'lumiku-backend',
      'lumiku-backend-staging',
    ])
    for (const { pm2_env } of programs) {
      expect(pm2_env.status).toBe('online')
      expect(await readFile(pm2_env.pm_out_log_path, 'utf8')).toMatch(
        /✓ Server listening on port \d+\n✓ Database connected/,
      )
      expect(await readFile(pm2_env.pm_err_log_path, 'utf8')).toMatch(
        /error: GET .*TypeError.*\n\s+at findProjects/,
      )
    }
  })

  test.each([
    ['production', 'main'],
    ['staging', 'development'],
    ['local', 'development'],
  ])('%s is a clean clone at the broken revision, on %s', async (name, branch) => {
    const git = async (...args: string[]) =>
      (await operator(world, join(world.dir, name))('git', args)).stdout
    expect(await git('status', '--porcelain')).toBe('')
    expect(await git('rev-parse', '--abbrev-ref', 'HEAD@{upstream}')).toBe(`origin/${branch}`)
    expect(await git('rev-parse', 'HEAD')).toBe(world.revisions.broken)
    expect(await git('ls-remote', 'origin', branch)).toBe(`${world.revisions.fixed}\trefs/heads/${branch}`)
    const repository = 'backend/src/apps/avatar-creator/repositories/avatar-creator.repository.ts'
    expect(await git('show', `HEAD:${repository}`)).toMatch(
      /^import \{ prisma \} from '..\/..\/..\/db\/client'\n/,
    )
    expect(existsSync(join(world.dir, name, 'backend/dist/server.js'))).toBe(true)
  })

  test('the fix is the child of the broken revision, the same in every world', async () => {
    const git = operator(world, join(world.dir, 'remote.git'))
    expect((await git('git', ['rev-parse', 'main^'])).stdout).toBe(world.revisions.broken)
    const files = (await git('git', ['diff', '--name-only', 'main^', 'main'])).stdout.split('\n')
    expect(files).toHaveLength(2)
    expect(other.revisions).toEqual(world.revisions)
  })

  test('the database opens with a password that has every hostile character', async () => {
    const password = decodeURIComponent(new URL(world.databaseUrl).password)
    for (const sign of ['@', ':', '/', '%', "'", '"', ' ']) expect(password).toContain(sign)
    const [role] = await query(
      world.databaseUrl,
      'SELECT rolsuper, rolcreatedb FROM pg_roles WHERE rolname = current_user',
    )
    expect(role).toEqual({ rolsuper: false, rolcreatedb: true })
    const wrong = new URL(world.databaseUrl)
    wrong.password = 'wrong'
    await expect(query(wrong.href, 'SELECT 1')).rejects.toThrow(/password authentication failed/)
  })

  test('production has some thousand rows and the eight columns', async () => {
    const columns = `SELECT count(*)::int AS columns FROM information_schema.columns WHERE table_name = 'avatars'`
    expect(await query(world.databaseUrl, columns)).toEqual([{ columns: 8 }])
    const [rows] = await query(world.databaseUrl, 'SELECT count(*)::int AS avatars FROM avatars')
    expect(rows?.avatars).toBeGreaterThan(1000)
    expect(new URL(world.databaseUrl).pathname).toBe('/Lumiku-Production')
  })

  test('production’s secrets are in the operator’s shell only', () => {
    expect(existsSync(join(world.dir, '.env.production'))).toBe(false)
  })

  test('files with secrets are the owner’s alone', async () => {
    const files = ['.env.staging', '.env.local', 'world.json', 'production/backend/.env']
    for (const file of files) expect((await stat(join(world.dir, file))).mode & 0o777, file).toBe(0o600)
  })

  test('a folder that is not empty is refused, and the world in it goes on', async () => {
    const { exitCode, stderr, stdout } = await worldCommand('up', '--dir', world.dir)
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' })
    expect(stderr).toContain('is not empty')
    expect(await statusOf(`${world.url}/health`)).toBe(200)
  })

  test('down ends all of its world, even after kill -9, and nothing of the other', async () => {
    const record = JSON.parse(await readFile(join(other.dir, 'world.json'), 'utf8'))
    const daemon = record.pm2.processes.find(({ name }: { name: string }) => name === 'pm2')
    for (const { pid } of [daemon, record.postgres.process]) process.kill(pid, 'SIGKILL')
    expect((await worldCommand('down', '--dir', other.dir)).exitCode).toBe(0)
    expect(await processesOf(other.dir)).toEqual([])
    expect(existsSync(join(other.dir, 'production'))).toBe(true)
    expect(await statusOf(world.url + projects, world.env.LUMIKU_TOKEN)).toBe(500)
    expect((await worldCommand('down', '--dir', other.dir)).exitCode).toBe(0)
  })

  test('down --delete leaves nothing', async () => {
    expect((await worldCommand('down', '--dir', other.dir, '--delete')).exitCode).toBe(0)
    expect(existsSync(other.dir)).toBe(false)
    const again = await worldCommand('down', '--dir', other.dir, '--delete')
    expect([again.exitCode, again.stderr]).toEqual([0, `There is no world in ${other.dir}`])
  })
})

test('an interrupted up takes down what it had started', async () => {
  const dir = await freshPlace('three')
  const record = () => readFile(join(dir, 'world.json'), 'utf8').catch(() => '')
  const up = worldCommand('up', '--dir', dir)
  await expect.poll(record, { timeout: 60_000 }).toContain('"port"')
  up.kill('SIGTERM')
  expect((await up).exitCode).toBe(143)
  expect(await processesOf(dir)).toEqual([])
})

test.each([
  ['without a folder', ['up']],
  ['with a verb that is none', ['sideways', '--dir', '/nowhere']],
  ['with an option that is none', ['up', '--dri', '/nowhere']],
  ['with a scenario that is none', ['up', '--dir', '/nowhere', '--scenario', 'none']],
  ['with a file for a folder', ['up', '--dir', '/etc/passwd']],
])('%s: exit 2 and a sentence', async (_, args) => {
  const { exitCode, stdout, stderr } = await worldCommand(...args)
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' })
  expect(stderr).not.toMatch(/\n\s+at /)
  expect(stderr.length).toBeGreaterThan(10)
})
