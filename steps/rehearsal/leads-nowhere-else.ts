import { type Check, defineCheck, fails, holds, selects, typedWord } from '../../runbook/index.ts'
import { allowances } from './can-be-rehearsed.ts'

/** By which a statement makes the server itself connect to whatever it names. */
const REACHING_OUT = ['dblink', 'http', 'pg_net']

interface Way {
  name: string
  what: string
}

/**
 * A copy leads wherever the database leads: through a foreign table the server itself writes into what is in use, whatever a
 * command is kept from. That is seen beforehand, because rows that were written there do not show in a schema.
 */
export const leadsNowhereElse = (inBook: readonly string[]): Check =>
  defineCheck({
    fact: 'a migration on the copy reaches nothing through the server',
    remedy: '',
    look: async (at) => {
      if (at.migrations.length === 0) return holds('none is to be rehearsed')
      const ways = await at.see(
        selects<Way>(
          `SELECT s.srvname AS name, 'the foreign server ' || s.srvname || coalesce(' leads to ' || (
             SELECT string_agg(o.option_name || ' ' || o.option_value, ', ') FROM pg_options_to_table(s.srvoptions) o
             WHERE o.option_name IN ('host', 'port', 'dbname', 'dbserver')), '') AS what
           FROM pg_foreign_server s JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw WHERE w.fdwname <> 'file_fdw'
           UNION ALL SELECT extname, 'the extension ' || extname || ' leads wherever a statement says'
           FROM pg_extension WHERE extname = ANY ($1) ORDER BY 2`,
          REACHING_OUT,
        ),
      )
      const isAllowed = allowances(at, inBook)
      const others = ways.filter(({ name }) => !isAllowed(`foreign:${name}`))
      const said = (some: readonly Way[]) => some.map(({ what }) => what).join('; ')
      if (others.length === 0)
        return holds(ways.length ? `NOT so, and that is allowed: ${said(ways)}` : 'nothing leads out of it')
      const names = others.map(({ name }) => `foreign:${name}`)
      return fails(said(others), {
        remedy:
          `where no migration writes through it, say so by its name: --allow ${names.map((one) => typedWord(one)).join(' ')}, or rehearse({ allow: [${names.map((one) => `'${one}'`).join(', ')}] }) in the book; ` +
          `where one does, rehearse nothing: rehearse({ off: '…' })`,
      })
    },
  })
