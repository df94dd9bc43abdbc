import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { prismaGenerate } from '../../steps/prisma-generate.ts'
import { prismaMigrate } from '../../steps/prisma-migrate.ts'
import { prismaReset } from '../../steps/prisma-reset.ts'
import { prismaResolve } from '../../steps/prisma-resolve.ts'
import { prismaSeed } from '../../steps/prisma-seed.ts'
import { createUsers, prismaApp, schemaOf, users } from '../rig/prisma-app.ts'
import { stepRig } from '../rig/step-rig.ts'

const init = { '20250930_init': createUsers }
const split = { '20251011_split': 'ALTER TABLE "avatars" ADD COLUMN "x" TEXT;\n' }
const seedOf = (...statements: string[]) => `
import pg from 'pg'
const client = new pg.Client({ connectionString: process.env.DATABASE_URL })
await client.connect()
try {
  ${statements.map((one) => `await client.query(${JSON.stringify(one)})`).join('\n  ')}
} finally {
  await client.end()
}`

let app: Awaited<ReturnType<typeof prismaApp>>
beforeAll(async () => {
  app = await prismaApp()
})
afterAll(() => app?.dispose())
const unmetOf = ({ failure }: Awaited<ReturnType<typeof app.rig.run>>) => {
  if (failure?.kind !== 'before-unmet' && failure?.kind !== 'after-unmet')
    throw new Error(`no unmet fact: ${JSON.stringify(failure)}`)
  return failure.unmet[0]!
}

test('generate: made from the schema, then already done; made again when the schema is another', async () => {
  await app.begin(init)
  rmSync(join(app.backend, 'generated'), { recursive: true, force: true })
  const step = prismaGenerate({ in: 'backend' })
  expect(await app.rig.run(step)).toMatchObject({
    ended: 'done',
    summary: 'generated/prisma, by Prisma 6.19.3',
  })
  expect((await app.rig.run(step)).ended).toBe('skipped')
  app.write('prisma/schema.prisma', schemaOf(users, 'model Pet {\n  id Int @id\n}'))
  const { steps } = await app.rig.plan(step)
  expect(steps[0]).toMatchObject({ expects: 'to-do' })
  expect((await app.rig.run(step)).ended).toBe('done')
})

test('diagnosis: a client of another schema is found, and generated', async () => {
  await app.begin(init)
  const step = prismaGenerate({ in: 'backend' })
  await app.rig.run(step)
  expect((await app.rig.diagnose(step))['old-client']).toMatchObject({ found: 'no' })
  app.write('prisma/schema.prisma', schemaOf(users, 'model Toy {\n  id Int @id\n}'))
  expect((await app.rig.diagnose(step))['old-client']).toMatchObject({
    found: 'cause',
    seen: 'generated/prisma was generated from another schema',
    remedy: 'runbook run mend-old-client rig',
  })
  expect((await app.rig.run(app.rig.remedy('old-client', step))).failure).toBeUndefined()
})

test('diagnosis: a migration that failed is found, and marked once nothing of it is there', async () => {
  const step = prismaMigrate({ in: 'backend' })
  await app.begin(init)
  expect((await app.rig.diagnose(step))['failed-migration']).toMatchObject({ found: 'no' })
  await app.begin({ ...init, ...split })
  expect(app.prisma('migrate', 'deploy')).not.toBe(0)
  expect((await app.rig.diagnose(step))['failed-migration']).toMatchObject({
    found: 'cause',
    seen: expect.stringContaining('20251011_split began and never finished'),
  })
  const mended = await app.rig.run(app.rig.remedy('failed-migration', step))
  expect(mended.failure).toBeUndefined()
  expect(await app.attempts()).toContain('20251011_split rolled back')
})

test('generate: a schema that is wrong fails with Prisma’s words', async () => {
  await app.begin(init, schemaOf('model User {\n  name Nonsense\n}'))
  const { failure, events } = await app.rig.run(prismaGenerate({ in: 'backend' }))
  expect(failure).toMatchObject({ kind: 'command-failed', exit: 1 })
  expect(JSON.stringify(events)).toContain('Nonsense')
})

test('seed: rows are counted before and after; a second time it is already done', async () => {
  await app.begin(init)
  expect(app.prisma('migrate', 'deploy')).toBe(0)
  app.write('prisma/seed.mjs', seedOf(`INSERT INTO users VALUES (1, 'Ada'), (2, 'Grace')`))
  const step = prismaSeed({ in: 'backend', rows: { users: 2 } })
  const { steps } = await app.rig.plan(step)
  expect(steps[0]!.findings).toEqual(['users has 0 rows of 2'])
  expect(await app.rig.run(step)).toMatchObject({ ended: 'done', summary: 'users has 2 or more' })
  expect((await app.rig.run(step)).ended).toBe('skipped')
})

