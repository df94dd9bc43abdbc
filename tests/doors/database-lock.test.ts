import { mkdtemp, rm } from 'node:fs/promises'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { startCluster } from '../../examples/world/cluster.ts'
import { connected } from '../../examples/world/databases.ts'
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
const open = (url = db.url) => {
  const target = parseDatabaseUrl(url)
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

describe('while it is held', () => {
  const never = new AbortController().signal
  const held = async (door = open()) => {
    const lock = await takeDatabaseLock(door, 'shop:production', holder)
    if (!('free' in lock)) throw new Error('it is not free')
    ends.push(() => lock.free())
    return { door, keep: () => lock.keep(systemClock, never) }
  }
  const rival = { ...holder, run: '20261122T021600Z-production-deploy-11aa', operator: 'eve' }
  /** The server's processes that hold it, in any database. */
  const keepers = async (): Promise<number[]> => {
    const rows = await db.asAdmin<{ pid: number }>(
      `SELECT DISTINCT pid FROM pg_locks JOIN pg_stat_activity USING (pid)
       WHERE locktype = 'advisory' AND application_name = 'runbook lock' AND usename = '${db.role.name}' ORDER BY pid`,
    )
    return rows.map(({ pid }) => pid)
  }
  const kill = async (pids: readonly number[]) => {
    for (const pid of pids) await db.asAdmin(`SELECT pg_terminate_backend(${pid})`)
    await until(async () => (await keepers()).every((pid) => !pids.includes(pid)))
  }

  test('it is looked at without a word where nothing is amiss', async () => {
    const { keep } = await held()
    const before = await keepers()
    expect(before).toHaveLength(2)
    expect([await keep(), await keep()]).toEqual([undefined, undefined])
    expect(await keepers()).toEqual(before)
  })

  test.each([0, 1])('a session of it that is ended (%i) lets nobody in, and is replaced', async (which) => {
    const { keep } = await held()
    const before = await keepers()
    await kill([before[which]!])
    // Each of them takes what is free of it, and gives it back.
    for (let i = 0; i < 3; i += 1) expect(await take('shop:production', rival)).toEqual({ heldBy: holder })
    expect(await keep()).toEqual({ held: true, gap: false, ended: [before[which]] })
    expect(await keepers()).toHaveLength(2)
    expect(await keepers()).not.toContain(before[which])
    expect(await keep()).toBeUndefined()
    expect(await take('shop:production', rival)).toEqual({ heldBy: holder })
  })

  test('one session after the other may be ended', async () => {
    const { keep } = await held()
    for (let i = 0; i < 4; i += 1) {
      await kill([(await keepers())[i % 2]!])
      expect(await keep()).toMatchObject({ held: true, gap: false })
    }
  })

  test('both sessions ended: it is taken again, and nobody can say that no other run had it', async () => {
    const { keep } = await held()
    const before = await keepers()
    await kill(before)
    const other = await take('shop:production', rival)
    if (!('free' in other)) throw new Error('it is not free')
    await other.free()
    expect(await keep()).toEqual({ held: true, gap: true, ended: expect.arrayContaining(before) })
    expect(await take('shop:production', rival)).toEqual({ heldBy: holder })
  })

  test('both sessions ended: who has it now is named, and is left alone', async () => {
    const { keep } = await held()
    await kill(await keepers())
    const other = await take('shop:production', rival)
    const theirs = await keepers()
    expect(await keep()).toMatchObject({ held: false, by: rival })
    expect(await keep()).toMatchObject({ held: false, by: rival })
    expect(await keepers()).toEqual(theirs)
    if ('free' in other) await other.free()
    // It was another's, however it is asked for.
    expect(await keep()).toMatchObject({ held: true, gap: true })
  })

  test('a rename of its database keeps it from another one', async () => {
    const { door, keep } = await held()
    await door.leave([db.database], 'postgres')
    expect(await keep()).toBeUndefined()
    const [one] = await keepers()
    await kill([one!])
    expect(await take('shop:production', rival)).toEqual({ heldBy: holder })
    expect(await keep()).toMatchObject({ held: true, gap: false })
    expect(
      await db.asAdmin(
        `SELECT DISTINCT datname FROM pg_locks JOIN pg_stat_activity USING (pid)
         WHERE locktype = 'advisory' AND application_name = 'runbook lock' AND usename = '${db.role.name}'`,
      ),
    ).toEqual([{ datname: 'postgres' }])
    expect(await take('shop:production', rival)).toEqual({ heldBy: holder })
  })

  test('a line that has gone dead without a word is noticed, and what the server keeps of it is ended', async () => {
    const line = await deafLine(db.port)
    ends.push(line.close)
    const url = new URL(db.url)
    url.port = String(line.port)
    const { keep } = await held(open(url.href))
    const before = await keepers()
    line.deafen()
    // For the server both are there: nobody else is let in.
    expect(await take('shop:production', rival)).toEqual({ heldBy: holder })
    expect(await keep()).toEqual({ held: true, gap: false, ended: expect.arrayContaining(before) })
    await until(async () => (await keepers()).length === 2)
    expect(await take('shop:production', rival)).toEqual({ heldBy: holder })
  }, 60_000)

  test.each([
    ['the role', () => `ALTER ROLE "${db.role.name}" SET idle_session_timeout = '1s'`],
    ['the database', () => `ALTER DATABASE "${db.database}" SET idle_session_timeout = '1s'`],
  ])('%s lets no session be idle, and its own are all the same', async (_who, sql) => {
    await db.asAdmin(sql())
    const { keep } = await held()
    const before = await keepers()
    // As long as it takes until the server has ended one that is idle like them.
    await connected(db.url, async (idle) => {
      await new Promise((resolve) => idle.once('error', resolve))
    }).catch(() => {})
    expect(await keepers()).toEqual(before)
    expect(await keep()).toBeUndefined()
  })
})

test('a restart of the server ends it, and it is taken again when the server is back', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'runbook-restart-'))
  const cluster = await startCluster({ dir })
  ends.push(async () => {
    await cluster.stop()
    await rm(cluster.home, { recursive: true, force: true })
    await rm(dir, { recursive: true, force: true })
  })
  const lock = await takeDatabaseLock(open(cluster.adminUrl), 'shop:production', holder)
  if (!('free' in lock)) throw new Error('it is not free')
  ends.push(() => lock.free())
  const keeping = new AbortController().signal
  await cluster.restart()
  expect(await lock.keep(systemClock, keeping)).toMatchObject({ held: true, gap: true })
  expect(await lock.keep(systemClock, keeping)).toBeUndefined()
  expect(await takeDatabaseLock(open(cluster.adminUrl), 'shop:production', holder)).toEqual({
    heldBy: holder,
  })
}, 60_000)

/** A way to the server that passes nothing on any more for those who are there, once it is told, and closes nothing. */
const deafLine = async (to: number) => {
  const sockets: Socket[] = []
  const there = new Set<Socket>()
  const server = createServer((client) => {
    const other = connect(to, '127.0.0.1')
    sockets.push(client, other)
    for (const [from, into] of [
      [client, other],
      [other, client],
    ] as const) {
      there.add(from)
      from.on('error', () => {})
      from.on('data', (chunk) => there.has(from) && into.write(chunk))
      from.on('close', () => there.has(from) && into.destroy())
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    deafen: () => there.clear(),
    close: () => {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}

test('asked for by many at once is given to one', async () => {
  const locks = await Promise.all(
    Array.from({ length: 8 }, (_, i) => take('shop:production', { ...holder, pid: i })),
  )
  expect(locks.filter((lock) => 'free' in lock)).toHaveLength(1)
})
