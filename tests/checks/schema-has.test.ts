import { expect, onTestFinished, test } from 'vitest'
import type { SchemaObject } from '../../checks/reading/schema-objects.ts'
import { schemaHas } from '../../checks/schema-has.ts'
import { schemaLacks } from '../../checks/schema-lacks.ts'
import { freshDatabase } from '../rig/postgres.ts'
import { stepRig } from '../rig/step-rig.ts'

const all = (schema: string): SchemaObject[] => [
  { kind: 'schema', schema: '', name: 'My Schema' },
  { kind: 'extension', schema: '', name: 'plpgsql' },
  { kind: 'table', schema, name: 'T' },
  { kind: 'column', schema, of: 'T', name: 'A' },
  { kind: 'constraint', schema, of: 'T', name: 'K' },
  { kind: 'index', schema, name: 'I' },
  { kind: 'sequence', schema, name: 'T_id_seq' },
  { kind: 'type', schema, name: 'E' },
  { kind: 'value', schema, of: 'E', name: "it's" },
]

test('everything with a name is found in its own schema, and only there', async () => {
  const db = await freshDatabase()
  const rig = await stepRig({ dir: '/', databaseUrl: db.url })
  onTestFinished(async () => {
    rig.dispose()
    await db.drop()
  })
  await db.query(`CREATE SCHEMA "My Schema"; SET search_path TO "My Schema";
    CREATE TABLE "T" (id serial, "A" int CONSTRAINT "K" CHECK ("A" > 0)); CREATE INDEX "I" ON "T" ("A");
    CREATE TYPE "E" AS ENUM ('it''s')`)
  expect(await rig.look(schemaHas(all('My Schema')))).toEqual({ holds: true, seen: 'all 9 objects' })
  expect(await rig.look(schemaHas(all('public')))).toEqual({
    holds: false,
    seen: "missing: table T, column T.A, constraint T.K, index I, sequence T_id_seq, type E, value E.it's",
  })
  expect(await rig.look(schemaLacks(all('public').slice(2)))).toEqual({
    holds: true,
    seen: 'none of 7 objects',
  })
  expect(await rig.look(schemaLacks(all('My Schema')))).toMatchObject({
    holds: false,
    seen: expect.stringContaining('column T.A'),
  })
})
