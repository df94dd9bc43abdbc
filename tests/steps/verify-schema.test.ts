import { afterAll, beforeAll, expect, test } from 'vitest'
import { verifySchema } from '../../steps/verify-schema.ts'
import { freshDatabase } from '../rig/postgres.ts'
import { stepRig } from '../rig/step-rig.ts'

let db: Awaited<ReturnType<typeof freshDatabase>>
let rig: Awaited<ReturnType<typeof stepRig>>
beforeAll(async () => {
  db = await freshDatabase({ name: 'Lumiku-Production' })
  rig = await stepRig({ dir: '/', databaseUrl: db.url })
  await db.query(`CREATE TABLE avatars (id text PRIMARY KEY, "usageCount" int NOT NULL DEFAULT 0);
    CREATE SCHEMA "Other Schema"; CREATE TABLE "Other Schema"."Mixed Case" (id int); CREATE TABLE empty ()`)
})
afterAll(async () => {
  rig.dispose()
  await db.drop()
})

test('tables as they should be: each fact with its evidence, and nothing done', async () => {
  const step = verifySchema({
    tables: {
      avatars: {
        columns: { id: 'text', usageCount: { type: 'int', nullable: false, default: 0 } },
        count: 2,
      },
      'Mixed Case': { schema: 'Other Schema', columns: { id: 'int' } },
      empty: {},
    },
  })
  expect(await rig.needs(step)).toBeUndefined()
  const run = await rig.run(step)
  expect(run).toMatchObject({ ended: 'done', performed: [] })
  expect(run.events.flatMap((event) => (event.type === 'looked' ? [event.seen] : []))).toEqual([
    '2 columns as expected',
    '2 columns',
    '1 column as expected',
    'public.empty',
  ])
})

test('everything that is wrong is named at once', async () => {
  const run = await rig.run(
    verifySchema({
      tables: {
        avatars: { columns: { usageCount: 'bigint', gender: 'text' }, count: 26 },
        'Mixed Case': { count: 1 },
      },
    }),
  )
  expect(run).toMatchObject({
    ended: 'failed',
    failure: {
      kind: 'after-unmet',
      unmet: [
        { seen: 'usageCount is integer (expected bigint); gender is missing' },
        { seen: '2 columns, expected 26' },
        { seen: 'no table Mixed Case in schema public; there is one in Other Schema' },
      ],
    },
  })
})

test('mistakes in the options, with their places', () => {
  expect(verifySchema({ tables: {} }).mistakes).not.toEqual([])
  // @ts-expect-error: a wrong option is an error of types
  const { mistakes } = verifySchema({ tables: { avatars: { column: { id: 'text' } } } })
  expect(JSON.stringify(mistakes)).toContain('tables.avatars.column')
  // @ts-expect-error: likewise
  expect(verifySchema({ tables: { avatars: { columns: { id: { typ: 'text' } } } } }).mistakes).not.toEqual([])
})
