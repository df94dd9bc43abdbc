import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { applySql } from '../../steps/apply-sql.ts'
import { freshDatabase } from '../rig/postgres.ts'
import { stepRig } from '../rig/step-rig.ts'

const dir = mkdtempSync(join(tmpdir(), 'the app '))
let db: Awaited<ReturnType<typeof freshDatabase>>
let rig: Awaited<ReturnType<typeof stepRig>>
const sql = `ALTER TABLE avatars ADD COLUMN IF NOT EXISTS "personaName" TEXT;
ALTER TABLE avatars ADD COLUMN IF NOT EXISTS "gender" TEXT;
CREATE TABLE IF NOT EXISTS poses (id TEXT NOT NULL);
`
const step = () => applySql({ file: 'avatar.sql' })
const find = async (id: string) => (await rig.diagnose(step()))[id]!
const mend = (id: string) => rig.run(rig.remedy(id, step()))

beforeAll(async () => {
  writeFileSync(join(dir, 'avatar.sql'), sql)
  db = await freshDatabase()
  rig = await stepRig({ dir, databaseUrl: db.url })
})
beforeEach(() =>
  db.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public; CREATE TABLE avatars (id TEXT NOT NULL)'),
)
afterAll(async () => {
  rig.dispose()
  rmSync(dir, { recursive: true })
  await db.drop()
})

describe('relation … does not exist', () => {
  test('it is in another schema: which one, and where the role itself looks', async () => {
    await db.query('CREATE SCHEMA legacy; ALTER TABLE avatars SET SCHEMA legacy')
    await db.query(`ALTER ROLE ${db.role.name} SET search_path = legacy, public`)
    try {
      expect(await find('no-relation')).toMatchObject({
        found: 'cause',
        seen: 'no table avatars in schema public; there is one in legacy; the role’s own search_path is legacy, public',
        remedy: expect.stringContaining(`database: { url, schema: 'legacy' }`),
      })
    } finally {
      await db.query(`ALTER ROLE ${db.role.name} RESET search_path; DROP SCHEMA legacy CASCADE`)
    }
  })

  test('its name is written otherwise', async () => {
    await db.query('ALTER TABLE avatars RENAME TO "Avatars"')
    expect(await find('no-relation')).toMatchObject({
      found: 'cause',
      remedy: expect.stringContaining('"Avatars"'),
    })
  })

  test('it is there', async () => {
    expect(await find('no-relation')).toMatchObject({ found: 'no', seen: '1 table' })
  })
})

describe('column … already exists', () => {
  test('of another shape: which, and what it is', async () => {
    await db.query('ALTER TABLE avatars ADD COLUMN "personaName" VARCHAR(40)')
    expect(await find('other-column')).toMatchObject({
      found: 'cause',
      seen: 'avatars: personaName is character varying(40) (expected text); 1 of 3 columns there',
      remedy: expect.stringContaining('ALTER TABLE avatars ALTER COLUMN'),
    })
  })

  test('it has the shape that it should have', async () => {
    await db.query('ALTER TABLE avatars ADD COLUMN "personaName" TEXT')
    expect(await find('other-column')).toMatchObject({ found: 'no', seen: '1 of 3 columns there' })
  })
})

describe('tables that were made in part', () => {
  test('what is there, with the rows in it, and what is missing; no remedy drops what no run has made', async () => {
    await db.query(`CREATE TABLE poses (id TEXT NOT NULL); INSERT INTO poses VALUES ('mine')`)
    const found = await find('partly-made')
    expect(found).toMatchObject({
      found: 'cause',
      seen: 'there: table poses (1 row in the table poses); missing: column avatars.personaName, column avatars.gender',
      remedy: expect.stringContaining('ask who did'),
    })
    expect(found!.remedy).not.toMatch(/runbook run/)
  })

  test('nothing is there, or all of it', async () => {
    expect(await find('partly-made')).toMatchObject({ found: 'no', seen: 'none of 3 objects' })
    expect((await rig.run(step())).ended).toBe('done')
    expect(await find('partly-made')).toMatchObject({ found: 'no', seen: 'all 3 objects' })
  })
})

describe('the migration is not applied', () => {
  test('its remedy is the step itself, and what it found is then gone', async () => {
    expect(await find('not-applied')).toMatchObject({
      found: 'cause',
      remedy: 'runbook run mend-not-applied rig',
    })
    expect((await mend('not-applied')).failure).toBeUndefined()
    expect(await find('not-applied')).toMatchObject({ found: 'no' })
  })
})

describe('DATABASE_URL is wrong', () => {
  const elsewhere = async (change: Partial<Record<'port' | 'password' | 'pathname', string>>) => {
    const url = Object.assign(new URL(db.url), change)
    const other = await stepRig({ dir, databaseUrl: url.href })
    try {
      return await other.diagnose(step())
    } finally {
      other.dispose()
    }
  }

  test.each([
    ['the server does not answer', { port: '9' }, 'cannot be reached', 'pg_isready'],
    ['the password is refused', { password: 'wrong' }, 'password', 'the user or the password'],
    ['there is no such database', { pathname: '/gone' }, 'gone', 'no such database'],
  ])('%s', async (_, change, seen, remedy) => {
    const found = await elsewhere(change)
    expect(found['wrong-database-url']).toMatchObject({
      found: 'cause',
      seen: expect.stringContaining(seen),
      remedy: expect.stringContaining(remedy),
    })
    expect(found['wrong-database-url']!.remedy).toContain('.env.rig beside the book comes first')
    // What cannot be looked at is no cause.
    expect(found['no-relation']!.found).toBe('unknown')
  })

  test('it is right', async () => {
    expect(await find('wrong-database-url')).toMatchObject({
      found: 'no',
      seen: `database ${db.database}, role ${db.role.name}`,
    })
  })
})
