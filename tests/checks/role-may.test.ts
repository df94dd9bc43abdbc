import { afterAll, beforeAll, expect, test } from 'vitest'
import { roleMay } from '../../checks/role-may.ts'
import { freshDatabase } from '../rig/postgres.ts'
import { stepRig } from '../rig/step-rig.ts'

let owner: Awaited<ReturnType<typeof freshDatabase>>
let other: Awaited<ReturnType<typeof freshDatabase>>
let rig: Awaited<ReturnType<typeof stepRig>>
let role: string
/** A role that owns nothing in the other's database. */
beforeAll(async () => {
  owner = await freshDatabase({ login: 'The Owner' })
  other = await freshDatabase({ login: 'Reader-1' })
  role = other.role.name
  await owner.asAdmin(`GRANT CONNECT ON DATABASE "${owner.database}" TO "${role}"`)
  await owner.query(
    'CREATE TABLE avatars (id bigserial); CREATE TABLE "Mixed Case" (id int); CREATE SCHEMA audit; CREATE TABLE audit.log (id int)',
  )
  const url = new URL(other.url)
  url.pathname = `/${encodeURIComponent(owner.database)}`
  rig = await stepRig({ dir: '/', databaseUrl: url.href })
})
afterAll(async () => {
  rig.dispose()
  await owner.drop()
  await other.drop()
})

test('read everything: what is closed to it is named, the sequences too', async () => {
  const verdict = await rig.look(roleMay('read everything'))
  expect(verdict).toMatchObject({ holds: false, remedy: expect.stringContaining('pg_read_all_data') })
  for (const name of ['public.avatars', 'public.avatars_id_seq', 'public."Mixed Case"', 'audit.log'])
    expect(verdict.seen).toContain(name)
  await owner.asAdmin(`GRANT pg_read_all_data TO "${role}"`)
  expect(await rig.look(roleMay('read everything'))).toEqual({
    holds: true,
    seen: 'every table and sequence',
  })
})

test('read everything: row-level security hides rows, which pg_dump will not have', async () => {
  await owner.asAdmin(`GRANT pg_read_all_data TO "${role}"`)
  await owner.query('ALTER TABLE audit.log ENABLE ROW LEVEL SECURITY')
  expect(await rig.look(roleMay('read everything'))).toMatchObject({
    holds: false,
    seen: expect.stringContaining('audit.log'),
    remedy: expect.stringContaining('BYPASSRLS'),
  })
  await owner.query('ALTER TABLE audit.log DISABLE ROW LEVEL SECURITY')
})

test('alter: only what it owns; a table that is not there yet is nobody’s', async () => {
  expect(await rig.look(roleMay({ alter: ['avatars', { schema: 'audit', table: 'log' }] }))).toMatchObject({
    holds: false,
    seen: expect.stringMatching(/does not own audit\.log \(.*\), public\.avatars \(.*The Owner/),
  })
  expect(await rig.look(roleMay({ alter: ['not yet'] }))).toEqual({ holds: true, seen: 'as owner' })
  const own = await stepRig({ dir: '/', databaseUrl: owner.url })
  try {
    expect(await own.look(roleMay({ alter: ['avatars', 'Mixed Case'] }))).toMatchObject({ holds: true })
  } finally {
    own.dispose()
  }
})

test('create tables and databases', async () => {
  await owner.asAdmin('REVOKE CREATE ON SCHEMA public FROM PUBLIC')
  expect(await rig.look(roleMay('create tables'))).toMatchObject({
    holds: false,
    remedy: expect.stringContaining(role),
  })
  await owner.asAdmin(`GRANT CREATE ON SCHEMA public TO "${role}"`)
  expect(await rig.look(roleMay('create tables'))).toMatchObject({ holds: true })
  await owner.asAdmin(`ALTER ROLE "${role}" NOCREATEDB`)
  expect(await rig.look(roleMay('create databases'))).toMatchObject({ holds: false })
  await owner.asAdmin(`ALTER ROLE "${role}" CREATEDB`)
  expect(await rig.look(roleMay('create databases'))).toMatchObject({ holds: true })
  const nowhere = await stepRig({ dir: '/', databaseUrl: owner.url, schema: 'No Such' })
  try {
    expect(await nowhere.look(roleMay('create tables'))).toMatchObject({
      holds: false,
      seen: 'there is no schema No Such',
    })
  } finally {
    nowhere.dispose()
  }
})
