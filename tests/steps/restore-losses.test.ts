import { beforeEach, describe, expect, inject, onTestFinished, test } from 'vitest'
import { connected } from '../../examples/world/databases.ts'
import { besideOf, lossText } from '../../runbook/index.ts'
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

/** What a plan of a restore says that it loses. */
const plannedLosses = async (dump: string): Promise<string[]> => {
  const { bring, swap } = restoreDatabase({ dump })
  const { steps } = await rig.plan(bring, swap)
  return steps.flatMap(({ loses }) => loses.map((loss) => lossText(loss)))
}

describe('what a policy hides is not taken for what is not there', () => {
  test('its table cannot be told, and the others are counted', async () => {
    await db.query(
      `CREATE TABLE visit (id int PRIMARY KEY, clinic text, note text);
       INSERT INTO visit SELECT n, (ARRAY['north', 'south', 'east'])[n % 3 + 1], '' FROM generate_series(1, 90) n;
       ALTER TABLE visit ENABLE ROW LEVEL SECURITY; CREATE POLICY own ON visit USING (clinic = 'north')`,
    )
    const dump = await backup()
    await db.query(
      `ALTER TABLE visit FORCE ROW LEVEL SECURITY; UPDATE visit SET note = 'seen' WHERE id <= 30; DELETE FROM orders WHERE id = 5`,
    )
    const planned = await plannedLosses(dump)
    expect(planned).toContain('1 row fewer in orders than in what comes back')
    expect(planned).toContainEqual(
      expect.stringMatching(/^what of visit is lost cannot be told, because .*row-level security/),
    )
    const lost = lostIn(await restore(dump))
    expect(lost).toContain('1 row deleted from orders: they come back')
    expect(lost).toMatch(/what of visit is lost cannot be told, because .*row-level security/)
    expect(lost).not.toMatch(/\d rows? [^;]*visit/)
  })
})

describe('the same value is the same text, whatever the role’s settings are', () => {
  test.each([
    ['extra_float_digits', '-10', 'real', "'1.00001'", "'1.00002'"],
    ['extra_float_digits', '-15', 'point', "'(1,2.000000001)'", "'(1,2.000000002)'"],
    ['"DateStyle"', "'SQL, DMY'", 'timestamptz', "'2026-02-03 04:05:06+00'", "'2026-02-03 04:05:07+00'"],
  ])('%s %s: a changed %s is seen', async (setting, to, type, value, other) => {
    await db.asAdmin(`ALTER ROLE "${db.role.name}" SET ${setting} = ${to}`)
    await db.query(
      `CREATE TABLE scale (id int PRIMARY KEY, v ${type}); INSERT INTO scale VALUES (1, ${value})`,
    )
    const dump = await backup()
    await db.query(`UPDATE scale SET v = ${other}`)
    expect(lostIn(await restore(dump))).toBe('1 row changed in scale: they become again what they were')
  })

  test('a setting of one of the two databases alone keeps nothing from being told', async () => {
    await db.query(
      "CREATE TABLE stay (id int PRIMARY KEY, lasted interval, face bytea); INSERT INTO stay VALUES (1, '1 day 2:00', '\\x01ff')",
    )
    const dump = await backup()
    await db.query("UPDATE stay SET lasted = '1 day 3:00'")
    const run = await restore(dump, async (id) => {
      if (id === 'account-for-losses')
        await db.query(
          `ALTER DATABASE "${db.database}" SET "IntervalStyle" = 'iso_8601'; ALTER DATABASE "${db.database}" SET bytea_output = 'escape'`,
        )
    })
    expect(lostIn(run)).toBe('1 row changed in stay: they become again what they were')
  })
})

test('a table that the role may not read cannot be told, and the others are counted', async () => {
  await db.query('CREATE TABLE reading (day date, v int) PARTITION BY RANGE (day)')
  const dump = await backup()
  await db.query('DELETE FROM orders WHERE id <= 4')
  await db.asAdmin(
    `CREATE SCHEMA audit; CREATE TABLE audit.trail (id int); INSERT INTO audit.trail VALUES (1);
     CREATE TABLE reading_2027 PARTITION OF reading FOR VALUES FROM ('2027-01-01') TO ('2028-01-01')`,
  )
  const planned = await plannedLosses(dump)
  expect(planned).toContain('4 rows fewer in orders than in what comes back')
  expect(planned).toContainEqual(
    expect.stringMatching(/^what of audit\.trail is lost cannot be told, because permission denied/),
  )
  const lost = lostIn(await restore(dump))
  expect(lost).toContain('4 rows deleted from orders: they come back')
  expect(lost).toMatch(/what of audit\.trail is lost cannot be told, because permission denied/)
  expect(lost).toMatch(/what of reading_2027 is lost cannot be told, because permission denied/)
})

