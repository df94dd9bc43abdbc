import {
  type Catalogue,
  differencesBetween,
  isOwnSchema,
  type Look,
  objectLines,
  quantity,
  selects,
} from '../../runbook/index.ts'

/**
 * What of the database that is in use nobody but a migration changes. Its other rows are the application's, which goes on
 * writing them.
 */
export interface LiveState {
  /**
   * Of each object its lines, and a digest of all that the catalogue has of it: an object of the same definition that was
   * made again is another.
   */
  catalogue: Catalogue<string[]>
  ledgers: readonly Ledger[]
}
/** In which a migration tool keeps what it has applied, as its name tells. */
interface Ledger {
  table: string
  rows: number
  /** Over all its rows; null where the role may not read it. */
  sum: string | null
}

/** The names that such tools give theirs: knex, Prisma, TypeORM, Sequelize, Rails, Django, Flyway, Liquibase, Alembic … */
const LEDGER =
  '(migration|schema_?(version|info|history)|sequelizemeta|alembic|flyway|databasechangelog|goose|ar_internal_metadata|evolutions|refinery|atlas_)'
/** What is larger is no ledger. Rows. */
const MOST = 100_000

export const liveState = async (look: Pick<Look, 'see'>): Promise<LiveState> => ({
  catalogue: Object.fromEntries(
    (await look.see(objectLines)).map(({ object, lines, letters }) => [object, [...lines, `#${letters}`]]),
  ),
  ledgers: await ledgersOf(look),
})

const ledgersOf = async ({ see }: Pick<Look, 'see'>): Promise<Ledger[]> => {
  const tables = await see(
    selects<{ table: string; readable: boolean }>(
      `SELECT format('%I.%I', n.nspname, c.relname) AS table, has_table_privilege(c.oid, 'SELECT') AS readable
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
       WHERE c.relkind IN ('r', 'p') AND c.relname ~* $1 AND c.reltuples < $2 AND ${isOwnSchema} ORDER BY 1`,
      LEDGER,
      MOST,
    ),
  )
  const readable = tables.filter((one) => one.readable)
  const counted = readable.length
    ? await see(
        selects<Ledger>(
          readable
            .map(
              ({ table }, i) =>
                `SELECT $${i + 1} AS table, count(*)::int AS rows, coalesce(sum(hashtextextended(t::text, 0)::numeric), 0)::text AS sum FROM ${table} t`,
            )
            .join(' UNION ALL '),
          ...readable.map(({ table }) => table),
        ),
      )
    : []
  return [
    ...counted,
    ...tables.filter((one) => !one.readable).map(({ table }) => ({ table, rows: 0, sum: null })),
  ]
}

/** What is compared, in words. */
export const comparedIn = ({ catalogue, ledgers }: LiveState): string[] => [
  `the schema (${quantity(Object.keys(catalogue).length, 'object')} of the catalogue)`,
  ...ledgers.map(({ table, rows, sum }) => {
    const name = table.replace(/^public\./, '')
    return sum === null ? `not ${name}, which the role may not read` : `${name} (${quantity(rows, 'row')})`
  }),
]

/** What is otherwise than it was, a line each. */
export const liveDifferences = (before: LiveState, after: LiveState): string[] => {
  const was = new Map(before.ledgers.map((one) => [one.table, one]))
  return [
    ...differencesBetween(before.catalogue, after.catalogue),
    ...after.ledgers.flatMap(({ table, rows, sum }) => {
      const then = was.get(table)
      if (!then || then.sum === sum) return []
      return [
        then.rows === rows
          ? `the rows of ${table} are others`
          : `${table} had ${quantity(then.rows, 'row')}, and has ${rows}`,
      ]
    }),
  ]
}
