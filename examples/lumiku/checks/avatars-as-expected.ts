import { defineCheck, holds, quantity, selects } from 'runbook'
import { tableHasColumns } from 'runbook/checks'
import { columnsAdded, columnsBefore } from '../avatars.ts'

/**
 * The 8 columns that were always there, and of the 18 new ones none, some (the guide's "Issue 2") or all, but each in
 * its right shape: `ADD COLUMN IF NOT EXISTS` would pass over a wrong one without a word.
 */
export const avatarsAsExpected = () =>
  defineCheck({
    fact: 'avatars has its 8 columns, and new ones only in the right shape',
    remedy: 'compare \\d avatars with avatars.ts beside the book, and mend by hand what differs',
    look: async (at) => {
      const found = await at.see(columnsOf('avatars', at.env.database?.schema ?? 'public'))
      const isThere = ([name]: [string, unknown]) => found.some((column) => column.name === name)
      const there = Object.entries(columnsAdded).filter(isThere)
      const verdict = await tableHasColumns('avatars', {
        ...columnsBefore,
        ...Object.fromEntries(there),
      }).look(at)
      const missing = Object.keys(columnsAdded).length - there.length
      return verdict.holds ? holds(`${quantity(found.length, 'column')}, ${missing} missing`) : verdict
    },
  })

/** Of one schema: the guide's count by `table_name` alone counts every schema's. */
const columnsOf = (table: string, schema: string) =>
  selects<{ name: string }>(
    'SELECT column_name AS name FROM information_schema.columns WHERE table_schema = $1 AND table_name = $2',
    schema,
    table,
  )
