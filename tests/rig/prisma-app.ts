import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { freshDatabase } from './postgres.ts'
import { stepRig } from './step-rig.ts'

const example = 'examples/prisma/app/backend'

export const schemaOf = (...models: string[]): string =>
  [
    'generator client {\n  provider = "prisma-client-js"\n  output = "../generated/prisma"\n  engineType = "client"\n}',
    'datasource db {\n  provider = "postgresql"\n  url = env("DATABASE_URL")\n}',
    ...models,
  ].join('\n')

export const users = 'model User {\n  id Int @id\n  name String\n  @@map("users")\n}'
export const createUsers =
  'CREATE TABLE "users" ("id" INTEGER NOT NULL, "name" TEXT NOT NULL, CONSTRAINT "users_pkey" PRIMARY KEY ("id"));\n'

/** An application with real Prisma in `backend`, a database, and what a test does to either. */
export const prismaApp = async () => {
  const dir = mkdtempSync(join(tmpdir(), 'the prisma app '))
  const backend = join(dir, 'backend')
  mkdirSync(join(backend, 'prisma'), { recursive: true })
  for (const file of [
    'package.json',
    'package-lock.json',
    '.npmrc',
    'prisma.config.ts',
    'prisma/can-connect.mjs',
  ])
    cpSync(join(example, file), join(backend, file))
  execFileSync('npm', ['ci', '--prefer-offline', '--ignore-scripts', '--loglevel=error'], {
    cwd: backend,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const db = await freshDatabase({ name: 'Lumiku-Production' })
  const rig = await stepRig({ dir, databaseUrl: db.url })
  const write = (path: string, content: string) => {
    mkdirSync(dirname(join(backend, path)), { recursive: true })
    writeFileSync(join(backend, path), content)
  }
  return {
    dir,
    backend,
    db,
    rig,
    write,
    read: (path: string) => readFileSync(join(backend, path), 'utf8'),
    /** Replaces all migrations, and empties the database. */
    begin: async (migrations: Record<string, string>, schema = schemaOf(users)) => {
      rmSync(join(backend, 'prisma/migrations'), { recursive: true, force: true })
      write('prisma/migrations/migration_lock.toml', 'provider = "postgresql"\n')
      write('prisma/schema.prisma', schema)
      for (const [name, sql] of Object.entries(migrations))
        write(`prisma/migrations/${name}/migration.sql`, sql)
      await db.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public')
    },
    migration: (name: string, sql: string) => write(`prisma/migrations/${name}/migration.sql`, sql),
    removeMigration: (name: string) => rmSync(join(backend, 'prisma/migrations', name), { recursive: true }),
    /** Prisma's own table: name and state of each attempt. */
    attempts: async () =>
      (
        await db.query<{ line: string }>(
          `SELECT migration_name || ' ' || CASE WHEN rolled_back_at IS NOT NULL THEN 'rolled back'
             WHEN finished_at IS NULL THEN 'failed' ELSE 'applied' END AS line FROM _prisma_migrations ORDER BY started_at`,
        )
      ).map(({ line }) => line),
    /** Real Prisma, as an operator types it; its exit status. */
    prisma: (...args: string[]): number => {
      try {
        const env = { ...process.env, DATABASE_URL: db.url }
        execFileSync(join(backend, 'node_modules/.bin/prisma'), args, { cwd: backend, env, stdio: 'ignore' })
        return 0
      } catch (error) {
        return (error as { status: number }).status
      }
    },
    dispose: async () => {
      rig.dispose()
      rmSync(dir, { recursive: true, force: true })
      await db.drop()
    },
  }
}