test('a table without a column of the one in the backup has lost all that either holds', async () => {
  await db.query(
    'CREATE TABLE tariff (a int PRIMARY KEY, b text); INSERT INTO tariff SELECT n, n FROM generate_series(1, 12) n',
  )
  const dump = await backup()
  await db.query(`DROP TABLE tariff; CREATE TABLE tariff (code text, net numeric);
    INSERT INTO tariff SELECT n, n FROM generate_series(1, 12) n`)
  expect(lostIn(await restore(dump))).toBe(
    '12 rows in tariff: none of its columns is in the backup’s table of that name; ' +
      '12 rows in the backup’s tariff, of which no column is there any more: they come back',
  )
})

test('columns that were dropped bring their values back', async () => {
  const dump = await backup()
  await db.query('ALTER TABLE line DROP COLUMN price')
  expect(lostIn(await restore(dump))).toBe(
    '3,000 rows with a value in line.price, which is not there any more: they come back',
  )
})

test('names that can be taken for others are quoted, and each has its own figures', async () => {
  await db.query(`CREATE SCHEMA a; CREATE SCHEMA "a.b";
    CREATE TABLE a."b.c" (id int PRIMARY KEY, v int); CREATE TABLE "a.b".c (id int PRIMARY KEY, v int);
    CREATE TABLE "a.b.c" (id int PRIMARY KEY, v int);
    INSERT INTO a."b.c" SELECT n, 0 FROM generate_series(1, 9) n; INSERT INTO "a.b".c SELECT n, 0 FROM generate_series(1, 9) n;
    INSERT INTO "a.b.c" SELECT n, 0 FROM generate_series(1, 9) n`)
  const dump = await backup()
  await db.query(
    'UPDATE a."b.c" SET v = 1 WHERE id < 3; UPDATE "a.b".c SET v = 1 WHERE id < 5; UPDATE "a.b.c" SET v = 1 WHERE id < 2',
  )
  const parts = lostIn(await restore(dump)).split('; ')
  expect(parts.toSorted()).toEqual([
    '1 row changed in "a.b.c": they become again what they were',
    '2 rows changed in a."b.c": they become again what they were',
    '4 rows changed in "a.b".c: they become again what they were',
  ])
})

describe('a table of the backup that is not there any more comes back', () => {
  const tables = `CREATE SCHEMA old; CREATE TABLE old.receipt (id int); INSERT INTO old.receipt VALUES (1), (2), (3);
    CREATE TABLE stock (id int); INSERT INTO stock VALUES (1), (2); CREATE TABLE bin (id int); INSERT INTO bin VALUES (1)`
  const gone = `DROP SCHEMA old CASCADE; DROP TABLE stock; CREATE VIEW stock AS SELECT 1 AS id;
    DROP TABLE bin; CREATE TABLE bin (id int) PARTITION BY HASH (id)`
  const said = [
    '1 row in the table bin, which is a partitioned table now: they come back',
    '3 rows in the table old.receipt, which is not there any more: they come back',
    '2 rows in the table stock, which is a view now: they come back',
  ]

  test('in a plan and afterwards', async () => {
    await db.query(tables)
    const dump = await backup()
    await db.query(gone)
    expect(await plannedLosses(dump)).toEqual(expect.arrayContaining(said))
    const lost = lostIn(await restore(dump))
    for (const one of said) expect(lost).toContain(one)
  })

  test('also where the application writes into it before it is counted', async () => {
    await db.query(tables)
    const dump = await backup()
    await db.query(gone)
    const run = await restore(dump, async (id) => {
      if (id === 'account-for-losses') await db.query('INSERT INTO stock VALUES (9), (10)')
    })
    expect(lostIn(run)).toContain(said[2])
  })
})

test('of a renamed table and column only what is seen is said', async () => {
  const dump = await backup()
  await db.query(
    'CREATE SCHEMA kept; ALTER TABLE log SET SCHEMA kept; ALTER TABLE line RENAME COLUMN price TO amount',
  )
  const lost = lostIn(await restore(dump))
  expect(lost).toContain('3 rows in the table kept.log: the backup has no table of that name')
  expect(lost).toContain('3 rows in the table log, which is not there any more: they come back')
  expect(lost).toContain('with a value in line.amount: the backup has no column of that name')
  expect(lost).not.toContain('made since')
})

describe('sequences that go back are said', () => {
  test('up, down, and never asked before', async () => {
    await db.query(`CREATE SEQUENCE invoice; SELECT setval('invoice', 100); CREATE SEQUENCE depth INCREMENT -2 MAXVALUE 10 START 10;
      SELECT nextval('depth'); CREATE SEQUENCE fresh; CREATE SEQUENCE still; SELECT nextval('still'); CREATE SEQUENCE ahead; SELECT setval('ahead', 50)`)
    const dump = await backup()
    await db.query(
      `SELECT setval('invoice', 117); SELECT nextval('depth'); SELECT nextval('fresh'); SELECT setval('ahead', 20)`,
    )
    expect((await plannedLosses(dump)).at(-1)).toContain('which numbers of 5 sequences come a second time')
    const run = await restore(dump, async (id) => {
      if (id === 'account-for-losses') await db.query(`SELECT setval('invoice', 200)`)
    })
    expect(lostIn(run)).toBe(
      'sequences go back, and numbers that were handed out since come a second time: ' +
        'depth from 8 to 10, fresh from 1 to its beginning, invoice from 117 to 100',
    )
  })
})
