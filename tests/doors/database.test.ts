import type { AddressInfo } from 'node:net'
import { connect, createServer, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { systemClock } from '../../runbook/doors/clock.ts'
import { DatabaseDoor } from '../../runbook/doors/database.ts'
import { parseDatabaseUrl } from '../../runbook/doors/database-url.ts'
import { executes, selects, transaction } from '../../runbook/model/action.ts'
import { Failed, type Failure, failureOf } from '../../runbook/model/failure.ts'
import { until } from '../rig/command-line.ts'
import { freshDatabase } from '../rig/postgres.ts'
import { silentWay } from '../rig/silent-way.ts'

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
const interrupted = () => {
  const abort = new AbortController()
  const interrupt = () => abort.abort(new Failed({ kind: 'interrupted', signal: 'SIGINT' }))
  return { signal: abort.signal, interrupt }
}
let doors = 0
const open = (url = db.url, schema = 'public') => {
  const target = parseDatabaseUrl(url)
  if ('mistake' in target) throw new Error(target.mistake)
  const name = `runbook test ${process.pid} ${doors++}`
  const door = new DatabaseDoor(target, { name, schema, clock: systemClock })
  ends.push(() => door.close())
  const sessions = async (state = '%') =>
    await db.asAdmin<{ state: string; query: string }>(
      `SELECT state, query FROM pg_stat_activity WHERE application_name = '${name}' AND state LIKE '${state}'`,
    )
  return {
    door,
    sessions,
    kill: () =>
      db.asAdmin(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '${name}'`),
    look: <Row>(sql: string, ...values: (string | number)[]) =>
      door.query<Row>(selects<Row>(sql, ...values), sql, never),
    change: <Row>(sql: string) => door.query<Row>(executes<Row>(sql), sql, never),
    transact: (statements: string[], settings?: Record<string, string>, signal = never) =>
      door.transact(
        transaction(
          statements.map((sql, i) => ({ sql, line: i * 10 + 1 })),
          settings,
        ),
        'a script',
        signal,
      ),
  }
}
const failing = async (work: Promise<unknown>): Promise<Failure> =>
  work.then(
    () => Promise.reject(new Error('it did not fail')),
    (error) => failureOf(error),
  )
const other = (change: (url: URL) => void) => {
  const url = new URL(db.url)
  change(url)
  return url.href
}

/** A way to the server that lets no answer through from when it hears the one word until it hears the other. */
const holdingBack = async (from: string, until: string): Promise<number> => {
  const proxy = createServer((client) => {
    const server = connect(db.port, '127.0.0.1')
    ends.push(() => [client, server].forEach((socket) => void socket.destroy()))
    for (const socket of [client, server]) socket.on('error', () => {})
    let heard = ''
    client.on('data', (chunk) => {
      heard += chunk.toString('latin1')
      if (heard.includes(from) && !heard.includes(until)) server.pause()
      else server.resume()
      server.write(chunk)
    })
    client.on('end', () => server.end())
    server.pipe(client)
  })
  ends.push(() => void proxy.close())
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  return (proxy.address() as AddressInfo).port
}

describe('a server that cannot be reached', () => {
  test('is told with its place and why, without the password', async () => {
    const wrongPassword = await failing(
      open(other((url) => (url.password = 'not-the-password'))).look('SELECT 1'),
    )
    expect(wrongPassword).toMatchObject({
      ...{ kind: 'database-unreachable', code: '28P01', target: `${db.database} at 127.0.0.1:${db.port}` },
    })
    expect(JSON.stringify(wrongPassword)).not.toContain('not-the-password')
    expect(await failing(open(other((url) => (url.pathname = '/Absent'))).look('SELECT 1'))).toMatchObject({
      ...{ kind: 'database-unreachable', code: '3D000' },
    })
    expect(await failing(open(other((url) => (url.port = '1'))).change('SELECT 1'))).toMatchObject({
      ...{ kind: 'database-unreachable', code: 'ECONNREFUSED' },
    })
    expect(await failing(open(other((url) => (url.hostname = 'db.invalid'))).look('SELECT 1'))).toMatchObject(
      {
        kind: 'database-unreachable',
        code: expect.stringMatching(/ENOTFOUND|EAI_AGAIN/),
      },
    )
  })

  test('and does not answer does not hold up an interrupt', async () => {
    const sockets = new Set<Socket>()
    const silent = createServer((socket) => sockets.add(socket))
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    ends.push(() => {
      for (const socket of sockets) socket.destroy()
      silent.close()
    })
    const { port } = silent.address() as AddressInfo
    const { door } = open(`postgresql://ada:secret@127.0.0.1:${port}/shop`)
    for (const query of [selects('SELECT 1'), executes('SELECT 1')]) {
      sockets.clear()
      const { signal, interrupt } = interrupted()
      const looking = door.query(query, 'SELECT 1', signal)
      await until(() => sockets.size > 0)
      interrupt()
      expect(await failing(looking)).toEqual({ kind: 'interrupted', signal: 'SIGINT' })
    }
  })

  test.each([
    ['prefer', undefined],
    ['allow', undefined],
    ['disable', undefined],
    ['require', 'The server does not support SSL connections'],
    ['verify-full', 'The server does not support SSL connections'],
  ])('encrypts as sslmode=%s says', async (sslmode, message) => {
    const { look } = open(other((url) => url.searchParams.set('sslmode', sslmode)))
    if (!message) expect(await look('SELECT 1 AS one')).toEqual([{ one: 1 }])
    else expect(await failing(look('SELECT 1'))).toMatchObject({ kind: 'database-unreachable', message })
  })
})