test('seed: one that fails halfway says what it has written, and is run again', async () => {
  await app.begin(init)
  app.prisma('migrate', 'deploy')
  app.write(
    'prisma/seed.mjs',
    seedOf(`INSERT INTO users VALUES (1, 'Ada')`, 'INSERT INTO nowhere VALUES (1)'),
  )
  const step = prismaSeed({ in: 'backend', rows: { users: 2 } })
  const { fact, seen, remedy } = unmetOf(await app.rig.run(step))
  expect(fact).toBe('the seed ran to its end')
  expect(seen).toBe('exit 1; users has 1 row of 2')
  expect(remedy).toContain('what it has written stays')
  app.write(
    'prisma/seed.mjs',
    seedOf(`INSERT INTO users VALUES (1, 'Ada'), (2, 'Grace') ON CONFLICT DO NOTHING`),
  )
  expect((await app.rig.run(step)).ended).toBe('done')
})

test('seed: one that writes nothing and ends well is not done', async () => {
  await app.begin(init)
  app.prisma('migrate', 'deploy')
  app.write('prisma/seed.mjs', '')
  const run = await app.rig.run(prismaSeed({ in: 'backend', rows: { users: 1, pets: 1 } }))
  expect(unmetOf(run).seen).toBe('users has 0 rows of 1, no table pets')
})

test('resolve: a failed migration is marked as rolled back, and then it is already done', async () => {
  await app.begin({ ...init, ...split })
  expect(app.prisma('migrate', 'deploy')).toBe(1)
  const step = prismaResolve({ in: 'backend', rolledBack: '20251011_split' })
  const done = await app.rig.run(step)
  expect(done.ended).toBe('done')
  expect(await app.attempts()).toEqual(['20250930_init applied', '20251011_split rolled back'])
  expect((await app.rig.run(step)).ended).toBe('skipped')
})

test('resolve: an applied migration is not undone by a mark (P3012), whatever the guide says', async () => {
  await app.begin(init)
  app.prisma('migrate', 'deploy')
  const { seen, remedy } = unmetOf(
    await app.rig.run(prismaResolve({ in: 'backend', rolledBack: '20250930_init' })),
  )
  expect(seen).toBe('it is applied, so Prisma refuses to mark it (P3012)')
  expect(remedy).toContain('runbook rollback --database=schema')
  // So it is.
  expect(app.prisma('migrate', 'resolve', '--rolled-back', '20250930_init')).toBe(1)
})

test('resolve: what was done by hand is marked as applied; a name that is not in the tree is refused', async () => {
  await app.begin(init)
  await app.db.query(createUsers)
  const { seen } = unmetOf(await app.rig.run(prismaResolve({ in: 'backend', applied: '2025_typo' })))
  expect(seen).toBe('it is not (P3017)')
  expect((await app.rig.run(prismaResolve({ in: 'backend', applied: '20250930_init' }))).ended).toBe('done')
  expect(await app.attempts()).toEqual(['20250930_init applied'])
  expect(app.prisma('migrate', 'status')).toBe(0)
})

test('resolve: neither or both is a mistake of the book', () => {
  expect(prismaResolve({ in: 'backend' }).mistakes).toHaveLength(1)
  expect(prismaResolve({ rolledBack: 'a', applied: 'b' }).mistakes).toHaveLength(1)
})

test('reset: everything is dropped and applied again, each time', async () => {
  await app.begin(init)
  app.prisma('migrate', 'deploy')
  await app.db.query(`INSERT INTO users VALUES (1, 'Ada'); CREATE TABLE stray (id int)`)
  const step = prismaReset({ in: 'backend', seed: false })
  expect((await app.rig.run(step)).ended).toBe('done')
  expect(
    await app.db.query(`SELECT count(*)::int AS rows, to_regclass('stray') AS stray FROM users`),
  ).toEqual([{ rows: 0, stray: null }])
  expect((await app.rig.run(step)).ended).toBe('done')
})

test('reset: refused where the database is elsewhere, or the environment is protected', async () => {
  const elsewhere = await stepRig({ dir: app.dir, databaseUrl: 'postgresql://a:b@db.example.com/lumiku' })
  const guarded = await stepRig({ dir: app.dir, databaseUrl: app.db.url, protected: true })
  onTestFinished(() => {
    elsewhere.dispose()
    guarded.dispose()
  })
  const step = prismaReset({ in: 'backend' })
  const refused = await elsewhere.needs(step)
  expect(JSON.stringify(refused)).toContain('it is on db.example.com')
  expect(unmetOf(await guarded.run(step)).seen).toBe('rig is protected')
})
