import { z } from 'zod'
import { databaseAnswers } from '../checks/database-answers.ts'
import { databaseUnderPrisma } from '../checks/database-under-prisma.ts'
import { migrationsApplied } from '../checks/migrations-applied.ts'
import { migrationsPending } from '../checks/migrations-pending.ts'
import { migrationsUnchanged } from '../checks/migrations-unchanged.ts'
import { noFailedMigration } from '../checks/no-failed-migration.ts'
import { noMigrationRuns } from '../checks/no-migration-runs.ts'
import { prismaInstalled } from '../checks/prisma-installed.ts'
import { prismaReadsUrl } from '../checks/prisma-reads-url.ts'
import { migrationRows, migrationStand } from '../checks/reading/prisma-migrations.ts'
import { installedPrisma, migrationsFolder } from '../checks/reading/prisma-place.ts'
import { existing } from '../checks/reading/schema-objects.ts'
import { changedText, leftOf, schemaShape } from '../checks/reading/schema-shape.ts'
import { secretPresent } from '../checks/secret-present.ts'
import { noLongTransaction } from '../checks/tables-free.ts'
import {
  databaseOf,
  defineStep,
  early,
  factory,
  given,
  quantity,
  type Step,
  transaction,
  within,
} from '../runbook/index.ts'
import { byVariables } from './by-variables-option.ts'
import { failedMigration } from './diagnoses/failed-migration.ts'
import { migrationsNotApplied } from './diagnoses/migrations-not-applied.ts'
import { noRelation } from './diagnoses/no-relation.ts'
import { otherColumn } from './diagnoses/other-column.ts'
import { partlyMade } from './diagnoses/partly-made.ts'
import { sqlOfMigrations } from './diagnoses/sql-in-question.ts'
import { wrongDatabaseUrl } from './diagnoses/wrong-database-url.ts'
import { postgresqlEvidence } from './evidence/postgresql.ts'
import { prismaEvidence } from './evidence/prisma.ts'
import { deployWhenFree, impatient, isTriedAgain, limitsOf } from './prisma/deploy-when-free.ts'
import { incomingMigrations } from './prisma/incoming-migrations.ts'
import { effectsOfMigrations, effectsText } from './prisma/migration-effects.ts'
import { migrationsTakenBack } from './prisma/migrations-taken-back.ts'
import { place, prismaCommand } from './prisma/place.ts'
import { tellWhyMigrateFailed } from './prisma/why-migrate-failed.ts'
import { prismaResolve } from './prisma-resolve.ts'
import { factsOf } from './sql/facts.ts'
import { settingsOf } from './sql/settings.ts'
import { waitsFor } from './sql/when-free.ts'

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
    /** How long it waits altogether for tables that others hold, in ms; nobody queues meanwhile. Default: 60000. */
    patience: z
      .int()
      .positive()
      .default(60_000)
      .describe('how long it waits altogether for tables that others hold, in ms; nobody queues meanwhile'),
    /** How long one statement may take, in ms. Default: 600000. */
    statementTimeout: z.int().positive().default(600_000).describe('how long one statement may take, in ms'),
    /** Milliseconds. Default: an hour. */
    timeout: z.int().positive().optional().describe('milliseconds; default: an hour'),
    /** How Prisma knows the database, where it is rehearsed. */
    database: byVariables,
  },
  ({ pending: expected, from, patience, statementTimeout, timeout, database, ...at }) =>
    defineStep({
      id: 'prisma-migrate',
      title: 'Apply the Prisma migrations',
      about:
        'Compares the migrations of the revision with what Prisma has recorded in the database: what waits, what was ' +
        'edited after it was applied, what is applied and no longer there, what has failed before, which ' +
        '`prisma migrate status` does not all say. Then runs `prisma migrate deploy`. Done means that every migration ' +
        'is recorded as applied with the checksum of its file, and that tables, columns, indexes and constraints are ' +
        'what its SQL says. It begins when nobody holds the tables, and its sessions wait for a lock for a moment only; a ' +
        'migration that got none is marked as rolled back and tried again. The way back drops what was added and then marks the migrations as rolled back, in one ' +
        'transaction; migrations that do more than add go forward only.',
      sort: 'state',
      role: 'migration',
      ...(database && { database }),
      needs: ({ env }) => [secretPresent(databaseOf(env).url.name), databaseAnswers()],
      observe: async (look) => {
        if (from) look.outputOf(from)
        const { schema } = databaseOf(look.env)
        const rows = await migrationRows(look)
        const files = await incomingMigrations(look, migrationsFolder(at))
        const { pending } = await migrationStand(files, rows ?? [])
        const { effects, unread, places, dangers, concurrent } = await effectsOfMigrations(pending, schema)
        const { program } = await installedPrisma(look, at)
        return {
          program,
          schema,
          pending: pending.map(({ name }) => name),
          effects,
          unread,
          places,
          dangers,
          concurrent,
          /** Which of what they add and drop is there already, by place. */
          had: (await look.see(existing([...effects.adds, ...effects.drops]))).map(({ place }) => place),
          /** Whether Prisma has its table already. */
          known: rows !== undefined,
          /** By PostgreSQL's own word, for the proof that an undo has led back to it. */
          shape: await schemaShape(look),
        }
      },
      before: ({ observed: { effects } }) => [
        early(noFailedMigration()),
        early(migrationsUnchanged(at, incomingMigrations)),
        early(databaseUnderPrisma(at, incomingMigrations)),
        ...(expected ? [early(migrationsPending(expected, at, incomingMigrations))] : []),
        ...(effects.locks.length
          ? [within(early(noLongTransaction(effects.locks, patience)), patience, 250)]
          : []),
        early(prismaReadsUrl(at)),
        prismaInstalled(at),
        noMigrationRuns(),
      ],
      restsOn: ({ observed: { pending } }) => ({
        'what waits to be migrated': pending.join(', ') || 'nothing',
      }),
      findings: ({ observed: { pending, effects, unread, concurrent } }) =>
        pending.length
          ? [
              `${quantity(pending.length, 'migration waits', 'migrations wait')}: ${pending.join(', ')}`,
              effectsText(effects),
              ...waitsFor(effects.locks, patience),
              ...(concurrent
                ? [
                    'an index is made or dropped CONCURRENTLY, which waits for every older transaction: no time limit ends it',
                  ]
                : []),
              ...(isTriedAgain({ effects, unread })
                ? ['a migration that gets no lock is marked as rolled back, and tried again']
                : []),
            ]
          : [],
      dangers: ({ observed }) => observed.dangers,
      actions: ({ observed, env }) => ({
        deploy: {
          ...impatient(
            prismaCommand(observed.program, env, at, 'migrate', 'deploy'),
            env,
            limitsOf(observed.concurrent, statementTimeout),
          ),
          ...(timeout && { timeout }),
        },
        ...(isTriedAgain(observed) && {
          again: given(['migration'], ({ migration }) =>
            prismaCommand(observed.program, env, at, 'migrate', 'resolve', '--rolled-back', migration),
          ),
        }),
      }),
      trial: ({ observed: { places, schema, unread } }) =>
        unread === null && places.length > 0
          ? {
              ...transaction(places, settingsOf({ lockTimeout: 50, statementTimeout })(schema)),
              trial: true as const,
              timeout: places.length * statementTimeout + 60_000,
            }
          : undefined,
      run: (act) => tellWhyMigrateFailed(act, () => deployWhenFree(act, patience)),
      after: ({ observed: { effects, schema } }) => [
        migrationsApplied(at, incomingMigrations),
        ...factsOf(effects, schema),
      ],
      output: async (look) => ({
        applied: look.observed.pending,
        left: leftOf(look.observed.shape, await schemaShape(look)),
      }),
      summary: ({ observed: { effects }, output: { applied, left } }) =>
        `${applied.join(', ')}: ${effects.underived ? changedText(left) : effectsText(effects) || 'nothing that can be seen in the schema'}`,
      evidence: () => [prismaEvidence(at), postgresqlEvidence],
      undo: ({ observed, output }) => migrationsTakenBack(observed, output?.left),
      diagnoses: ({ env, step }) => {
        const waiting = sqlOfMigrations(at)
        return [
          wrongDatabaseUrl(env),
          failedMigration(() => prismaResolve({ in: at.in, schema: at.schema, failed: true })),
          noRelation(waiting),
          otherColumn(waiting),
          partlyMade(waiting),
          migrationsNotApplied(at, step),
        ]
      },
    }),
  { in: 'backend', pending: ['add_avatar_creator_complete'] },
)
