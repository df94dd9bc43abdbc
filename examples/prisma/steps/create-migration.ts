import { type Check, changes, databaseOf, defineStep, early, nothingToUndo, reads, reverse } from 'runbook'
import { onBranch, workingTreeClean } from 'runbook/checks'
import { migrationCreates } from 'runbook/steps'

export interface CreateMigration {
  /** The folder of package.json. */
  in: string
  /** Without its timestamp. */
  name: string
  /** A migration of the tree that it replaces. */
  instead: string
  /** Every table for which it must have a CREATE TABLE. */
  creates: readonly string[]
}

/**
 * A step of this book's own: "delete bad migration and regenerate". `prisma migrate dev --create-only` would need the
 * native engine; `migrate diff` writes the same SQL: what leads from the migrations that are left to the schema.
 */
export const createMigration = ({ in: folder, name, instead, creates }: CreateMigration) => {
  const migrations = `${folder}/prisma/migrations`
  const place = { in: folder, schema: 'prisma/schema.prisma' }

  return defineStep({
    id: 'create-migration',
    title: `Create the migration ${name}`,
    about:
      'Removes the migration that alters tables which are not there, and writes one from the schema in its place. ' +
      'Nothing is applied.',
    sort: 'state',
    observe: async ({ see }) => {
      const there = (await see(reads('ls', migrations))).split('\n')
      return {
        head: await see(reads('git', 'rev-parse', 'HEAD')),
        made: there.find((one) => one.endsWith(`_${name}`)) ?? null,
        wrong: there.includes(instead),
      }
    },
    before: ({ env }) => [early(onBranch(env.app.branch)), early(workingTreeClean())],
    actions: ({ observed: { wrong, made }, run, env }) => {
      // As Prisma names them: 20251014081500_add_avatar_creator_complete.
      const folderName = made ?? `${run.stamp.replace(/\D/g, '') || run.stamp}_${name}`
      const { url } = databaseOf(env)
      const draft = [
        ...['migrate', 'diff', '--from-migrations', 'prisma/migrations', '--to-schema-datamodel'],
        ...['prisma/schema.prisma', '--script', '--output', 'prisma/draft.sql'],
      ]
      return {
        ...(wrong && { remove: changes('git', 'rm', '-r', '--quiet', `${migrations}/${instead}`) }),
        draft: {
          ...changes('node_modules/.bin/prisma', ...draft),
          cwd: folder,
          env: { CHECKPOINT_DISABLE: '1', [url.name]: url },
        },
        make: changes('mkdir', '-p', `${migrations}/${folderName}`),
        place: changes('mv', `${folder}/prisma/draft.sql`, `${migrations}/${folderName}/migration.sql`),
      }
    },
    output: async ({ see }) =>
      (await see(reads('ls', migrations))).split('\n').find((one) => one.endsWith(`_${name}`)) ?? name,
    summary: ({ output }) => output,
    after: (): [Check] => [migrationCreates(name, creates, place)],
    undo: ({ observed: { head, made } }) =>
      made
        ? nothingToUndo('it was there before')
        : reverse('code', {
            clean: changes('git', 'clean', '-fdq', '--', `${folder}/prisma`),
            restore: changes('git', 'restore', '--staged', '--worktree', '--source', head, '--', migrations),
          }),
  })
}