describe('a look', () => {
  test('may not change anything: the server itself refuses', async () => {
    const { look, change } = open()
    await change('CREATE TABLE t (id serial)')
    for (const sql of [
      'INSERT INTO t DEFAULT VALUES',
      'DROP TABLE t',
      "SELECT nextval('t_id_seq')",
      'CREATE TABLE u ()',
    ])
      expect(await failing(look(sql))).toMatchObject({ kind: 'query-failed', sqlstate: '25006' })
    expect(await look('SELECT count(*) FROM t')).toEqual([{ count: 0 }])
  })

  test('gives rows as JSON can hold them', async () => {
    const { look } = open()
    const [row] = await look<Record<string, unknown>>(
      `SELECT 5000000000::bigint AS big, '2026-11-22 02:15:00+00'::timestamptz AS at, '2026-11-22'::date AS day,
        1.50::numeric AS price, '{"a":[1]}'::jsonb AS json, NULL AS nothing, $1::text AS given, '{1,2}'::int[] AS list`,
      `it's`,
    )
    const expected = {
      big: 5_000_000_000,
      at: expect.stringContaining('2026-11-22'),
      day: '2026-11-22',
      price: '1.50',
    }
    expect(row).toEqual({ ...expected, json: { a: [1] }, nothing: null, given: "it's", list: [1, 2] })
    expect(JSON.parse(JSON.stringify(row))).toEqual(row)
  })

  test('beside many others waits for its turn, with a few sessions and without a warning', async () => {
    const warnings: Error[] = []
    const warned = (warning: Error) => warnings.push(warning)
    process.on('warning', warned)
    ends.push(() => process.off('warning', warned))
    const { look, sessions } = open()
    const looks = Array.from({ length: 12 }, (_, i) =>
      look<{ i: number }>('SELECT pg_sleep(0.05), $1::int AS i', i),
    )
    expect((await Promise.all(looks)).map(([row]) => row!.i)).toEqual([...Array(12).keys()])
    expect((await sessions()).length).toBeLessThanOrEqual(3)
    await new Promise(setImmediate)
    expect(warnings).toEqual([])
  })

  test('goes on after the server has ended its sessions', async () => {
    const { look, sessions, kill } = open()
    await look('SELECT 1')
    await kill()
    await until(async () => (await sessions()).length === 0)
    await until(async () => (await look('SELECT 1 AS one').catch(() => [])).length === 1)
    const waiting = failing(look('SELECT pg_sleep(60)'))
    await until(async () => (await sessions('active')).length === 1)
    await kill()
    expect(['query-failed', 'database-unreachable']).toContain((await waiting).kind)
    await until(async () => (await look('SELECT 1 AS one').catch(() => [])).length === 1)
  })

  test('is at home in the environment’s schema, whatever its name', async () => {
    const schema = 'My "own" \\ schema'
    const { change, look } = open(db.url, schema)
    await db.query(`CREATE SCHEMA "${schema.replaceAll('"', '""')}"`)
    await change('CREATE TABLE here (id int)')
    expect(await look('SELECT count(*) FROM here')).toEqual([{ count: 0 }])
    expect(await look("SELECT schemaname FROM pg_tables WHERE tablename = 'here'")).toEqual([
      { schemaname: schema },
    ])
  })

  test('that takes longer than it may is a timeout', async () => {
    const { door } = open()
    const slow = { ...selects('SELECT pg_sleep(60)'), timeout: 50 }
    expect(await failing(door.query(slow, 'SELECT pg_sleep(60)', never))).toEqual({
      ...{ kind: 'timeout', printed: 'SELECT pg_sleep(60)', after: 50, tail: '' },
    })
    expect(await door.query(selects("SELECT current_setting('statement_timeout') AS t"), '', never)).toEqual([
      { t: '30s' },
    ])
  })

  test('leaves no session behind once the door is closed', async () => {
    const { door, look, sessions } = open()
    await Promise.all([look('SELECT 1'), look('SELECT 2')])
    expect((await sessions()).length).toBeGreaterThan(0)
    await door.close()
    await until(async () => (await sessions()).length === 0)
  })
})

