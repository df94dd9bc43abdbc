import { defineCheck, holds, selects } from '../runbook/index.ts'

/** The database can be reached with the password given. */
export const databaseAnswers = () =>
  defineCheck({
    fact: 'the database answers',
    remedy: 'see whether PostgreSQL runs there: pg_isready -h <host> -p <port>',
    look: async ({ see }) => {
      const [server] = await see(
        selects<{ version: string; database: string; role: string }>(
          `SELECT current_setting('server_version') AS version, current_database() AS database, current_user AS role`,
        ),
      )
      const { version, database, role } = server!
      return holds(`PostgreSQL ${version.split(' ')[0]}, database ${database}, role ${role}`)
    },
  })
