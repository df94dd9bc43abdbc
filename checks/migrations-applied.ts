import { defineCheck, fails, holds, quantity, typed } from '../runbook/index.ts'
import { migrationsInTree, type ReadMigrations, standNow } from './reading/prisma-migrations.ts'
import { defaultPlace, migrationsFolder, type PrismaPlace } from './reading/prisma-place.ts'

/** Prisma's table has every migration of the tree as applied, none as failed. */
export const migrationsApplied = (
  place: PrismaPlace = defaultPlace,
  read: ReadMigrations = migrationsInTree,
) =>
  defineCheck({
    fact: `every migration in ${migrationsFolder(place)} is applied`,
    remedy: typed`cd ${place.in} && npx prisma migrate deploy`,
    look: async (at) => {
      const { pending, applied, edited, failed } = await standNow(at, migrationsFolder(place), read)
      const seen = [
        ...(failed.length ? [`failed: ${failed.map(({ name }) => name).join(', ')}`] : []),
        ...(pending.length ? [`waiting: ${pending.map(({ name }) => name).join(', ')}`] : []),
        ...(edited.length ? [`edited since: ${edited.map(({ name }) => name).join(', ')}`] : []),
      ]
      if (seen.length) return fails(seen.join('; '))
      return holds(`${quantity(applied.length, 'migration')}, the last is ${applied.at(-1)?.name ?? 'none'}`)
    },
  })
