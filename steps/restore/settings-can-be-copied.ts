import { defineCheck, fails, holds, quantity, selects } from '../../runbook/index.ts'

/** What a superuser has set for a database, an ordinary role may not set for its copy. */
export const settingsCanBeCopied = () =>
  defineCheck({
    fact: 'the role may give another database the settings of this one',
    remedy: 'restore with the role that set them, or: GRANT SET ON PARAMETER <setting> TO <role>',
    look: async ({ see }) => {
      const settings = await see(
        selects<{ name: string; of: string | null; role: string; may: boolean; version: number }>(
          `SELECT split_part(c, '=', 1) AS name, of.rolname AS of, me.rolname AS role,
             me.rolsuper OR (coalesce(p.context IN ('user', 'backend'), false)
               AND (s.setrole = 0 OR s.setrole = me.oid OR me.rolcreaterole)) AS may,
             current_setting('server_version_num')::int AS version
           FROM pg_database d JOIN pg_db_role_setting s ON s.setdatabase = d.oid JOIN pg_roles me ON me.rolname = current_user
           LEFT JOIN pg_roles of ON of.oid = s.setrole, unnest(s.setconfig) AS c
           LEFT JOIN pg_settings p ON p.name = split_part(c, '=', 1)
           WHERE d.datname = current_database()`,
        ),
      )
      const granted = await Promise.all(
        settings.map(async ({ name, may, of, version }) => {
          if (may || of !== null || version < PRIVILEGES_ON_SETTINGS) return may
          return (await see(maySet(name)))[0]!.may
        }),
      )
      const closed = settings.filter((_, i) => !granted[i])
      if (closed.length === 0) return holds(quantity(settings.length, 'setting'))
      const names = closed.map(({ name, of }) => (of === null ? name : `${name} of ${of}`)).join(', ')
      return fails(`${closed[0]!.role} may not set ${names}`)
    },
  })

/** The version that has them (https://www.postgresql.org/docs/15/ddl-priv.html); before, only a superuser may set such a one. */
const PRIVILEGES_ON_SETTINGS = 150000
const maySet = (name: string) =>
  selects<{ may: boolean }>(`SELECT coalesce(has_parameter_privilege($1, 'SET'), false) AS may`, name)
