import { databaseReached } from '../../checks/database-reached.ts'
import { defineDiagnosis, type Environment } from '../../runbook/index.ts'
import { ofWhatRuns, symptoms } from './symptoms.ts'

/**
 * Not set, not a URL, a server that does not answer, a user or a password that is refused, no such database. That it is
 * another environment's is seen by what the book says in `identify`.
 */
export const wrongDatabaseUrl = (env: Environment) =>
  defineDiagnosis({
    id: 'wrong-database-url',
    symptom: symptoms.database,
    cause: `${env.database?.url.name ?? 'the URL'} does not lead to the database`,
    probe: databaseReached(env),
    // What could not reach it has said so itself.
    fits: (failure, step) => ofWhatRuns(failure, step) || (failure.kind === 'command-failed' && !!step.role),
  })
