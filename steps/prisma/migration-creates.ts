import { isNamed } from '../../checks/migrations-pending.ts'
import { defaultPlace, migrationsFolder, type PrismaPlace } from '../../checks/reading/prisma-place.ts'
import { defineCheck, fails, holds, quantity, typed } from '../../runbook/index.ts'
import { incomingMigrations } from './incoming-migrations.ts'
import { effectsOfMigrations } from './migration-effects.ts'

/**
 * The SQL of a migration, as PostgreSQL's own parser reads it, creates each of these tables. The name may be without
 * its timestamp. A migration that only alters them is refused before it meets a database that has none of them.
 */
export const migrationCreates = (
  migration: string,
  tables: readonly string[],
  place: PrismaPlace = defaultPlace,
) =>
  defineCheck({
    fact: `the migration ${migration} creates ${tables.length > 4 ? `${quantity(tables.length, 'table')}, ${tables[0]} to ${tables.at(-1)}` : tables.join(', ')}`,
    remedy: typed`look at its SQL: ls ${migrationsFolder(place)}`,
    look: async (at) => {
      const files = await incomingMigrations(at, migrationsFolder(place))
      const file = files.find(({ name }) => isNamed(name, migration))
      if (!file) return fails(`there is none of that name; the last is ${files.at(-1)?.name ?? 'none'}`)
      const {
        effects,
        unread,
        created: made,
      } = await effectsOfMigrations([file], at.env.database?.schema ?? 'public')
      if (unread) return fails(unread)
      const missing = tables.filter((table) => !made.includes(table))
      if (missing.length === 0)
        return holds(`${file.name}: ${quantity(made.length, 'CREATE TABLE', 'CREATE TABLEs')}`)
      const altered = new Set(effects.alters.map(({ table }) => table))
      const only = missing.filter((table) => altered.has(table))
      return fails(
        `${file.name} has no CREATE TABLE for ${missing.join(', ')}${only.length ? `; it only alters ${only.join(', ')}` : ''}`,
      )
    },
  })
