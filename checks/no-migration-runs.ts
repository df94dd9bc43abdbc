import { defineCheck, fails, holds, selects } from '../runbook/index.ts'

/** The key of the advisory lock that Prisma Migrate takes for as long as it works (P1002 where it cannot). */
export const MIGRATE_LOCK = 72_707_369

interface Holder {
  pid: number
  application: string
  from: string
  since: string
  doing: string
}

/** Nobody holds Prisma's lock on the database. A killed command line may leave a session behind that does. */
export const noMigrationRuns = () =>
  defineCheck({
    fact: 'no other Prisma migration runs on the database',
    remedy: 'wait until it has ended',
    look: async ({ see }) => {
      const [holder] = await see(
        selects<Holder>(
          `SELECT l.pid, coalesce(nullif(a.application_name, ''), 'a session without a name') AS application,
             coalesce(host(a.client_addr), 'this machine') AS from, to_char(a.query_start, 'HH24:MI:SS') AS since,
             a.state AS doing
           FROM pg_locks l JOIN pg_stat_activity a USING (pid)
           WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 AND l.classid = 0 AND l.objid = ${MIGRATE_LOCK}
             AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
        ),
      )
      if (!holder) return holds('the lock is free')
      const { pid, application, from, since, doing } = holder
      return fails(
        `process ${pid} of the server holds Prisma’s lock: ${application} from ${from}, ${doing} since ${since} (P1002)`,
        {
          remedy: `wait until that migration has ended; where nobody runs one, its session was left behind: SELECT pg_terminate_backend(${pid})`,
        },
      )
    },
  })
