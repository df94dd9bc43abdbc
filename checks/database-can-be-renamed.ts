import { defineCheck, fails, holds, selects, sqlName, sqlText } from '../runbook/index.ts'
import { type Session, sessionsOf, sessionText } from './reading/sessions.ts'

/**
 * Nothing stands in the way of renaming the live database: the role owns it, may end the sessions of others there, and
 * no prepared transaction holds it.
 */
export const databaseCanBeRenamed = () =>
  defineCheck({
    fact: 'the live database can be renamed',
    remedy: 'use the role that owns the database',
    look: async ({ see }) => {
      const [own] = await see(
        selects<{
          database: string
          role: string
          owner: string
          owns: boolean
          may: boolean
          prepared: string[]
        }>(
          `SELECT d.datname AS database, current_user AS role, pg_get_userbyid(d.datdba) AS owner,
             pg_has_role(d.datdba, 'USAGE') AS owns,
             (SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user) AS may,
             ARRAY(SELECT gid FROM pg_prepared_xacts WHERE database = d.datname) AS prepared
           FROM pg_database d WHERE d.datname = current_database()`,
        ),
      )
      const { database, role, owner, owns, may, prepared } = own!
      if (!owns) return fails(`${database} belongs to ${owner}, not to ${role}`)
      if (!may)
        return fails(`${role} may not rename databases`, { remedy: `ALTER ROLE ${sqlName(role)} CREATEDB` })
      if (prepared.length)
        return fails(`it has prepared transactions: ${prepared.join(', ')}`, {
          remedy: `end each of them: ROLLBACK PREPARED ${sqlText(prepared[0]!)}, or COMMIT PREPARED`,
        })
      const sessions = await see(sessionsOf(database))
      const untouchable = sessions.filter(({ endable }) => !endable)
      if (untouchable.length)
        return fails(`${role} may not end ${list(untouchable)}`, {
          remedy: `end them, or GRANT pg_signal_backend TO ${sqlName(role)}; a superuser's only a superuser can end`,
        })
      return holds(
        sessions.length
          ? `${role} owns it; would end ${list(sessions)}`
          : `${role} owns it; nobody else is in it`,
      )
    },
  })

const list = (sessions: readonly Session[]): string => sessions.map(sessionText).join('; ')
