import { noMigrationRuns } from '../../checks/no-migration-runs.ts'
import { migrationRows } from '../../checks/reading/prisma-migrations.ts'
import { type Act, failureOf } from '../../runbook/index.ts'

/**
 * Performs `migrate deploy`, and says why it failed from what it left: its table, its lock. Prisma's own words differ
 * from engine to engine, and a server that is gone is told better by the look itself.
 */
export const tellWhyMigrateFailed = async (
  act: Act<any, { pending: string[] }>,
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
        `PostgreSQL has taken back all of ${failed.name}, unless it ends its own transaction. npx prisma migrate resolve --rolled-back ${failed.name}, correct or replace the file, then deploy again`,
      )
    }
    const free = noMigrationRuns()
    const lock = await free.look(act)
    if (!lock.holds) act.prove(free.fact, lock, lock.remedy ?? free.remedy)
    throw error
  }
}
