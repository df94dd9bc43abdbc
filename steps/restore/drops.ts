import { type Actions, executes } from '../../runbook/index.ts'
import { quoted } from '../sql/quoted.ts'

/**
 * Drops databases, whoever works in them: `<name>-sessions` ends the sessions that the role may end, such as that of the
 * program of a run that was killed; then each by itself, `<name>`, `<name>-1` …. `WITH (FORCE)` would be one statement for
 * both, but it refuses altogether while autovacuum looks at the database (42501, PostgreSQL 15), unless a superuser asks;
 * a plain DROP sends autovacuum away, and waits five seconds for the others. `leftovers` may hold `own` too. `from`: a
 * database that is none of these.
 */
export const drops = (name: string, own: string, leftovers: readonly string[], from: string): Actions => {
  const all = [...new Set([own, ...leftovers])]
  return {
    [`${name}-sessions`]: {
      ...executes(endingSessions('datname = ANY ($1)'), all),
      database: from,
      leaves: all,
    },
    ...Object.fromEntries(
      all.map((each, i) => [i ? `${name}-${i}` : name, { ...executes(dropping(each)), database: from }]),
    ),
  }
}

const dropping = (name: string): string => `DROP DATABASE IF EXISTS ${quoted(name)}`

/** In databases `where` that is so. A worker of the server’s own has no user. */
export const endingSessions = (where: string): string =>
  `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE ${where} AND usesysid IS NOT NULL` +
  " AND pg_has_role(usesysid, 'USAGE') AND pid <> pg_backend_pid()"
