import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { connected } from '../../examples/world/databases.ts'
import { systemClock } from '../../runbook/doors/clock.ts'
import { DatabaseDoor } from '../../runbook/doors/database.ts'
import { takeDatabaseLock } from '../../runbook/doors/database-lock.ts'
import { parseDatabaseUrl } from '../../runbook/doors/database-url.ts'
import type { Holder } from '../../runbook/doors/lock-file.ts'
import { executes, selects } from '../../runbook/model/action.ts'
import { explain } from '../../runbook/model/explain.ts'
import { Failed, failureOf } from '../../runbook/model/failure.ts'
import { until } from '../rig/command-line.ts'
import { startPooler } from '../rig/pgbouncer.ts'
import { freshDatabase } from '../rig/postgres.ts'
import { transactionPool } from '../rig/transaction-pool.ts'

let db: Awaited<ReturnType<typeof freshDatabase>>
const ends: (() => unknown)[] = []
beforeEach(async () => {
  db = await freshDatabase()
})
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
  await db.drop()
})

const never = new AbortController().signal
const pooler = async (settings: Record<string, string>, processes?: number) => {
  const started = await startPooler(db, settings, processes)
  ends.push(started.stop)
  return started
}
let doors = 0
const open = (url: string, schema = 'public') => {
  const target = parseDatabaseUrl(url)
  if ('mistake' in target) throw new Error(target.mistake)
  const name = `runbook pooled ${process.pid} ${doors++}`
  const door = new DatabaseDoor(target, { name, schema, clock: systemClock, secret: 'SHOP_URL' })
  ends.push(() => door.close())
  return door
}
const look = <Row>(door: DatabaseDoor, sql: string, signal = never) =>
  door.query<Row>(selects<Row>(sql), sql, signal)
