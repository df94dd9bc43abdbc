import { rename } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { World } from '../../examples/world/raise.ts'
import { freshPlace, operator, query, raiseWorld, removeWorlds } from './raise-world.ts'

let world: World
beforeAll(async () => {
  world = await raiseWorld(await freshPlace('prisma'), 'prisma')
})
afterAll(removeWorlds)

test('its users are there, and none of the tables that the code wants', async () => {
  const [counted] = await query(
    world.databaseUrl,
    `SELECT (SELECT count(*)::int FROM users) AS users, to_regclass('avatars') AS avatars, to_regclass('pose_library') AS poses`,
  )
  expect(counted).toEqual({ users: 200, avatars: null, poses: null })
  const answer = await fetch(`${world.url}/api/apps/avatar-creator/projects`, {
    method: 'POST',
    headers: { authorization: `Bearer ${world.env.LUMIKU_TOKEN}` },
    body: JSON.stringify({ name: 'Test Project' }),
  })
  expect(answer.status).toBe(500)
})

test('Prisma itself takes the database for migrated up to the migration that cannot be applied', async () => {
  const { dir, databaseUrl } = world.environments.local!
  const backend = join(dir, 'backend')
  const prisma = async (...args: string[]) => {
    const { exitCode } = await operator(world, backend)('node_modules/.bin/prisma', args, {
      DATABASE_URL: databaseUrl,
    })
    return exitCode
  }
  expect(await prisma('migrate', 'status')).toBe(1)
  const wrong = join(backend, 'prisma/migrations/20251011_avatar_pose_split')
  await rename(wrong, join(world.dir, 'set-aside'))
  expect(await prisma('migrate', 'status')).toBe(0)
  await rename(join(world.dir, 'set-aside'), wrong)

  expect(await prisma('migrate', 'deploy')).toBe(1)
  expect(
    await query(databaseUrl, 'SELECT migration_name, finished_at IS NULL AS failed FROM _prisma_migrations'),
  ).toEqual([
    { migration_name: '20250930134808_init', failed: false },
    { migration_name: '20251011_avatar_pose_split', failed: true },
  ])
})
