import { existsSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { bookFolder, prelude, until } from '../rig/command-line.ts'
import { APPLICATION, coolify, TOKEN } from '../rig/coolify.ts'
import { pm2Home } from '../rig/pm2-home.ts'
import { createUsers, prismaApp } from '../rig/prisma-app.ts'

// The guides’ fallbacks, each on the parts that they name.

let prisma: Awaited<ReturnType<typeof prismaApp>>
beforeAll(async () => {
  prisma = await prismaApp()
})
afterAll(() => prisma?.dispose())

const migration = '20251014081500_add_pets'
const addPets =
  'CREATE TABLE "pets" ("id" INTEGER NOT NULL, "ownerId" INTEGER NOT NULL, CONSTRAINT "pets_pkey" PRIMARY KEY ("id"));\n' +
  'ALTER TABLE "pets" ADD CONSTRAINT "pets_ownerId_fkey" FOREIGN KEY ("ownerId") REFERENCES "users"("id");\n'

const bookOfWays = async (app: object, steps: string, environment = '') => {
  const book = await bookFolder(`
    ${prelude}
    import { applySql, coolifyDeploy, pm2Restart, prismaMigrate, prismaResolve } from 'runbook/steps'
    export default defineRunbook({
      name: 'ways',
      environments: { staging: { app: ${JSON.stringify(app)}, ${environment} } },
      deploy: () => [${steps}],
    })`)
  onTestFinished(() => book.dispose())
  return book
}

test('Method B: Prisma gets no lock in its time, so the file is applied and the migration marked; and taken back', async () => {
  await prisma.begin({ '20250930_init': createUsers })
  expect(prisma.prisma('migrate', 'deploy')).toBe(0)
  prisma.migration(migration, addPets)
  const book = await bookOfWays(
    { dir: prisma.dir },
    `does('pause', 'touch pausing; until test -e go; do sleep 0.05; done'),
    r.either(
      prismaMigrate({ in: 'backend', pending: ['add_pets'], patience: 1000 }),
      sequence([
        applySql({ file: 'backend/prisma/migrations/${migration}/migration.sql' }),
        prismaResolve({ in: 'backend', applied: '${migration}' }),
      ]),
    )`,
    `database: { url: secret('DATABASE_URL') }`,
  )
  const variables = { DATABASE_URL: prisma.db.url }
  const pausing = () => existsSync(join(prisma.dir, 'pausing'))
  const holder = new pg.Client({ connectionString: prisma.db.url })
  await holder.connect()
  onTestFinished(() => holder.end())

  const deploy = book.start(['deploy', 'staging', '--yes', '--other-way'], { variables })
  const ended = () => deploy.child.exitCode !== null
  // The plan saw a free table.
  await until(() => pausing() || ended())
  await holder.query('BEGIN; UPDATE users SET name = name')
  writeFileSync(join(prisma.dir, 'go'), '')
  await until(() => deploy.printed.out.includes('the other way was taken') || ended())
  await holder.query('COMMIT')
  const { exit, out, err } = await deploy.ended
  expect([exit, out + err]).toEqual([
    0,
    expect.stringContaining('the other way was taken: Apply backend/prisma'),
  ])
  expect(await prisma.attempts()).toEqual(['20250930_init applied', `${migration} applied`])
  // To Prisma it is as if it had done it itself.
  expect(prisma.prisma('migrate', 'status')).toBe(0)

  const back = await book.runbook(['rollback', 'staging', '--yes', '--database', 'schema'], { variables })
  expect([back.exit, back.out + back.err]).toEqual([0, expect.any(String)])
  expect(await prisma.db.query(`SELECT to_regclass('pets') AS pets`)).toEqual([{ pets: null }])
  expect(await prisma.attempts()).toEqual(['20250930_init applied', `${migration} rolled back`])
})

test('pm2 or Coolify: each where it is what serves the application', async () => {
  const [OLD, NEW] = ['a'.repeat(40), 'b'.repeat(40)]
  const home = await pm2Home()
  const server = await coolify(OLD)
  server.state.head = NEW
  onTestFinished(async () => {
    await home.dispose()
    await server.close()
    expect(server.state.strange).toEqual([])
  })
  home.release({ revision: OLD })
  home.ecosystem({ name: 'backend', script: 'app.cjs' })
  await home.pm2('start', 'ecosystem.config.cjs')
  await home.answers()
  const ways = `r.either(
    pm2Restart({ process: 'backend', ecosystem: 'ecosystem.config.cjs', soak: 300, health: false }),
    coolifyDeploy({ application: '${APPLICATION}', url: '${server.url}', every: 100, startup: 3000, remote: false }),
  )`
  const deploy = async (app: object, variables: Record<string, string>, ...more: string[]) => {
    const book = await bookOfWays({ dir: home.dir, ...app }, ways)
    const { exit, out, err } = await book.runbook(['deploy', 'staging', '--yes', ...more], {
      variables: { COOLIFY_TOKEN: TOKEN, ...variables },
    })
    return { exit, all: out + err }
  }

  const there = await deploy({ url: home.url }, home.variables)
  expect([there.exit, there.all]).toEqual([0, expect.any(String)])
  expect(server.changes()).toEqual([])

  // Where the application is in Coolify, nobody has installed pm2.
  const PATH = process.env.PATH!.split(delimiter).filter((folder) => !existsSync(join(folder, 'pm2')))
  const coolifyOnly = [{ url: server.url }, { PATH: PATH.join(delimiter) }] as const
  const asked = await deploy(...coolifyOnly)
  expect([asked.exit, asked.all]).toEqual([
    3,
    expect.stringContaining('or give --other-way: Deploy with Coolify'),
  ])
  const elsewhere = await deploy(...coolifyOnly, '--other-way')
  expect([elsewhere.exit, elsewhere.all]).toEqual([0, expect.any(String)])
  expect(server.changes()).toEqual([`POST /deploy?uuid=${APPLICATION}&force=false`])
  expect(server.state.serving).toBe(NEW)
})
