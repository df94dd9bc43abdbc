import { beforeEach, describe, expect, test } from 'vitest'
import { connected, createDatabase, createRole, urlOf } from '../../examples/world/databases.ts'
import { systemClock } from '../../runbook/doors/clock.ts'
import { DatabaseDoor } from '../../runbook/doors/database.ts'
import { databaseFreeze, freezeDatabase } from '../../runbook/doors/database-freeze.ts'
import { parseDatabaseUrl } from '../../runbook/doors/database-url.ts'
import { executes, transaction } from '../../runbook/model/action.ts'
import { emptyDatabase } from '../../steps/restore/in-place/empty-and-prove.ts'
import { clusterEndedBy, endsAfterEach } from '../rig/ends.ts'
import { freshDatabase } from '../rig/postgres.ts'

const never = new AbortController().signal
const ends = endsAfterEach()
const doorTo = (url: string) => {
  const target = parseDatabaseUrl(url)
  if ('mistake' in target) throw new Error(target.mistake)
  const door = new DatabaseDoor(target, { name: 'runbook durable', schema: 'public', clock: systemClock })
  ends.push(() => door.close())
  return door
}

describe('whoever sets synchronous_commit', () => {
  let db: Awaited<ReturnType<typeof freshDatabase>>
  beforeEach(async () => {
    db = await freshDatabase()
    ends.push(db.drop)
    await db.query('CREATE TABLE seen (how text, value text)')
  })
  const setting = `current_setting('synchronous_commit')`

  test.each([
    ['off', 'on'],
    ['local', 'on'],
    ['remote_write', 'on'],
    ['on', 'on'],
    ['remote_apply', 'remote_apply'],
  ])(
    '%s for the role: a transaction, a change and a restore in place commit with %s',
    async (of, expected) => {
      await db.asAdmin(`ALTER ROLE "${db.role.name}" SET synchronous_commit = ${of}`)
      const door = doorTo(db.url)
      const note = (how: string) => ({ sql: `INSERT INTO seen VALUES ('${how}', ${setting})`, line: 1 })
      await door.transact(transaction([note('transaction')]), 'it', never)
      await door.transact(transaction([note('limited')], { lock_timeout: '1s' }), 'it', never)
      await door.query(executes(note('change').sql), 'it', never)
      expect(await db.query('SELECT DISTINCT value FROM seen')).toEqual([{ value: expected }])
      await connected(db.url, async (client) => {
        await client.query('BEGIN')
        await client.query(emptyDatabase)
        await client.query(`CREATE TABLE emptied AS SELECT ${setting} AS value`)
        await client.query('COMMIT')
      })
      expect(await db.query('SELECT value FROM emptied')).toEqual([{ value: expected }])
    },
  )

  test('off for the database, and what each of them has seen', async () => {
    await db.asAdmin(`ALTER DATABASE "${db.database}" SET synchronous_commit = off`)
    const door = doorTo(db.url)
    const note = (how: string) => ({ sql: `INSERT INTO seen VALUES ('${how}', ${setting})`, line: 1 })
    await door.transact(transaction([note('transaction'), note('again')]), 'it', never)
    await door.query(executes(note('change').sql), 'it', never)
    expect(await db.query('SELECT * FROM seen')).toEqual([
      { how: 'transaction', value: 'on' },
      { how: 'again', value: 'on' },
      { how: 'change', value: 'on' },
    ])
    // What looks is not concerned, and neither is who comes without the tool.
    expect(await db.query(`SELECT ${setting} AS value`)).toEqual([{ value: 'off' }])
  })
})

test('a lock on purpose is there after a crash of a server that commits without waiting', async () => {
  const cluster = await clusterEndedBy(ends, { synchronous_commit: 'off', wal_writer_delay: '10s' })
  const role = { name: 'app', password: 'pw' }
  await connected(cluster.adminUrl, async (admin) => {
    await createRole(admin, role)
    await createDatabase(admin, 'shop', role)
  })
  const url = urlOf(role, cluster.port, 'shop')
  const freeze = { operator: 'ada', machine: 'one', since: '2026-11-22T02:15:00.000Z', reason: 'an audit' }
  await freezeDatabase(doorTo(url), 'shop:production', freeze, never)
  await doorTo(url).transact(
    transaction([{ sql: 'CREATE TABLE made AS SELECT 1 AS one', line: 1 }]),
    'it',
    never,
  )
  await cluster.restart('immediate')
  expect(await databaseFreeze(doorTo(url), 'shop:production', never)).toEqual(freeze)
  expect(await connected(url, async (client) => (await client.query('TABLE made')).rows)).toEqual([
    { one: 1 },
  ])
}, 60_000)
