import { z } from 'zod'
import { databaseAnswers } from '../checks/database-answers.ts'
import { migrationNotRecorded, migrationRecorded } from '../checks/migration-recorded.ts'
import { prismaInstalled } from '../checks/prisma-installed.ts'
import { prismaReadsUrl } from '../checks/prisma-reads-url.ts'
import { migrationRows } from '../checks/reading/prisma-migrations.ts'
import { installedPrisma, migrationsFolder } from '../checks/reading/prisma-place.ts'
import { existing, namesOf } from '../checks/reading/schema-objects.ts'
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
  typed,
} from '../runbook/index.ts'
import { postgresqlEvidence } from './evidence/postgresql.ts'
import { prismaEvidence } from './evidence/prisma.ts'
import { incomingMigrations } from './prisma/incoming-migrations.ts'
import { effectsOfMigrations } from './prisma/migration-effects.ts'
import { place, prismaCommand } from './prisma/place.ts'
import { quoted } from './sql/quoted.ts'
import { whyOf } from './sql/refuse.ts'

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
    /** The one that has failed, whichever that is, once nothing of it is there. */
    failed: z
      .literal(true)
      .optional()
      .describe('true: the one that has failed, whichever it is, once nothing of it is there'),
  },
  ({ rolledBack, applied, failed: whichever, ...at }) => {
    const how = applied ? '--applied' : '--rolled-back'
    const step = defineStep({
      id: 'prisma-resolve',
      title: applied
        ? `Mark ${applied} as applied`
        : `Mark ${rolledBack ?? 'the failed migration'} as rolled back`,
      about:
        'Corrects what Prisma has recorded about one migration, without touching a table: that a failed one is out of ' +
        'the way (`rolledBack`), or that one was done by other means (`applied`). Refuses what Prisma would refuse ' +
        '(P3008, P3011, P3012, P3017), and says what is meant instead.',
      sort: 'state',
      needs: ({ env }) => [secretPresent(databaseOf(env).url.name), databaseAnswers()],
      observe: async (look) => {
        const rows = (await migrationRows(look)) ?? []
        const name = rolledBack ?? applied ?? rows.find(({ state }) => state === 'failed')?.name ?? NONE
        return {
          program: (await installedPrisma(look, at)).program,
          name,
          /** The attempts that are there, so that the way back touches these, or only others. */
          attempts: rows.filter((row) => row.name === name).map(({ id, state }) => ({ id, state })),
        }
      },
      before: ({ observed: { name } }) => [
        early(applied ? isInTree(name, at) : hasFailed(name)),
        ...(whichever ? [early(nothingLeft(name, at))] : []),
        prismaReadsUrl(at),
        prismaInstalled(at),
      ],
      actions: ({ observed, env }) => ({
        resolve: prismaCommand(observed.program, env, at, 'migrate', 'resolve', how, observed.name),
      }),
      after: ({ observed: { name } }) => [applied ? migrationRecorded(name) : migrationNotRecorded(name)],
      evidence: () => [prismaEvidence(at), postgresqlEvidence],
      undo: ({ observed: { attempts, name }, env }) => {
        const table = `${quoted(databaseOf(env).schema)}."_prisma_migrations"`
        const failed = attempts.filter(({ state }) => state === 'failed').map(({ id }) => id)
        if (!applied && failed.length === 0) return nothingToUndo('it was not failed')
        const back = applied
          ? executes(
              `UPDATE ${table} SET rolled_back_at = now() WHERE migration_name = $1 AND rolled_back_at IS NULL AND id <> ALL ($2)`,
              name,
              attempts.map(({ id }) => id),
            )
          : executes(`UPDATE ${table} SET rolled_back_at = NULL WHERE id = ANY ($1)`, failed)
        return reverse('schema', { unmark: back }, applied ? [migrationNotRecorded(name)] : [])
      },
    })
    const mistake = { at: 'steps.prisma-resolve', expected: 'one of `rolledBack`, `applied` and `failed`' }
    const given = [rolledBack, applied, whichever].filter(Boolean)
    return { ...step, mistakes: given.length === 1 ? [] : [mistake] }
  },
  { in: 'backend', rolledBack: '20251011_avatar_pose_split' },
)

/** Of no migration. */
const NONE = ''

/** What a failed migration has left is in the way of its next attempt. */
const nothingLeft = (name: string, at: Parameters<typeof migrationsFolder>[0]): Check =>
  defineCheck({
    fact: 'nothing of the failed migration is in the database',
    remedy: typed`where all of it is there: npx prisma migrate resolve --applied ${name}; else see who made what is there, and finish or remove it by hand`,
    look: async (look) => {
      const files = await incomingMigrations(look, migrationsFolder(at))
      const file = files.filter((one) => one.name === name)
      if (file.length === 0) return fails(`${name} is not in the tree: what it has made is not known`)
      const { effects, unread } = await effectsOfMigrations(file, databaseOf(look.env).schema)
      const { adds, underived } = effects
      // An index that failed to build is none, and is in the way all the same.
      if (unread !== null || underived)
        return fails(`what ${name} makes is not derived from its SQL. ${unread ?? whyOf(underived!)}`, {
          remedy: typed`compare the database with the file by hand. Where nothing of it is there: npx prisma migrate resolve --rolled-back ${name}; where all of it is: --applied`,
        })
      const there = await look.see(existing(adds))
      return there.length
        ? fails(`there: ${namesOf(there.map(({ place }) => adds[place]!))}`)
        : holds(`none of what ${name} makes`)
    },
  })

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
    remedy: typed`ls ${migrationsFolder(at)}; the whole name, with its timestamp`,
    look: async (look) => {
      const files = await incomingMigrations(look, migrationsFolder(at))
      return files.some((file) => file.name === name) ? holds(name) : fails('it is not (P3017)')
    },
  })
