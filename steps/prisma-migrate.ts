import { z } from 'zod'
import { databaseAnswers } from '../checks/database-answers.ts'
import { databaseUnderPrisma } from '../checks/database-under-prisma.ts'
import { migrationsApplied } from '../checks/migrations-applied.ts'
import { migrationsPending } from '../checks/migrations-pending.ts'
import { migrationsUnchanged } from '../checks/migrations-unchanged.ts'
import { noFailedMigration } from '../checks/no-failed-migration.ts'
import { noMigrationRuns } from '../checks/no-migration-runs.ts'
import { prismaInstalled } from '../checks/prisma-installed.ts'
import { migrationRows, migrationStand } from '../checks/reading/prisma-migrations.ts'
import { installedPrisma, migrationsFolder } from '../checks/reading/prisma-place.ts'
import { existing } from '../checks/reading/schema-objects.ts'
import { secretPresent } from '../checks/secret-present.ts'
import { databaseOf, defineStep, early, factory, quantity, type Step } from '../runbook/index.ts'
import { incomingMigrations } from './prisma/incoming-migrations.ts'
import { effectsOfMigrations, effectsText } from './prisma/migration-effects.ts'
import { migrationsTakenBack } from './prisma/migrations-taken-back.ts'
import { place, prismaCommand } from './prisma/place.ts'
import { tellWhyMigrateFailed } from './prisma/why-migrate-failed.ts'
import { factsOf } from './sql/facts.ts'

export const prismaMigrate = factory(
  'prisma-migrate',
  {
    ...place,
    /** The migrations that the book expects to be applied, with or without their timestamps. Default: whatever waits. */
    pending: z
      .array(z.string().min(1))
      .optional()
      .describe(
        'the migrations that must be the ones to apply, with or without their timestamps; default: whatever waits',
      ),
    /** A step of the same book that makes a migration: before it is done, nothing is known of what waits. */
    from: z
      .custom<Step>((value) => (value as Step | null)?.kind === 'step', 'must be a step of the book')
      .optional()
      .describe(
        'a step of the same book that makes a migration; before it is done, nothing is known of what waits',
      ),
    /** Milliseconds. Default: an hour. */
    timeout: z.int().positive().optional().describe('milliseconds; default: an hour'),
  },
  ({ pending: expected, from, timeout, ...at }) =>
    defineStep({
      id: 'prisma-migrate',
      title: 'Apply the Prisma migrations',
      about:
        'Compares the migrations of the revision with what Prisma has recorded in the database: what waits, what was ' +
        'edited after it was applied, what is applied and no longer there, what has failed before, which ' +
        '`prisma migrate status` does not all say. Then runs `prisma migrate deploy`. Done means that every migration ' +
        'is recorded as applied with the checksum of its file, and that tables, columns, indexes and constraints are ' +
        'what its SQL says. The way back drops what was added and then marks the migrations as rolled back, in one ' +
        'transaction; migrations that do more than add go forward only.',
      sort: 'state',
      role: 'migration',
      needs: ({ env }) => [secretPresent(databaseOf(env).url.name), databaseAnswers()],
      observe: async (look) => {
        if (from) look.outputOf(from)
        const { schema } = databaseOf(look.env)
        const rows = await migrationRows(look)
        const files = await incomingMigrations(look, migrationsFolder(at))
        const { pending } = await migrationStand(files, rows ?? [])
        const { effects, unread, places, dangers } = await effectsOfMigrations(pending, schema)
        const { program } = await installedPrisma(look, at)
        return {
          program,
          schema,
          pending: pending.map(({ name }) => name),
          effects,
          unread,
          places,
          dangers,
          /** Which of what they add and drop is there already, by place. */
          had: (await look.see(existing([...effects.adds, ...effects.drops]))).map(({ place }) => place),
          /** Whether Prisma has its table already. */
          known: rows !== undefined,
        }
      },
      before: () => [
        early(noFailedMigration()),
        early(migrationsUnchanged(at, incomingMigrations)),
        early(databaseUnderPrisma(at, incomingMigrations)),
        ...(expected ? [early(migrationsPending(expected, at, incomingMigrations))] : []),
        prismaInstalled(at),
        noMigrationRuns(),
      ],
      restsOn: ({ observed: { pending } }) => ({
        'what waits to be migrated': pending.join(', ') || 'nothing',
      }),
      findings: ({ observed: { pending, effects } }) =>
        pending.length
          ? [
              `${quantity(pending.length, 'migration waits', 'migrations wait')}: ${pending.join(', ')}`,
              effectsText(effects),
            ]
          : [],
      dangers: ({ observed }) => observed.dangers,
      actions: ({ observed, env }) => ({
        deploy: {
          ...prismaCommand(observed.program, env, at, 'migrate', 'deploy'),
          ...(timeout && { timeout }),
        },
      }),
      run: (act) => tellWhyMigrateFailed(act, () => act.perform('deploy')),
      after: ({ observed: { effects, schema } }) => [
        migrationsApplied(at, incomingMigrations),
        ...factsOf(effects, schema),
      ],
      output: async ({ observed: { pending } }) => ({ applied: pending }),
      summary: ({ observed: { effects }, output: { applied } }) =>
        `${applied.join(', ')}: ${effectsText(effects) || 'nothing that can be seen in the schema'}`,
      undo: ({ observed }) => migrationsTakenBack(observed),
    }),
  { in: 'backend', pending: ['add_avatar_creator_complete'] },
)
