import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { connected } from '../../examples/world/databases.ts'
import { systemClock } from '../../runbook/doors/clock.ts'
import { DatabaseDoor } from '../../runbook/doors/database.ts'
import { takeDatabaseLock } from '../../runbook/doors/database-lock.ts'
import { parseDatabaseUrl } from '../../runbook/doors/database-url.ts'
import type { Holder } from '../../runbook/doors/lock-file.ts'
import { until } from '../rig/command-line.ts'
import { clusterEndedBy } from '../rig/ends.ts'
import { freshDatabase } from '../rig/postgres.ts'
import { standbyOf } from '../rig/standby.ts'

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
  const line = await wayTo(db.port)
  ends.push(line.close)
  const url = new URL(db.url)
  url.port = String(line.port)
  const lock = await takeDatabaseLock(open(url.href), 'shop:production', holder)
  expect(await take()).toEqual({ heldBy: holder })
  line.cut()
  await until(async () => 'free' in (await take()))
  if ('free' in lock) await lock.free()
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
    expect(await keep()).toEqual({ held: true, gap: 0, ended: [before[which]] })
    expect(await keepers()).toHaveLength(2)
    expect(await keepers()).not.toContain(before[which])
    expect(await keep()).toBeUndefined()
    expect(await take('shop:production', rival)).toEqual({ heldBy: holder })
  })

  test('one session after the other may be ended', async () => {
    const { keep } = await held()
    for (let i = 0; i < 4; i += 1) {
      await kill([(await keepers())[i % 2]!])
      expect(await keep()).toMatchObject({ held: true, gap: 0 })
    }
  })

  test('both sessions ended: it is taken again at once, before anybody asks', async () => {
    const { keep } = await held()
    const before = await keepers()
    await kill(before)
    await until(async () => (await keepers()).length === 2, 'it is taken again')
    expect(await take('shop:production', rival)).toEqual({ heldBy: holder })
    const regained = await keep()
    expect(regained).toEqual({
      held: true,
      gap: expect.any(Number),
      ended: expect.arrayContaining(before),
    })
    expect(await keep()).toBeUndefined()
  })

  /** Its way to the server is cut, and the server has ended its sessions. */
  const cutOff = async () => {
    const line = await wayTo(db.port)
    ends.push(line.close)
    const url = new URL(db.url)
    url.port = String(line.port)
    const lock = await held(open(url.href))
    const before = await keepers()
    line.cut()
    await kill(before)
    return { ...lock, line, before }
  }

  test('while its way to the server is cut: for how long nobody held it is told', async () => {
    const { keep, line, before } = await cutOff()
    const other = await take('shop:production', rival)
    if (!('free' in other)) throw new Error('it is not free')
    await other.free()
    await new Promise((resolve) => setTimeout(resolve, 1500))
    line.mend()
    const regained = await keep()
    expect(regained).toMatchObject({ held: true, ended: expect.arrayContaining(before) })
    expect((regained as { gap: number }).gap).toBeGreaterThan(1400)
    expect(await take('shop:production', rival)).toEqual({ heldBy: holder })
  })

  test('while its way to the server is cut: who has it now is named, and is left alone', async () => {
    const { keep, line } = await cutOff()
    const other = await take('shop:production', rival)
    line.mend()
    const theirs = await keepers()
    expect(await keep()).toMatchObject({ held: false, by: rival })
    expect(await keep()).toMatchObject({ held: false, by: rival })
    expect(await keepers()).toEqual(theirs)
    if ('free' in other) await other.free()
    // It was another's, however it is asked for.
    expect(await keep()).toMatchObject({ held: true, gap: expect.any(Number) })
  })

  test('a rename of its database keeps it from another one', async () => {
    const { door, keep } = await held()
    await door.leave([db.database], 'postgres')
    expect(await keep()).toBeUndefined()
    const [one] = await keepers()
    await kill([one!])
    expect(await take('shop:production', rival)).toEqual({ heldBy: holder })
    expect(await keep()).toMatchObject({ held: true, gap: 0 })
    expect(
      await db.asAdmin(
        `SELECT DISTINCT datname FROM pg_locks JOIN pg_stat_activity USING (pid)
         WHERE locktype = 'advisory' AND application_name = 'runbook lock' AND usename = '${db.role.name}'`,
      ),
    ).toEqual([{ datname: 'postgres' }])
    expect(await take('shop:production', rival)).toEqual({ heldBy: holder })
  })

  test('a line that has gone dead without a word is noticed, and what the server keeps of it is ended', async () => {
    const line = await wayTo(db.port)
    ends.push(line.close)
    const url = new URL(db.url)
    url.port = String(line.port)
    const { keep } = await held(open(url.href))
    const before = await keepers()
    line.deafen()
    // For the server both are there: nobody else is let in.
    expect(await take('shop:production', rival)).toEqual({ heldBy: holder })
    expect(await keep()).toEqual({ held: true, gap: 0, ended: expect.arrayContaining(before) })
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
  const cluster = await clusterEndedBy(ends)
  const lock = await takeDatabaseLock(open(cluster.adminUrl), 'shop:production', holder)
  if (!('free' in lock)) throw new Error('it is not free')
  ends.push(() => lock.free())
  const keeping = new AbortController().signal
  await cluster.restart()
  expect(await lock.keep(systemClock, keeping)).toMatchObject({ held: true, gap: expect.any(Number) })
  expect(await lock.keep(systemClock, keeping)).toBeUndefined()
  expect(await takeDatabaseLock(open(cluster.adminUrl), 'shop:production', holder)).toEqual({
    heldBy: holder,
  })
}, 60_000)

