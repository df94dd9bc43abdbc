import { MIGRATE_LOCK } from '../../checks/no-migration-runs.ts'
import { migrationRows } from '../../checks/reading/prisma-migrations.ts'
import type { Left } from '../../checks/reading/schema-shape.ts'
import {
  type Catalogue,
  defineCheck,
  fails,
  forwardOnly,
  holds,
  nothingToUndo,
  sqlText,
  transaction,
  typed,
  type Undo,
} from '../../runbook/index.ts'
import { quoted } from '../sql/quoted.ts'
import { dropsOf } from '../sql/reverse.ts'
import { retryLocked, settingsOf } from '../sql/settings.ts'
import { takesBack } from '../sql/take-back.ts'
import { wayBack } from '../sql/way-back.ts'
import type { MigrationEffects } from './migration-effects.ts'

export interface BeforeMigrating extends Pick<MigrationEffects, 'effects' | 'unread' | 'places'> {
  schema: string
  pending: string[]
  had: number[]
  known: boolean
  /** Absent in older transcripts. */
  shape?: Catalogue
}

/** Readers queue behind a DROP that waits. Milliseconds. */
const settings = settingsOf({ lockTimeout: 50, statementTimeout: 600_000 })
const retry = retryLocked(60_000)

/**
 * The way back of migrations: what they add is dropped, then they are marked as rolled back. The other way round, a
 * deploy between the two would apply them over their own tables; so both are one transaction, under Prisma's own lock.
 */
export const migrationsTakenBack = (before: BeforeMigrating, left?: Left): Undo => {
  const { effects, had, pending, schema, known, unread, places } = before
  if (pending.length === 0) return nothingToUndo('no migration waited')
  const { added, lost } = wayBack(effects, had)
  const [first] = lost
  const file =
    first && places.find(({ line, sql }) => line === first.line && startsAlike(sql, first.words))?.file
  const { underived } = effects
  const why = underived ? `: ${underived.because}` : ''
  const because = unread ?? (first && `line ${first.line} of ${file ?? 'a migration'}: ${first.words}${why}`)
  if (because)
    return forwardOnly(
      because,
      'write a migration that takes it back, or take the database back to the backup: --database=restore',
    )
  const table = `${quoted(schema)}."_prisma_migrations"`
  const names = pending.map(sqlText).join(', ')
  const mark = known
    ? `UPDATE ${table} SET rolled_back_at = now() WHERE migration_name IN (${names}) AND rolled_back_at IS NULL`
    : `DROP TABLE IF EXISTS ${table}`
  const statements = [
    { sql: `SELECT pg_advisory_xact_lock(${MIGRATE_LOCK})`, line: 1 },
    ...dropsOf(added),
    { sql: mark, line: 1 },
  ]
  return takesBack(
    added,
    { ...transaction(statements, settings(schema)), retry },
    {
      before: before.shape,
      left,
      derived: true,
      first: known ? [] : [noOthersRecorded(pending)],
      alsoThen: [noneApplied(pending)],
    },
  )
}

const startsAlike = (sql: string, words: string): boolean =>
  sql.replace(/\s+/g, ' ').startsWith(words.replace(/…$/, ''))

/** As Prisma's table has it; the files may be gone by then. */
const noneApplied = (names: readonly string[]) =>
  defineCheck({
    fact: `Prisma’s table no longer has ${names.join(', ')} as applied`,
    remedy: typed`npx prisma migrate resolve --rolled-back ${names[0] ?? ''}`,
    look: async (at) => {
      const rows = ((await migrationRows(at)) ?? []).filter(({ name }) => names.includes(name))
      const left = rows.filter(({ state }) => state !== 'rolled back')
      return left.length
        ? fails(left.map(({ name, state }) => `${name} is ${state}`).join(', '))
        : holds(rows.length ? 'marked as rolled back' : 'no entry')
    },
  })

/** The table goes with the migrations that it was made for, but not with others that it tells of since. */
const noOthersRecorded = (names: readonly string[]) =>
  defineCheck({
    fact: 'Prisma’s table tells of no other migration',
    remedy: 'take the later migrations back first; or write a migration that takes all of them back',
    look: async (at) => {
      const others = ((await migrationRows(at)) ?? []).filter(({ name }) => !names.includes(name))
      return others.length ? fails(others.map(({ name }) => name).join(', ')) : holds('none')
    },
  })
