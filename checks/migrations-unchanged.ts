import { defineCheck, fails, holds, quantity, typed } from '../runbook/index.ts'
import { migrationsInTree, type ReadMigrations, standNow } from './reading/prisma-migrations.ts'
import { defaultPlace, migrationsFolder, type PrismaPlace } from './reading/prisma-place.ts'

/**
 * Every applied migration is in the tree, as it was when it was applied: by its SHA-256. Prisma itself says "up to
 * date" in spite of either, and a database built from this tree would be another one.
 */
export const migrationsUnchanged = (
  place: PrismaPlace = defaultPlace,
  read: ReadMigrations = migrationsInTree,
) =>
  defineCheck({
    fact: 'every applied migration is in the tree, as it was applied',
    remedy: typed`git log -- ${migrationsFolder(place)}`,
    look: async (at) => {
      const folder = migrationsFolder(place)
      const { applied, edited, gone: missing, squashed } = await standNow(at, folder, read)
      const gone = missing.filter((name) => !at.allowed(`gone:${name}`))
      const seen = [
        ...edited.map(
          ({ name, was, is }) =>
            `${name} was edited after it was applied: sha256 ${was.slice(0, 8)}… then, ${is.slice(0, 8)}… now`,
        ),
        ...gone.map((name) => `${name} is applied, and no longer in ${folder}`),
      ]
      const instead = squashed
        ? `; ${squashed.into} was marked as applied in place of ${quantity(squashed.names.length, 'earlier one')}`
        : ''
      if (seen.length === 0)
        return holds(`${quantity(applied.length, 'migration')}, the same sha256${instead}`)
      const onPurpose = gone.length
        ? typed`; or, where it was removed on purpose: --allow ${gone.map((one) => `gone:${one}`)}`
        : ''
      const name = edited[0]?.name ?? gone[0] ?? ''
      return fails(seen.join('; '), {
        remedy:
          typed`bring back what was applied: git log -p -- ${folder}/${name}; what should change after that is a migration of its own` +
          onPurpose,
      })
    },
  })
