import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test, vi } from 'vitest'
import { removeWorlds } from '../examples/raise-world.ts'
import { git } from '../rig/git-remote.ts'
import { scenarioWorld } from './scenario-world.ts'

vi.setConfig({ testTimeout: 240_000 })
afterAll(removeWorlds)

const page = fileURLToPath(new URL('../fixtures/guides/avatar-creator-deployment-guide.md', import.meta.url))

test('the first guide becomes a book that plans in its world, once what it leaves open is filled in', async () => {
  const world = await scenarioWorld('import')
  const folder = join(world.dir, 'imported')
  const path = join(folder, 'runbook.config.ts')
  await mkdir(folder)
  await copyFile(page, join(folder, 'guide.md'))
  const imported = await world.runbook(['import', 'guide.md'], { cwd: folder })
  expect(imported.exit, imported.err).toBe(0)

  // What REVIEW asks for: where the clone is, and the migration in its repository.
  const book = await readFile(path, 'utf8')
  const filled = book.replace(
    "dir: '.', branch: 'development', url: 'http://your-domain.com'",
    `dir: '../production', url: '${world.url}'`,
  )
  expect(filled).not.toBe(book)
  await writeFile(path, filled)
  const file = 'sql/02-execute-migration-sql.sql'
  const desk = join(world.dir, 'desk')
  await world.publish({})
  await mkdir(dirname(join(desk, file)), { recursive: true })
  await copyFile(join(folder, file), join(desk, file))
  git(desk, 'add', '.')
  git(desk, 'commit', '--quiet', '--message', 'Add the migration of the guide')
  git(desk, 'push', '--quiet', 'origin', 'HEAD:refs/heads/main')

  // Only now: git touches objects that clones of one machine share.
  const changed = await world.watch()
  const env = { TOKEN: 'a-token-for-the-plan', PROD_TOKEN: 'another' }
  const plan = await world.runbook(['plan', 'staging'], { cwd: folder, env })
  expect(plan.exit, plan.out + plan.err).toBe(0)
  expect(plan.out).toContain('git -c core.hooksPath=/dev/null merge --ff-only')
  expect(plan.out.match(/ALTER TABLE avatars ADD COLUMN IF NOT EXISTS/g)).toHaveLength(18)
  expect(plan.out).toContain('cd backend && npm ci')
  expect(plan.out).toMatch(/pm2 (reload|restart) lumiku-backend /)
  expect(plan.out).not.toContain('--only lumiku-backend-staging')
  expect(await changed()).toEqual([])
})
