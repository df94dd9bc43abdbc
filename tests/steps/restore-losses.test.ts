import { beforeEach, describe, expect, inject, onTestFinished, test } from 'vitest'
import { connected } from '../../examples/world/databases.ts'
import { besideOf } from '../../runbook/index.ts'
import { backupDatabase } from '../../steps/backup-database.ts'
import { restoreDatabase } from '../../steps/restore-database.ts'
import { freshDatabase } from '../rig/postgres.ts'
import { type StepRun, stepRig } from '../rig/step-rig.ts'

let db: Awaited<ReturnType<typeof freshDatabase>>
let rig: Awaited<ReturnType<typeof stepRig>>

const asAdmin = (sql: string) =>
  connected(inject('adminUrl'), async (client) => (await client.query(sql)).rows as { name: string }[])
const beside = async (what?: string): Promise<string[]> =>
  (await asAdmin('SELECT datname AS name FROM pg_database'))
    .map(({ name }) => name)
    .filter((name) => {
      const found = besideOf(db.database, '', name)
      return found && (what === undefined || found.what === what)
    })

beforeEach(async () => {
  db = await freshDatabase({ name: 'shop' })
  onTestFinished(async () => {
    for (const name of await beside()) await asAdmin(`DROP DATABASE IF EXISTS "${name}" WITH (FORCE)`)
    await db.drop()
  })
  await db.query(`
    CREATE TABLE orders (id int PRIMARY KEY, note text, doc json);
    INSERT INTO orders SELECT n, 'note ' || n, '{"a": 1}' FROM generate_series(1, 4000) n;
    CREATE TABLE line ("order" int, "no" int, price numeric, PRIMARY KEY ("order", "no"));
    INSERT INTO line SELECT n / 3, n % 3, n FROM generate_series(1, 3000) n;
    CREATE TABLE log (at timestamptz DEFAULT now(), what text); INSERT INTO log (what) VALUES ('a'), ('a'), ('b')`)
  rig = await stepRig({ dir: '/', name: 'production', databaseUrl: db.url })
  onTestFinished(rig.dispose)
})

const backup = async (): Promise<string> => {
  const run = await rig.run(backupDatabase())
  expect(run.failure).toBeUndefined()
  return (run.output as { dump: string }).dump
}
const restore = async (dump: string, meanwhile?: (id: string) => Promise<void>): Promise<StepRun> => {
  const { bring, swap, account } = restoreDatabase({ dump })
  const run = await rig.run([bring, swap, account], {
    ...(meanwhile && { before: (step) => meanwhile(step.id) }),
  })
  expect(run.failure).toBeUndefined()
  return run
}
const lostIn = ({ events }: StepRun): string =>
  events.flatMap((event) =>
    event.type === 'looked' && /what was lost/.test(event.fact) ? [event.seen] : [],
  )[0]!
const forecastIn = ({ events }: StepRun): string[] =>
  events.flatMap((event) =>
    event.type === 'step-done' && event.step === 'bring-backup'
      ? (event.output as { losses: { what: string; rows: number | null }[] }).losses.map(
          ({ what, rows }) => `${rows} ${what}`,
        )
      : [],
  )
const written = `
  INSERT INTO orders SELECT n, 'new', '{}' FROM generate_series(4001, 4005) n; UPDATE orders SET note = 'x' WHERE id <= 7;
  DELETE FROM orders WHERE id IN (11, 12); UPDATE line SET price = 0 WHERE "order" = 1; INSERT INTO log (what) VALUES ('c')`
const counted =
  '3 rows changed in line: they become again what they were; 1 row inserted into or changed in log (it has no primary key that tells which); ' +
  '5 rows inserted into orders; 7 rows changed in orders: they become again what they were; 2 rows deleted from orders: they come back'

