import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { World } from '../../examples/world/raise.ts'
import { freshPlace, operator, query, raiseWorld, removeWorlds } from './raise-world.ts'

const projects = '/api/apps/avatar-creator/projects'
const migration = 'migrations/20251014_avatar_creator.sql'
const columns = `SELECT count(*)::int AS columns FROM information_schema.columns WHERE table_name = 'avatars'`
let dir = ''
let world: World

beforeAll(async () => {
  dir = await freshPlace('app')
  world = await raiseWorld(dir)
})

afterAll(removeWorlds)

const call = async (method: string, path: string, body?: string) => {
  const headers = { authorization: `Bearer ${world.env.LUMIKU_TOKEN}` }
  const response = await fetch(world.url + path, { method, headers, ...(body === undefined ? {} : { body }) })
  const text = await response.text()
  return { status: response.status, body: text ? JSON.parse(text) : undefined }
}

// The tests below are one deployment, in the guide's order.

test('the integration tests fail before the deployment', async () => {
  const inBackend = operator(world, join(dir, 'production/backend'))
  const { exitCode } = await inBackend('npm', ['run', 'test:integration'], { API_URL: world.url })
  expect(exitCode).toBe(1)
})

test('new code that is not built and not started changes nothing', async () => {
  const inClone = operator(world, join(dir, 'production'))
  expect(await inClone('git', ['pull', 'origin', 'main'])).toMatchObject({ exitCode: 0 })
  const restarted = await inClone('pm2', ['restart', 'lumiku-backend'])
  expect(restarted.exitCode, restarted.all).toBe(0)
  await expect.poll(() => call('GET', '/health').catch(() => undefined)).toMatchObject({ status: 200 })
  expect((await call('GET', '/health')).body.revision).toBe(world.revisions.broken)
  expect((await call('GET', projects)).status).toBe(500)
})

test('install, build, migration and restart bring the fixed revision', async () => {
  const inBackend = operator(world, join(dir, 'production/backend'))
  // An operator's shell often says production; the build needs TypeScript all the same.
  const env = { NODE_ENV: 'production', PORT: '1', DATABASE_URL: 'postgresql://elsewhere.invalid/none' }
  for (const argv of [['install'], ['run', 'build']]) {
    const { exitCode, all } = await inBackend('npm', argv, env)
    expect(exitCode, all).toBe(0)
  }
  expect((await operator(world, join(dir, 'production'))('git', ['status', '--porcelain'])).stdout).toBe('')
  expect((await call('GET', '/health')).body.revision).toBe(world.revisions.broken)
  const applied = await inBackend('psql', [world.databaseUrl, '-v', 'ON_ERROR_STOP=1', '-f', migration])
  expect(applied.exitCode, applied.all).toBe(0)
  expect(await query(world.databaseUrl, columns)).toEqual([{ columns: 26 }])
  // The restarted program does not take the shell's DATABASE_URL and PORT for its own.
  expect((await inBackend('pm2', ['restart', 'lumiku-backend', '--update-env'], env)).exitCode).toBe(0)
  const revision = () =>
    call('GET', '/health').then(
      ({ body }) => body.revision,
      () => undefined,
    )
  await expect.poll(revision, { timeout: 10_000 }).toBe(world.revisions.fixed)
})

test('a project is created as the guide shows it', async () => {
  const { status, body } = await call(
    'POST',
    projects,
    '{"name":"Deployment Test Project","description":"Testing"}',
  )
  expect(status).toBe(201)
  expect(body).toEqual({
    id: expect.any(String),
    userId: expect.any(String),
    name: 'Deployment Test Project',
    description: 'Testing',
    createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    updatedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    avatars: [],
  })
  const avatar =
    '{"name":"A","baseImageUrl":"https://example.com/a.jpg","sourceType":"upload","personaAge":30}'
  expect((await call('POST', `${projects}/${body.id}/avatars`, avatar)).status).toBe(201)
  expect((await call('GET', projects)).body[0]).toMatchObject({
    id: body.id,
    avatars: [{ personaAge: 30, usageCount: 0 }],
  })
  expect((await call('DELETE', `${projects}/${body.id}`)).status).toBe(204)
  expect(await query(world.databaseUrl, `SELECT id FROM avatars WHERE "projectId" = '${body.id}'`)).toEqual(
    [],
  )
})

test.each([
  ['bad JSON', 'POST', projects, '{"name":', 400],
  ['a list', 'POST', projects, '[]', 400],
  ['no name', 'POST', projects, '{"description":"x"}', 400],
  ['a name of spaces', 'POST', projects, '{"name":"  "}', 400],
  ['a number for a text', 'POST', projects, '{"name":"x","description":3}', 400],
  [
    'an age that is no number',
    'POST',
    `${projects}/none/avatars`,
    '{"name":"x","baseImageUrl":"y","personaAge":"3"}',
    400,
  ],
  ['a project that is none', 'POST', `${projects}/none/avatars`, '{"name":"x","baseImageUrl":"y"}', 404],
  ['nothing to delete', 'DELETE', `${projects}/none`, undefined, 404],
  ['a path that is none', 'GET', '/nowhere', undefined, 404],
] as const)('%s: %s %s is answered with its sentence', async (_, method, path, body, status) => {
  const answer = await call(method, path, body)
  expect(answer).toEqual({ status, body: { error: expect.any(String) } })
})

test('the integration tests pass, and leave nothing', async () => {
  const inBackend = operator(world, join(dir, 'production/backend'))
  const before = await query(world.databaseUrl, 'SELECT count(*) FROM avatar_projects')
  const { exitCode, all } = await inBackend('npm', ['run', 'test:integration'])
  expect(exitCode, all).toBe(0)
  expect(await query(world.databaseUrl, 'SELECT count(*) FROM avatar_projects')).toEqual(before)
  expect((await inBackend('npm', ['run', 'test:integration'], { LUMIKU_TOKEN: '' })).exitCode).toBe(1)
})

test('the application survives the loss of its database connections', async () => {
  const { uptime } = (await call('GET', '/health')).body
  await query(
    world.adminUrl,
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'lumiku'`,
  )
  await expect.poll(async () => (await call('GET', projects)).status).toBe(200)
  expect((await call('GET', '/health')).body.uptime).toBeGreaterThan(uptime)
})

test('the migration is the guide’s, and may be applied again', async () => {
  const sql = await readFile(join(dir, 'production/backend', migration), 'utf8')
  expect(sql.match(/^ALTER TABLE avatars ADD COLUMN IF NOT EXISTS/gm)).toHaveLength(18)
  expect(sql.trimEnd().endsWith('COMMIT;')).toBe(true)
  await query(world.databaseUrl, sql)
  expect(await query(world.databaseUrl, columns)).toEqual([{ columns: 26 }])
})
