import { z } from 'zod'
import { databaseAnswers } from '../checks/database-answers.ts'
import { migrationNotRecorded, migrationRecorded } from '../checks/migration-recorded.ts'
import { prismaInstalled } from '../checks/prisma-installed.ts'
import { migrationRows } from '../checks/reading/prisma-migrations.ts'
import { installedPrisma, migrationsFolder } from '../checks/reading/prisma-place.ts'
import { secretPresent } from '../checks/secret-present.ts'
import {
  type Check,
  databaseOf,
  defineCheck,
  defineStep,
  early,
  executes,
  factory,
  fails,
  holds,
  nothingToUndo,
  reverse,
} from '../runbook/index.ts'
import { postgresqlEvidence } from './evidence/postgresql.ts'
import { prismaEvidence } from './evidence/prisma.ts'
import { incomingMigrations } from './prisma/incoming-migrations.ts'
import { place, prismaCommand } from './prisma/place.ts'
import { quoted } from './sql/quoted.ts'

export const prismaResolve = factory(
  'prisma-resolve',
  {
    ...place,
    /** A migration that failed, and of which nothing is left in the database: its whole name. */
    rolledBack: z
      .string()
      .min(1)
      .optional()
      .describe('a migration that failed, and of which nothing is left: its whole name'),
    /** A migration whose tables are there already: its whole name. */
    applied: z
      .string()
      .min(1)
      .optional()
      .describe('a migration whose tables are there already: its whole name'),
  },
  ({ rolledBack, applied, ...at }) => {
    const name = rolledBack ?? applied ?? ''
    const how = rolledBack ? '--rolled-back' : '--applied'
    const step = defineStep({
      id: 'prisma-resolve',
      title: rolledBack ? `Mark ${name} as rolled back` : `Mark ${name} as applied`,
      about:
        'Corrects what Prisma has recorded about one migration, without touching a table: that a failed one is out of ' +
        'the way (`rolledBack`), or that one was done by other means (`applied`). Refuses what Prisma would refuse ' +
        '(P3008, P3011, P3012, P3017), and says what is meant instead.',
      sort: 'state',
      needs: ({ env }) => [secretPresent(databaseOf(env).url.name), databaseAnswers()],
      observe: async (look) => ({
        program: (await installedPrisma(look, at)).program,
        /** The attempts that are there, so that the way back touches these, or only others. */
        attempts: ((await migrationRows(look)) ?? [])
          .filter((row) => row.name === name)
          .map(({ id, state }) => ({ id, state })),
      }),
      before: () => [early(rolledBack ? hasFailed(name) : isInTree(name, at)), prismaInstalled(at)],
      actions: ({ observed, env }) => ({
        resolve: prismaCommand(observed.program, env, at, 'migrate', 'resolve', how, name),
      }),
      after: () => [rolledBack ? migrationNotRecorded(name) : migrationRecorded(name)],
      evidence: () => [prismaEvidence(at), postgresqlEvidence],
      undo: ({ observed: { attempts }, env }) => {
        const table = `${quoted(databaseOf(env).schema)}."_prisma_migrations"`
        const failed = attempts.filter(({ state }) => state === 'failed').map(({ id }) => id)
        if (rolledBack && failed.length === 0) return nothingToUndo('it was not failed')
        const back = rolledBack
          ? executes(`UPDATE ${table} SET rolled_back_at = NULL WHERE id = ANY ($1)`, failed)
          : executes(
              `UPDATE ${table} SET rolled_back_at = now() WHERE migration_name = $1 AND rolled_back_at IS NULL AND id <> ALL ($2)`,
              name,
              attempts.map(({ id }) => id),
            )
        return reverse('schema', { unmark: back }, rolledBack ? [] : [migrationNotRecorded(name)])
      },
    })
    const mistake = { at: 'steps.prisma-resolve', expected: 'either `rolledBack` or `applied`' }
    return { ...step, mistakes: !rolledBack === !applied ? [mistake] : [] }
  },
  { in: 'backend', rolledBack: '20251011_avatar_pose_split' },
)

/** P3012: an applied one is not undone by a mark. */
const hasFailed = (name: string): Check =>
  defineCheck({
    fact: `the migration ${name} has failed`,
    remedy: 'npx prisma migrate status',
    look: async (at) => {
      const attempts = ((await migrationRows(at)) ?? []).filter((row) => row.name === name)
      if (attempts.some(({ state }) => state === 'failed')) return holds('begun and never finished')
      return fails(
        attempts.length
          ? `it is ${attempts.at(-1)!.state}, so Prisma refuses to mark it (P3012)`
          : 'it was never begun (P3011)',
        {
          remedy:
            'a mark does not drop its tables: take the run back that applied it, runbook rollback --database=schema; or write a migration that drops them',
        },
      )
    },
  })

/** P3017. */
const isInTree = (name: string, at: Parameters<typeof migrationsFolder>[0]): Check =>
  defineCheck({
    fact: `the migration ${name} is in the tree`,
    remedy: `ls ${migrationsFolder(at)}; the whole name, with its timestamp`,
    look: async (look) => {
      const files = await incomingMigrations(look, migrationsFolder(at))
      return files.some((file) => file.name === name) ? holds(name) : fails('it is not (P3017)')
    },
  })