describe('what a restore has lost is counted row by row', () => {
  test.each([
    ['as it is', ''],
    ['after VACUUM FULL', 'VACUUM FULL'],
    ['after CLUSTER', 'CLUSTER orders USING orders_pkey'],
    [
      'after tables were written anew',
      'ALTER TABLE orders ALTER id TYPE bigint; ALTER TABLE log ALTER what TYPE varchar(9)',
    ],
    [
      'after every row was written again as it was',
      'UPDATE orders SET note = note; UPDATE line SET price = price',
    ],
    ['after the rows were frozen', 'VACUUM (FREEZE)'],
  ])('%s', async (_, rewriting) => {
    const dump = await backup()
    await db.query(written)
    if (rewriting) await db.query(rewriting)
    const run = await restore(dump)
    expect(lostIn(run)).toBe(counted)
    expect(forecastIn(run).join('; ')).toContain('5 inserted into orders')
  })

  test('after an earlier restore, nothing is called new', async () => {
    const first = await backup()
    await db.query(written)
    await restore(first)
    expect(lostIn(await restore(first))).toBe('nothing')
    const second = await backup()
    await db.query('DELETE FROM orders WHERE id > 3999')
    expect(lostIn(await restore(second))).toBe('1 row deleted from orders: they come back')
    expect(lostIn(await restore(first))).toBe('nothing')
  })

  test('what was written between the count and the swap counts too', async () => {
    const dump = await backup()
    await db.query('DELETE FROM orders WHERE id = 1')
    const run = await restore(dump, async (id) => {
      if (id === 'swap-databases') await db.query('DELETE FROM orders WHERE id IN (2, 3)')
    })
    expect(forecastIn(run)).toEqual(['1 deleted from orders: they come back'])
    expect(lostIn(run)).toBe('3 rows deleted from orders: they come back (1 when it was counted before)')
  })

  test('where the application writes before it is counted, it cannot be told', async () => {
    const dump = await backup()
    await db.query('DELETE FROM orders WHERE id = 1')
    const run = await restore(dump, async (id) => {
      if (id === 'swap-databases') await db.query('DELETE FROM orders WHERE id IN (2, 3)')
      if (id === 'account-for-losses') await db.query("UPDATE orders SET note = 'mine' WHERE id = 4")
    })
    expect(lostIn(run)).toMatch(/^what of orders is lost cannot be told, because the application writes/)
  })

  test('but what had been counted before stays true of a table that nobody wrote in between', async () => {
    const dump = await backup()
    await db.query('DELETE FROM orders WHERE id = 1')
    const run = await restore(dump, async (id) => {
      if (id === 'account-for-losses') await db.query("UPDATE orders SET note = 'mine' WHERE id = 4")
    })
    expect(lostIn(run)).toBe('1 row deleted from orders: they come back')
  })

  test('values that are printed in another way are not taken for others', async () => {
    const dump = await backup()
    await db.query(`ALTER DATABASE "${db.database}" SET "TimeZone" = 'Asia/Tokyo'`)
    expect(lostIn(await restore(dump))).toBe('nothing')
  })
})

test('rows are fetched in several parts, and nothing is counted twice', async () => {
  await db.query(
    `CREATE TABLE many (id int PRIMARY KEY, v int); INSERT INTO many SELECT n, n FROM generate_series(1, 230000) n`,
  )
  const dump = await backup()
  await db.query(
    'UPDATE many SET v = v + 1; DELETE FROM many WHERE id % 1000 = 0; INSERT INTO many SELECT n, 0 FROM generate_series(900001, 900017) n',
  )
  expect(lostIn(await restore(dump))).toBe(
    '17 rows inserted into many; 229,770 rows changed in many: they become again what they were; 230 rows deleted from many: they come back',
  )
})

test('a plan has only the numbers, and says so', async () => {
  const dump = await backup()
  await db.query(written)
  const { bring, swap } = restoreDatabase({ dump })
  const { steps } = await rig.plan(bring, swap)
  const losses = steps.flatMap(({ loses }) => loses.map(({ what, rows }) => `${rows} ${what}`))
  expect(losses).toEqual([
    '1 more in log than in what comes back',
    '3 more in orders than in what comes back',
    expect.stringMatching(
      /^null which rows of 3 tables were written, changed or deleted cannot be told before/,
    ),
  ])
})