describe('an interrupt', () => {
  test.each([
    [
      'a look',
      (door: DatabaseDoor, signal: AbortSignal) => door.query(selects('SELECT pg_sleep(600)'), '', signal),
    ],
    [
      'a change',
      (door: DatabaseDoor, signal: AbortSignal) => door.query(executes('SELECT pg_sleep(600)'), '', signal),
    ],
    [
      'a transaction',
      (door: DatabaseDoor, signal: AbortSignal) =>
        door.transact(
          transaction([
            { sql: 'CREATE TABLE half ()', line: 1 },
            { sql: 'SELECT pg_sleep(600)', line: 2 },
          ]),
          '',
          signal,
        ),
    ],
    [
      'several looks that wait for each other',
      (door: DatabaseDoor, signal: AbortSignal) =>
        Promise.all(Array.from({ length: 8 }, () => door.query(selects('SELECT pg_sleep(600)'), '', signal))),
    ],
    [
      'a look at a moment',
      (door: DatabaseDoor, signal: AbortSignal) =>
        door.snapshot((_, look) => look(selects('SELECT pg_sleep(600)'), ''), signal),
    ],
  ])('cancels %s on the server, and nothing of it stays', async (_, work) => {
    const { door, sessions } = open()
    const { signal, interrupt } = interrupted()
    const working = failing(work(door, signal))
    await until(async () => (await sessions('active')).some(({ query }) => query.includes('pg_sleep')))
    interrupt()
    expect(await working).toEqual({ kind: 'interrupted', signal: 'SIGINT' })
    await until(async () => (await sessions('active')).length === 0)
    await door.close()
    await until(async () => (await sessions()).length === 0)
    expect(await db.query("SELECT 1 FROM pg_tables WHERE tablename = 'half'")).toEqual([])
  })

  test('that came before starts nothing', async () => {
    const { door, sessions } = open()
    const { signal, interrupt } = interrupted()
    interrupt()
    for (const query of [selects('SELECT 1'), executes('CREATE TABLE x ()')])
      expect(await failing(door.query(query, '', signal))).toMatchObject({ kind: 'interrupted' })
    expect(await sessions()).toEqual([])
  })
})

describe('a transaction', () => {
  test('happens whole, and tells the rows of each statement', async () => {
    const { transact } = open()
    const results = await transact([
      'CREATE TABLE t (id int)',
      'INSERT INTO t SELECT generate_series(1, 3)',
      'DELETE FROM t WHERE id = 1',
    ])
    expect(results.map(({ line, rows }) => [line, rows])).toEqual([
      [1, 0],
      [11, 3],
      [21, 1],
    ])
    expect(await db.query('SELECT id FROM t ORDER BY id')).toEqual([{ id: 2 }, { id: 3 }])
  })

  test('that fails in its third statement leaves nothing, and names the line', async () => {
    const { transact } = open()
    const third = `INSERT INTO t\nVALUES (1,\n  no_such_column)`
    expect(
      await failing(transact(['CREATE TABLE t (id int)', 'INSERT INTO t VALUES (1)', third])),
    ).toMatchObject({
      ...{ kind: 'query-failed', sqlstate: '42703', line: 23, statement: third },
      message: expect.stringContaining('no_such_column'),
    })
    expect(await db.query("SELECT 1 FROM pg_tables WHERE tablename = 't'")).toEqual([])
  })

  test('is on its way whole before anything of it is answered', async () => {
    const port = await holdingBack('BEGIN', 'CREATE TABLE last')
    const { transact } = open(other((url) => (url.port = String(port))))
    const results = await transact(['CREATE TABLE first ()', 'SELECT 1', 'CREATE TABLE last ()'])
    expect(results.map(({ rows }) => rows)).toEqual([0, 1, 0])
    expect(await db.query("SELECT 1 FROM pg_tables WHERE tablename IN ('first', 'last')")).toHaveLength(2)
  })

  test('that is interrupted in a pipeline of many comes to its end at once, and leaves nothing', async () => {
    const { transact, door, sessions } = open()
    const { signal, interrupt } = interrupted()
    const many = Array.from({ length: 200 }, (_, i) => `SELECT pg_sleep(${i < 3 ? 0.01 : 30})`)
    const work = failing(transact(['CREATE TABLE half ()', ...many], {}, signal))
    await until(async () => (await sessions()).some(({ query }) => query === 'SELECT pg_sleep(30)'))
    interrupt()
    expect(await work).toMatchObject({ kind: 'interrupted' })
    await door.close()
    await until(async () => (await sessions()).length === 0)
    expect(await db.query("SELECT 1 FROM pg_tables WHERE tablename = 'half'")).toEqual([])
  })

  test('that fails only when it is committed leaves nothing either', async () => {
    const { transact } = open()
    const table = 'CREATE TABLE t (id int PRIMARY KEY, of int REFERENCES t DEFERRABLE INITIALLY DEFERRED)'
    const failure = await failing(transact([table, 'INSERT INTO t VALUES (1, 2)']))
    expect(failure).toMatchObject({ kind: 'query-failed', sqlstate: '23503', detail: expect.any(String) })
    expect(failure).not.toHaveProperty('line')
    expect(await db.query("SELECT 1 FROM pg_tables WHERE tablename = 't'")).toEqual([])
  })

  test('has its settings for itself', async () => {
    const { transact, door } = open()
    await db.query('CREATE TABLE held ()')
    const settings = { lock_timeout: '50ms', application_name: `it's` }
    const held = await door.connect()
    ends.push(() => held.end())
    await held.query('BEGIN; LOCK TABLE held')
    expect(await failing(transact(['DROP TABLE held'], settings))).toMatchObject({
      sqlstate: '55P03',
      line: 1,
    })
  })

  test('that takes longer than it may is a timeout, and leaves nothing', async () => {
    const { door } = open()
    const slow = transaction([
      { sql: 'CREATE TABLE t ()', line: 1 },
      { sql: 'SELECT pg_sleep(600)', line: 2 },
    ])
    expect(await failing(door.transact({ ...slow, timeout: 200 }, 'a script', never))).toMatchObject({
      ...{ kind: 'timeout', printed: 'a script', after: 200 },
    })
    expect(await db.query("SELECT 1 FROM pg_tables WHERE tablename = 't'")).toEqual([])
  })
})

