import { selects } from '../model/action.ts'
import { type Check, defineCheck, fails, holds } from '../model/check.ts'
import type { Look } from '../model/look.ts'
import { migrationTables } from '../model/migrations/migration-tables.ts'
import { quantity } from '../model/quantity.ts'

/** What migration tools have written down as applied: '12 rows in public.knex_migrations, 3f2a…'. */
interface Applied {
  /** Whether any of these tables is there. */
  known: boolean
  text: string
}

/** Undefined where there is no database, or where it cannot be read. */
export const appliedMigrations = async ({ env, attempt }: Look): Promise<Applied | undefined> => {
  if (!env.database) return undefined
  const tables = await attempt(
    selects<{ name: string }>(
      `SELECT format('%I.%I', n.nspname, c.relname) AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
       WHERE c.relkind = 'r' AND c.relname = ANY ($1) ORDER BY 1`,
      migrationTables,
    ),
  )
  if (!tables.ok) return undefined
  const texts: string[] = []
  for (const { name } of tables.value) {
    const found = await attempt(
      selects<{ rows: number; sum: string }>(
        `SELECT count(*)::int AS rows, md5(coalesce(string_agg(t::text, E'\\n' ORDER BY t::text), '')) AS sum FROM ${name} t`,
      ),
    )
    if (!found.ok) return undefined
    const [{ rows, sum } = { rows: 0, sum: '' }] = found.value
    // An empty one is as none: the tool makes it when it is first called.
    if (rows > 0) texts.push(`${quantity(rows, 'row')} in ${name}, ${sum.slice(0, 12)}`)
  }
  return { known: tables.value.length > 0, text: texts.join('; ') }
}

/**
 * The migration tool has written down as applied what it had before the run: nothing of the run is left, or it had applied
 * nothing, and then its undo would take back what an earlier release has applied. `otherwise` tells of a tool that keeps no
 * table that is known.
 */
export const appliedAsBefore = (was: string, otherwise: Check): Check =>
  defineCheck({
    fact: 'what the migration tool has recorded as applied is what it was before the run',
    remedy:
      'compare it with the migrations of the previous revision; what is left is taken back with the tool itself',
    look: async (look) => {
      const now = await appliedMigrations(look)
      if (now === undefined && look.env.database)
        return fails('what is recorded now cannot be read, so that it is not known')
      // Where something was recorded before, a table that is not there any more is no tool without one.
      if (!now || (!now.known && was === '')) return otherwise.look(look)
      const said = now.text || 'none'
      return now.text === was ? holds(said) : fails(`${said}; before it: ${was || 'none'}`)
    },
  })

/**
 * The migration tool has written down as applied what it had when the run was done, or when it began. Where somebody has
 * applied another migration since, be it of data only, its undo would take that one back, and not what the run made.
 */
export const appliedAsLeft = (was: string, left: string): Check =>
  defineCheck({
    fact: 'what the migration tool has recorded as applied is what the run left',
    remedy:
      'somebody has applied or taken back a migration since, which the undo would take for that of the run: look at the rows of that table; take back by hand what came since, with the tool itself, then go on',
    look: async (look) => {
      const now = await appliedMigrations(look)
      if (now === undefined) return fails('what is recorded now cannot be read, so that it is not known')
      const said = now.text || 'none'
      return now.text === left || now.text === was
        ? holds(said)
        : fails(`${said}; the run left: ${left || 'none'}`)
    },
  })
