import { afterEach, beforeEach, expect, test } from 'vitest'
import { systemClock } from '../../runbook/doors/clock.ts'
import { DatabaseDoor } from '../../runbook/doors/database.ts'
import { takeDatabaseLock } from '../../runbook/doors/database-lock.ts'
import { parseDatabaseUrl } from '../../runbook/doors/database-url.ts'
import type { Holder } from '../../runbook/doors/lock-file.ts'
import { until } from '../rig/command-line.ts'
import { freshDatabase } from '../rig/postgres.ts'

let db: Awaited<ReturnType<typeof freshDatabase>>
const ends: (() => unknown)[] = []
beforeEach(async () => {
  db = await freshDatabase()
})
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
  await db.drop()
})

const holder: Holder = {
  ...{ run: '20261122T021500Z-production-deploy-7f3a', operator: 'ada', machine: 'one', pid: 17 },
  ...{ started: 'boot:1', since: '2026-11-22T02:15:00.000Z' },
}
const open = () => {
  const target = parseDatabaseUrl(db.url)
  if ('mistake' in target) throw new Error(target.mistake)
  const door = new DatabaseDoor(target, { name: 'runbook lock', schema: 'public', clock: systemClock })
  ends.push(() => door.close())
  return door
}
const take = async (subject = 'shop:production', by = holder) => {
  const lock = await takeDatabaseLock(open(), subject, by)
  if ('free' in lock) ends.push(() => lock.free().catch(() => {}))
  return lock
}

test('is held by one, who is named to the next, and is free afterwards', async () => {
  const first = await take()
  expect(await take()).toEqual({ heldBy: holder })
  if ('free' in first) await first.free()
  expect(await take()).toHaveProperty('free')
})

test.each(['*/ SELECT 1; /*', '/* open', '*/', 'it’s "Ada" \\ \n --', '�'])(
  'names a holder called %j',
  async (operator) => {
    const by = { ...holder, operator }
    expect(await take('shop:production', by)).toHaveProperty('free')
    expect(await take()).toEqual({ heldBy: by })
  },
)

test('keeps out nobody of another environment or book', async () => {
  expect(await take('shop:production')).toHaveProperty('free')
  expect(await take('shop:staging')).toHaveProperty('free')
  expect(await take('blog:production')).toHaveProperty('free')
})

test('goes with the session of one who dies', async () => {
  await take()
  await db.asAdmin(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'runbook lock'",
  )
  await until(async () => 'free' in (await take()))
})

test('is freed without harm when its session is gone already', async () => {
  const lock = await take()
  await db.asAdmin(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'runbook lock'",
  )
  if ('free' in lock) await lock.free()
})

test('asked for by many at once is given to one', async () => {
  const locks = await Promise.all(
    Array.from({ length: 8 }, (_, i) => take('shop:production', { ...holder, pid: i })),
  )
  expect(locks.filter((lock) => 'free' in lock)).toHaveLength(1)
})
