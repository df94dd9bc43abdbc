import { z } from 'zod'
import { databaseAnswers } from '../checks/database-answers.ts'
import { databaseIsLocal } from '../checks/database-is-local.ts'
import { migrationsApplied } from '../checks/migrations-applied.ts'
import { prismaInstalled } from '../checks/prisma-installed.ts'
import { prismaReadsUrl } from '../checks/prisma-reads-url.ts'
import { installedPrisma } from '../checks/reading/prisma-place.ts'
import { secretPresent } from '../checks/secret-present.ts'
import {
  databaseOf,
  defineCheck,
  defineStep,
  early,
  factory,
  fails,
  forwardOnly,
  holds,
} from '../runbook/index.ts'
import { tablesWithRows } from './backup/live-database.ts'
import { place, prismaCommand } from './prisma/place.ts'
import { lossesOf } from './sql/losses.ts'

export const prismaReset = factory(
  'prisma-reset',
  {
    ...place,
    /** Whether `prisma db seed` follows. Default: true. */
    seed: z.boolean().default(true).describe('whether the seed follows; default: true'),
  },
  ({ seed, ...at }) =>
    defineStep({
      id: 'prisma-reset',
      title: 'Reset the local database',
      about:
        'Drops everything in the database and applies all migrations again, with `prisma migrate reset`. Only for a ' +
        'database on this machine, in an environment that is not protected; elsewhere it is refused by the plan.',
      sort: 'state',
      role: 'migration',
      needs: ({ env }) => [secretPresent(databaseOf(env).url.name), databaseIsLocal(), databaseAnswers()],
      observe: async (look) => ({ program: (await installedPrisma(look, at)).program }),
      before: () => [early(databaseIsLocal()), early(prismaReadsUrl(at)), prismaInstalled(at)],
      actions: ({ observed, env }) => ({
        reset: prismaCommand(
          observed.program,
          env,
          at,
          ...['migrate', 'reset', '--force', '--skip-generate', ...(seed ? [] : ['--skip-seed'])],
        ),
      }),
      after: () => [wasReset, migrationsApplied(at)],
      // Behind an address of this machine may be a tunnel to another: what is in it is counted before the question.
      loses: async (look) =>
        lossesOf(
          look,
          (await tablesWithRows(look.see)).map(({ schema, name }) => ({ kind: 'table', schema, name })),
        ),
      undo: () =>
        forwardOnly('what was in the database is gone', 'restore a dump: runbook backups, runbook restore'),
    }),
  { in: 'backend' },
)

/** It is done each time: that the migrations are applied does not mean that the rows are gone. */
const wasReset = defineCheck({
  fact: 'the database was reset in this run',
  remedy: 'read its last lines',
  look: async ({ performed }) => {
    const done = performed('reset')
    return done ? holds(done) : fails('not yet')
  },
})