const holder: Holder = {
  ...{ run: '20261122T021500Z-production-deploy-7f3a', operator: 'ada', machine: 'one', pid: 17 },
  ...{ started: 'boot:1', since: '2026-11-22T02:15:00.000Z' },
}
const lock = (door: DatabaseDoor, by = holder) => takeDatabaseLock(door, 'shop:production', by)
const advisoryLocks = () =>
  db.asAdmin(
    `SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
  )
/** What an application finds in every session that the pool has, one after the other and all at once. */
const settingsInPool = (url: string) =>
  connected(url, (one) =>
    connected(url, async (other) => {
      const seen = []
      for (const client of [one, other]) {
        await client.query('BEGIN')
        const { rows } = await client.query(
          `SELECT current_setting('default_transaction_read_only') AS only, current_setting('search_path') AS path, current_setting('statement_timeout') AS timeout`,
        )
        seen.push(rows[0])
      }
      for (const client of [one, other]) await client.query('ROLLBACK')
      return seen
    }),
  )
const asBorn = { only: 'off', path: '"$user", public', timeout: '0' }

describe('a pooler that gives each transaction another session', () => {
  test.each<[string, 'transaction' | 'statement', Record<string, string>]>([
    ['as it comes', 'transaction', {}],
    ['that passes options over', 'transaction', { ignore_startup_parameters: 'options' }],
    [
      'that hands its sessions round',
      'transaction',
      { ignore_startup_parameters: 'options', server_round_robin: '1', min_pool_size: '6' },
    ],
    ['with one session', 'transaction', { ignore_startup_parameters: 'options', default_pool_size: '1' }],
    ['for statements', 'statement', { ignore_startup_parameters: 'options' }],
  ])('%s is refused, and named, and nothing is left in it', async (_name, mode, settings) => {
    const { url, port } = await pooler({ pool_mode: mode, ...settings })
    const door = open(url, 'another')
    for (const use of [() => lock(door), () => look(door, 'SELECT 1')])
      expect(failureOf(await use().catch((error) => error))).toMatchObject({
        kind: 'pooled',
        mode,
        secret: 'SHOP_URL',
        target: `${db.database} at 127.0.0.1:${port}`,
        pooler: expect.stringContaining('PgBouncer'),
        server: `127.0.0.1:${db.port}`,
      })
    expect(await advisoryLocks()).toEqual([])
    if (mode === 'transaction' && settings.default_pool_size !== '1')
      expect(await settingsInPool(url)).toEqual([asBorn, asBorn])
  })

  test('is told apart while its sessions are in use', async () => {
    const { url } = await pooler({ pool_mode: 'transaction', ignore_startup_parameters: 'options' })
    let over = false
    // An application that is never idle.
    const busy = Array.from({ length: 4 }, () =>
      connected(url, async (client) => {
        while (!over) await client.query('SELECT pg_sleep(0.002)')
      }),
    )
    try {
      expect(failureOf(await lock(open(url)).catch((error) => error))).toMatchObject({ kind: 'pooled' })
    } finally {
      over = true
      await Promise.all(busy)
    }
    expect(await advisoryLocks()).toEqual([])
  })

  test('is told apart where it is several processes behind one port', async () => {
    const lines = { pool_mode: 'transaction', ignore_startup_parameters: 'options', so_reuseport: '1' }
    const { url } = await pooler(lines, 2)
    expect(failureOf(await lock(open(url)).catch((error) => error))).toMatchObject({ kind: 'pooled' })
    expect(await advisoryLocks()).toEqual([])
  })

  test('is told apart where it names the server’s process as its own', async () => {
    const pool = await transactionPool(db.port)
    ends.push(pool.close)
    const url = new URL(db.url)
    url.port = String(pool.port)
    const failure = failureOf(await lock(open(url.href)).catch((error) => error))
    expect(failure).toMatchObject({ kind: 'pooled', mode: 'transaction' })
    expect(await advisoryLocks()).toEqual([])
  })

  test('says its version to who may ask', async () => {
    const { url } = await pooler({ pool_mode: 'transaction', stats_users: db.role.name })
    expect(failureOf(await lock(open(url)).catch((error) => error))).toMatchObject({
      pooler: expect.stringMatching(/^PgBouncer \d/),
    })
  })
})

describe('a pooler that keeps a session for each client', () => {
  describe.each<[string, Record<string, string>]>([
    ['as it comes', {}],
    ['that passes options over', { ignore_startup_parameters: 'options' }],
    [
      'that cleans nothing up',
      { ignore_startup_parameters: 'options', server_reset_query: '', application_name_add_host: '1' },
    ],
  ])('%s', (_name, settings) => {
    const session = () => pooler({ pool_mode: 'session', ...settings })

    test('looks without a right to change, in the schema of the environment, and leaves no trace', async () => {
      const { url } = await session()
      const door = open(url, 'another')
      const [seen] = await look(
        door,
        `SELECT current_setting('default_transaction_read_only') AS only, current_setting('search_path') AS path, current_setting('application_name') AS name`,
      )
      expect(seen).toEqual({ only: 'on', path: '"another"', name: door.name })
      await door.query(executes('CREATE TABLE public.made (id int)'), 'CREATE', never)
      await door.close()
      expect(await settingsInPool(url)).toEqual([asBorn, asBorn])
    })

    test('is locked like the server itself, for those who come directly too', async () => {
      const { url } = await session()
      const first = await lock(open(url))
      expect(await lock(open(url))).toEqual({ heldBy: holder })
      expect(await lock(open(db.url))).toEqual({ heldBy: holder })
      if ('free' in first) await first.free()
      expect(await advisoryLocks()).toEqual([])
      const next = await lock(open(db.url))
      if ('free' in next) ends.push(() => next.free())
      expect(next).toHaveProperty('free')
    })

    test('has a look cancelled on the server', async () => {
      const { url } = await session()
      const door = open(url)
      const abort = new AbortController()
      const looking = look(door, 'SELECT pg_sleep(600)', abort.signal)
      const running = () =>
        db.asAdmin(`SELECT 1 FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(600)' AND state = 'active'`)
      await until(async () => (await running()).length)
      abort.abort(new Failed({ kind: 'interrupted', signal: 'SIGINT' }))
      expect(failureOf(await looking.catch((error) => error))).toMatchObject({ kind: 'interrupted' })
      expect(await running()).toEqual([])
    })
  })

  test('but has no second session is refused, and named', async () => {
    const { url } = await pooler({
      ...{ pool_mode: 'session', ignore_startup_parameters: 'options' },
      ...{ default_pool_size: '1', query_wait_timeout: '2' },
    })
    const failure = failureOf(await lock(open(url)).catch((error) => error))
    expect(failure).toMatchObject({
      kind: 'pooled',
      mode: 'full',
    })
    expect(await advisoryLocks()).toEqual([])
  })
})

describe('a pooler that gives each client its own session, and has too few', () => {
  test.each([1, 2])('%i: it is named, and so is the server', async (size) => {
    const { url } = await pooler({
      ...{ pool_mode: 'session', default_pool_size: String(size), query_wait_timeout: '2' },
    })
    const door = open(url)
    // The lock itself needs two.
    const work = async () => {
      const taken = await lock(door)
      if ('free' in taken) ends.push(() => taken.free())
      await look(door, 'SELECT 1')
    }
    const failure = failureOf(await work().catch((error) => error))
    expect(failure).toMatchObject({ kind: 'pooled', mode: 'full' })
    const { sentence, remedy } = explain(failure)
    expect(sentence).toContain('SHOP_URL leads to PgBouncer at 127.0.0.1:')
    expect(sentence).toContain('no session left')
    expect(remedy).toContain('the server’s own address into SHOP_URL')
    expect(remedy).toContain(`the pooler reaches it at 127.0.0.1:${db.port}`)
    expect(remedy).toContain('pool_size')
    expect(remedy).not.toContain('pg_isready')
  })
})
