import { defineCheck, fails, holds } from '../runbook/index.ts'
import {
  migrationRows,
  migrationStand,
  migrationsInTree,
  type ReadMigrations,
} from './reading/prisma-migrations.ts'
import { defaultPlace, migrationsFolder, type PrismaPlace } from './reading/prisma-place.ts'

/** Exactly these migrations wait to be applied. A name may be without its timestamp, which a book cannot know. */
export const migrationsPending = (
  names: readonly string[],
  place: PrismaPlace = defaultPlace,
  read: ReadMigrations = migrationsInTree,
) =>
  defineCheck({
    fact: names.length ? `the migrations that wait are ${names.join(', ')}` : 'no migration waits',
    remedy: 'look at what came with this revision; then correct `pending` in the book, or the revision',
    look: async (at) => {
      const files = await read(at, migrationsFolder(place))
      const pending = (await migrationStand(files, (await migrationRows(at)) ?? [])).pending.map(
        ({ name }) => name,
      )
      const more = pending.filter((name) => !names.some((wanted) => isNamed(name, wanted)))
      const missing = names.filter((wanted) => !pending.some((name) => isNamed(name, wanted)))
      if (more.length === 0 && missing.length === 0) return holds(pending.join(', ') || 'none')
      const applied = missing.filter((wanted) => files.some(({ name }) => isNamed(name, wanted)))
      const absent = missing.filter((wanted) => !applied.includes(wanted))
      return fails(
        [
          ...(more.length ? [`also waiting: ${more.join(', ')}`] : []),
          ...(applied.length ? [`already applied: ${applied.join(', ')}`] : []),
          ...(absent.length ? [`not in the tree: ${absent.join(', ')}`] : []),
        ].join('; '),
      )
    },
  })

/** `20251014081500_add_avatars` is also called `add_avatars`. */
export const isNamed = (name: string, wanted: string): boolean =>
  name === wanted || name.replace(/^\d+_/, '') === wanted