test('a standby is refused, and one that answers in the place of the server is another one', async () => {
  const cluster = await clusterEndedBy(ends)
  const standby = await standbyOf(cluster)
  ends.push(standby.stop)
  const refused = takeDatabaseLock(open(standby.adminUrl), 'shop:production', holder)
  await expect(refused).rejects.toMatchObject({
    failure: { kind: 'before-unmet', unmet: [{ seen: expect.stringContaining('it is a standby') }] },
  })
  const held = async () => {
    const line = await wayTo(cluster.port)
    ends.push(line.close)
    const url = new URL(cluster.adminUrl)
    url.port = String(line.port)
    const lock = await takeDatabaseLock(open(url.href), `by ${line.port}`, holder)
    if (!('free' in lock)) throw new Error('it is not free')
    ends.push(() => lock.free())
    return { line, keep: () => lock.keep(systemClock, new AbortController().signal) }
  }
  const [early, late] = [await held(), await held()]
  early.line.cut()
  early.line.mend(standby.port)
  expect(await early.keep()).toMatchObject({ held: false, moved: 'a standby answers now' })
  await standby.promote()
  late.line.cut()
  late.line.mend(standby.port)
  expect(await late.keep()).toMatchObject({
    held: false,
    moved: 'another copy of the server answers now (its timeline was 1, and is 2)',
  })
}, 90_000)

/** A way to a server that can be cut, or pass nothing on any more for those who are there, and can lead elsewhere afterwards. */
const wayTo = async (server: number) => {
  let to: number | undefined = server
  const sockets: Socket[] = []
  const there = new Set<Socket>()
  const way = createServer((client) => {
    if (to === undefined) return void client.destroy()
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
  await new Promise<void>((resolve) => way.listen(0, '127.0.0.1', resolve))
  return {
    port: (way.address() as AddressInfo).port,
    deafen: () => there.clear(),
    cut: () => {
      to = undefined
      for (const socket of sockets) socket.destroy()
    },
    mend: (port = server) => {
      to = port
    },
    close: () => {
      for (const socket of sockets) socket.destroy()
      way.close()
    },
  }
}

test('asked for by many at once is given to one', async () => {
  const locks = await Promise.all(
    Array.from({ length: 8 }, (_, i) => take('shop:production', { ...holder, pid: i })),
  )
  expect(locks.filter((lock) => 'free' in lock)).toHaveLength(1)
})