test('a moment of the database stays as it was, also for who enters it by its id', async () => {
  const { door } = open()
  await db.query('CREATE TABLE t (id int); INSERT INTO t VALUES (1)')
  await db.query(`ALTER ROLE "${db.role.name}" SET idle_in_transaction_session_timeout = '50ms'`)
  const seen = await door.snapshot(async (id, look) => {
    await db.query('INSERT INTO t VALUES (2)')
    const second = await door.connect()
    ends.push(() => second.end())
    await second.query(
      `SET idle_in_transaction_session_timeout = 0; BEGIN ISOLATION LEVEL REPEATABLE READ; SET TRANSACTION SNAPSHOT '${id}'`,
    )
    const entered = await second.query('SELECT count(*)::int AS n FROM t')
    await second.query('SELECT pg_sleep(0.1)')
    return [
      entered.rows[0].n,
      (await look<{ n: number }>(selects('SELECT count(*)::int AS n FROM t'), ''))[0]!.n,
    ]
  }, never)
  expect(seen).toEqual([1, 1])
  const refused = door.snapshot((_, look) => look(selects('INSERT INTO t VALUES (3)'), 'INSERT'), never)
  expect(await failing(refused)).toMatchObject({ kind: 'query-failed', sqlstate: '25006' })
})

describe('a line that falls silent', () => {
  const silenced = async () => {
    const way = await silentWay(db.port)
    ends.push(way.close)
    const url = new URL(db.url)
    url.port = String(way.port)
    const opened = open(url.href)
    await opened.look('SELECT 1')
    return { ...opened, fallSilent: way.fallSilent }
  }
  const took = async (work: Promise<unknown>) => {
    const began = performance.now()
    return { failure: await failing(work), ms: performance.now() - began }
  }

  test('a look is given up soon after its time', async () => {
    const { door, fallSilent } = await silenced()
    fallSilent()
    const query = { ...selects('SELECT 1'), timeout: 500 }
    const { failure, ms } = await took(door.query(query, 'SELECT 1', never))
    expect(failure).toMatchObject({ kind: 'database-unreachable', lost: true })
    expect(ms).toBeLessThan(9_000)
  })

  test('what is interrupted is left although no cancel arrives', async () => {
    const { door, fallSilent } = await silenced()
    const { signal, interrupt } = interrupted()
    const look = took(door.query(selects('SELECT pg_sleep(60)'), 'a look', signal))
    const script = took(
      door.transact(transaction([{ sql: 'SELECT pg_sleep(60)', line: 1 }]), 'a script', signal),
    )
    await until(
      async () =>
        (await db.asAdmin(`SELECT 1 FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(60)'`)).length === 2,
    )
    fallSilent()
    interrupt()
    for (const { failure, ms } of await Promise.all([look, script])) {
      expect(failure).toMatchObject({ kind: 'interrupted' })
      expect(ms).toBeLessThan(12_000)
    }
  })

  test('its end is not waited for', async () => {
    const { door, fallSilent } = await silenced()
    fallSilent()
    const began = performance.now()
    await door.close()
    expect(performance.now() - began).toBeLessThan(5_000)
  })
})
