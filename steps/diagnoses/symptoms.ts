import type { Failure, Step } from '../../runbook/index.ts'

/** What people meet with, as the guides' troubleshooting sections have it. */
export const symptoms = {
  code: 'The code cannot be pulled, or not be taken back',
  database: 'The database cannot be reached, or is the wrong one',
  noRelation: 'relation … does not exist',
  columnThere: 'column … already exists',
  relationThere: 'relation … already exists',
  migrationFailed: 'A migration failed',
  client: 'The Prisma client is not generated, or does not match the schema',
  stillFails: 'The application still answers with errors, or not at all, after a deployment',
} as const

/** What runs was looked at, by its start or by a verification, and was not as it should be. */
export const ofWhatRuns = ({ kind }: Failure, { sort, stop }: Step): boolean =>
  (sort === 'verifies' || stop !== undefined) &&
  ['after-unmet', 'command-failed', 'request-failed', 'timeout'].includes(kind)

/** A migration was refused, for one of these reasons (SQLSTATE); what another program has done tells none. */
export const ofMigration =
  (...states: string[]) =>
  (failure: Failure, { role }: Step): boolean =>
    failure.kind === 'query-failed'
      ? states.includes(failure.sqlstate)
      : role === 'migration' && ['after-unmet', 'command-failed'].includes(failure.kind)
