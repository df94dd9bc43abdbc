import { noMigrationRuns } from '../../checks/no-migration-runs.ts'
import { migrationRows } from '../../checks/reading/prisma-migrations.ts'
import { schemaShape } from '../../checks/reading/schema-shape.ts'
import { type Act, type Catalogue, differencesBetween, failureOf, few, typed } from '../../runbook/index.ts'

interface Migrating {
  pending: string[]
  /** Why the migrations are not one transaction each. */
  unread: string | null
  shape: Catalogue
}

/**
 * Performs `migrate deploy`, and says why it failed from what it left: its table, its lock. Prisma's own words differ
 * from engine to engine, and a server that is gone is told better by the look itself.
 */
export const tellWhyMigrateFailed = async (
  act: Act<any, Migrating>,
  deploy: () => Promise<unknown>,
): Promise<void> => {
  try {
    await deploy()
  } catch (error) {
    act.signal.throwIfAborted()
    if (failureOf(error).kind !== 'command-failed') throw error
    const rows = (await migrationRows(act)) ?? []
    const failed = rows.find(({ state }) => state === 'failed')
    if (failed) {
      const done = act.observed.pending.slice(0, act.observed.pending.indexOf(failed.name))
      act.prove(
        'every migration that waited is applied',
        {
          holds: false,
          seen: `${failed.name} failed${done.length ? `; before it ${done.join(', ')} was applied` : ''} (P3018)`,
          tail: failed.logs.split('\n').slice(0, 12).join('\n'),
        },
        (await whatStays(act, failed.name, done)) +
          typed` npx prisma migrate resolve --rolled-back ${failed.name}, correct or replace the file, then deploy again`,
      )
    }
    const free = noMigrationRuns()
    const lock = await free.look(act)
    if (!lock.holds) act.prove(free.fact, lock, lock.remedy ?? free.remedy)
    throw error
  }
}

/** By PostgreSQL's catalogue, before and now: most migrations leave nothing, but none is believed to. */
const whatStays = async (
  act: Act<any, Migrating>,
  name: string,
  before: readonly string[],
): Promise<string> => {
  const { shape, unread } = act.observed
  const changes = differencesBetween(shape, await schemaShape(act)).filter(
    (one) => !/_prisma_migrations/.test(one),
  )
  const rows =
    unread === null ? '' : ' Whether it has changed rows cannot be told: it is not one transaction.'
  if (changes.length === 0) return `The schema is what it was before.${rows}`
  const listed = few(changes)
  return before.length
    ? `Since before the deployment the schema differs: ${listed}; ${before.join(', ')} has made its part of that.${rows} Remove by hand what ${name} has left, if anything; then:`
    : `${name} has left something: ${listed}.${rows} Look at it, and remove it by hand; then:`
}
