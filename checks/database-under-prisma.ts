import { databaseOf, defineCheck, fails, holds, quantity, selects, typed } from '../runbook/index.ts'
import { migrationRows, migrationsInTree, type ReadMigrations } from './reading/prisma-migrations.ts'
import { defaultPlace, migrationsFolder, type PrismaPlace } from './reading/prisma-place.ts'

/** Prisma has kept its table here already, or the schema is empty. Otherwise it refuses to begin (P3005). */
export const databaseUnderPrisma = (
  place: PrismaPlace = defaultPlace,
  read: ReadMigrations = migrationsInTree,
) =>
  defineCheck({
    fact: 'the database is migrated by Prisma, or empty',
    remedy: 'npx prisma migrate resolve --applied <the migrations that are there already>',
    look: async (at) => {
      const rows = await migrationRows(at)
      if (rows) return holds(`${quantity(rows.length, 'entry', 'entries')} in _prisma_migrations`)
      const { schema } = databaseOf(at.env)
      const tables = await at.see(
        selects<{ name: string }>(
          `SELECT c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
           WHERE n.nspname = $1 AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') ORDER BY 1`,
          schema,
        ),
      )
      if (tables.length === 0) return holds('empty')
      const [first] = await read(at, migrationsFolder(place))
      const there = tables.slice(0, 3).map(({ name }) => name)
      return fails(
        `no table _prisma_migrations, but ${quantity(tables.length, 'other relation')} such as ${there.join(', ')} (P3005)`,
        {
          remedy: typed`is it the right database? Then say which migrations are in it already, the first one at least: npx prisma migrate resolve --applied ${first?.name ?? '<name>'}`,
        },
      )
    },
  })
