import { execFileSync } from 'node:child_process'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import type { World } from '../../examples/world/raise.ts'
import { freshPlace, operator, query, raiseWorld, removeWorlds } from '../examples/raise-world.ts'
import { commandLine } from '../rig/command-line.ts'

let world: World
let cli: string
beforeAll(async () => {
  cli = await commandLine()
  world = await raiseWorld(await freshPlace('prisma story'), 'prisma')
})
afterAll(removeWorlds)

const runbook = async (...args: string[]) => {
  const { exitCode, all } = await operator(world, world.dir)(process.execPath, [cli, ...args])
  return { exit: exitCode, all }
}
const production = (...args: string[]) => runbook(...args, '--yes', '--confirm', 'production')
const prisma = async (...args: string[]) =>
  (await operator(world, join(world.dir, 'production/backend'))('node_modules/.bin/prisma', args)).exitCode
const create = async () => {
  const answer = await fetch(`${world.url}/api/apps/avatar-creator/projects`, {
    method: 'POST',
    headers: { authorization: `Bearer ${world.env.LUMIKU_TOKEN}` },
    body: JSON.stringify({ name: 'Test Project' }),
  })
  return answer.status
}
const attempts = async () =>
  (
    await query(
      world.databaseUrl,
      `SELECT regexp_replace(migration_name, '^\\d{14}_', '') AS name, rolled_back_at IS NOT NULL AS back
       FROM _prisma_migrations ORDER BY started_at`,
    )
  ).map(({ name, back }) => `${name}${back ? ', rolled back' : ''}`)
const schemaOnly = (): string => {
  const { hostname, port, username, password, pathname } = new URL(world.databaseUrl)
  const dump = execFileSync('pg_dump', ['--schema-only'], {
    encoding: 'utf8',
    env: {
      PATH: world.env.PATH,
      PGHOST: hostname,
      PGPORT: port,
      PGUSER: decodeURIComponent(username),
      PGPASSWORD: decodeURIComponent(password),
      PGDATABASE: decodeURIComponent(pathname.slice(1)),
    },
  })
  // Newer versions of pg_dump put a random word into it.
  return dump.replace(/^\\(un)?restrict .*$/gm, '')
}

test('the guide’s five phases, after somebody has tried the wrong migration; back; and once more', {
  timeout: 400_000,
}, async () => {
  expect(await create()).toBe(500)
  const before = schemaOnly()

  // Without phase 2 there is nothing to deploy; the plan says which migration waits, and nothing is touched.
  const early = await runbook('plan', 'production')
  expect(early.exit).toBe(3)
  expect(early.all).toContain(
    'also waiting: 20251011_avatar_pose_split; not in the tree: add_avatar_creator_complete',
  )
  expect(schemaOnly()).toBe(before)

  // Troubleshooting: 'Migration "20251011_avatar_pose_split" failed'.
  expect(await prisma('migrate', 'deploy')).toBe(1)

  const prepared = await runbook('run', 'prepare', 'local', '--yes')
  expect([prepared.exit, prepared.all]).toEqual([
    0,
    expect.stringContaining('adds 13 tables, 43 indexes, 7 constraints'),
  ])

  const refused = await production('deploy', 'production')
  expect(refused.exit).toBe(3)
  expect(refused.all).toContain(
    '20251011_avatar_pose_split began and never finished, so Prisma refuses every other one (P3009)',
  )
  const [, typed] = /(npx prisma migrate resolve --rolled-back \S+?),/.exec(refused.all) ?? []
  expect(typed).toBe('npx prisma migrate resolve --rolled-back 20251011_avatar_pose_split')
  expect(await prisma(...typed!.split(' ').slice(2))).toBe(0)

  const deployed = await production('deploy', 'production')
  expect([deployed.exit, deployed.all]).toEqual([
    0,
    expect.stringContaining('the database is what backend/prisma/schema.prisma says: no difference'),
  ])
  expect(await create()).toBe(201)
  expect(await attempts()).toEqual([
    'init',
    '20251011_avatar_pose_split, rolled back',
    'add_avatar_creator_complete',
  ])
  expect(await query(world.databaseUrl, 'SELECT count(*)::int AS presets FROM avatar_presets')).toEqual([
    { presets: 3 },
  ])

  expect((await runbook('verify', 'production')).exit).toBe(0)

  const back = await production('rollback', 'production', '--database=schema')
  expect([back.exit, back.all]).toEqual([0, expect.stringContaining('1 row in the table avatar_projects')])
  expect(schemaOnly()).toBe(before)
  expect(await create()).toBe(500)
  expect(await attempts()).toEqual([
    'init',
    '20251011_avatar_pose_split, rolled back',
    'add_avatar_creator_complete, rolled back',
  ])

  const once = await production('deploy', 'production')
  expect(once.exit).toBe(0)
  expect(await create()).toBe(201)
  // No secret of the operator is in any transcript.
  const password = decodeURIComponent(new URL(world.databaseUrl).password)
  for (const id of await readdir(join(world.dir, '.runbook/runs'))) {
    const transcript = await readFile(join(world.dir, '.runbook/runs', id, 'journal.jsonl'), 'utf8')
    expect(transcript).not.toContain(JSON.stringify(password).slice(1, -1))
    expect(transcript).not.toContain(world.databaseUrl)
  }
})

test('a reset is refused where the database is elsewhere; a production has no such procedure', async () => {
  const refused = await production('run', 'reset', 'production')
  expect([refused.exit, refused.all]).toEqual([
    2,
    expect.stringContaining('reset has no step for production'),
  ])
  const secrets = join(world.dir, '.env.local')
  const own = await readFile(secrets, 'utf8')
  onTestFinished(() => writeFile(secrets, own))
  // It answers, and is not what this machine is called.
  await writeFile(secrets, own.replace(/@127\.0\.0\.1:(\d+)/, '@0.0.0.0:$1'))
  const elsewhere = await runbook('run', 'reset', 'local', '--yes')
  expect([elsewhere.exit, elsewhere.all]).toEqual([3, expect.stringContaining('it is on 0.0.0.0')])
})
