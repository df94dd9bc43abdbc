import { type Json, selects } from '../../runbook/index.ts'
import { quoted } from '../sql/quoted.ts'
import type { Side, Table } from './tables-in.ts'

/** A table of two databases, with the columns that both have. */
export interface Compared extends Pick<Table, 'schema' | 'name'> {
  columns: readonly string[]
  /** Of the primary key that both have; none: rows are compared as a whole. */
  key: readonly string[]
}

/** How many rows a table has, and the sum of their digests: two tables with the same have the same rows, in any order. */
export interface Sum {
  rows: number
  sum: string
}

/** What is only in the one, only in the other, and in both with other values. Without a key the last is in the first two. */
export interface Difference {
  fresh: number
  gone: number
  changed: number
}

const digest = (columns: readonly string[], seed: 0 | 1): string =>
  `hashtextextended(ROW(${columns.map(quoted).join(', ')})::text, ${seed})`
const from = ({ schema, name }: Compared): string => `FROM ONLY ${quoted(schema)}.${quoted(name)}`
const keyOf = ({ key, columns }: Compared): string => digest(key.length ? key : columns, 0)

export const sumOf = async (side: Side, table: Compared): Promise<Sum> =>
  (
    await side(
      selects<Sum>(
        `SELECT count(*) AS rows, coalesce(sum(${digest(table.columns, 1)}::numeric), 0)::text AS sum ${from(table)}`,
      ),
    )
  )[0]!

/** Rows in a bucket, about, and rows that are held in memory at once. */
const BUCKET = 500
const AT_ONCE = 100_000

/**
 * Holds two tables against each other row by row. Rows are put into buckets by a digest of their key, and buckets are
 * compared by their sums, so that only the rows of those that differ are fetched, some at a time: memory stays flat. Each
 * fetch reads both tables in full; `mayGoOn` is told how many are to come, and how long one takes (ms). Undefined: it may not.
 */
export const compareRows = async (
  one: Side,
  other: Side,
  table: Compared,
  { rows, now, mayGoOn }: { rows: number; now(): number; mayGoOn(fetches: number, each: number): boolean },
): Promise<Difference | undefined> => {
  const mask = Math.min(65_536, 2 ** Math.max(0, Math.ceil(Math.log2(rows / BUCKET || 1)))) - 1
  const began = now()
  const [here, there] = await Promise.all([one, other].map((side) => bucketsOf(side, table, mask)))
  const differing = [...new Set([...here!.keys(), ...there!.keys()])].filter((bucket) => {
    const [a, b] = [here!.get(bucket), there!.get(bucket)]
    return a?.rows !== b?.rows || a?.sum !== b?.sum
  })
  const batches = inBatches(differing, (bucket) =>
    Math.max(here!.get(bucket)?.rows ?? 0, there!.get(bucket)?.rows ?? 0),
  )
  if (!mayGoOn(batches.length, now() - began)) return undefined
  const total: Difference = { fresh: 0, gone: 0, changed: 0 }
  for (const batch of batches) {
    const [mine, theirs] = await Promise.all([one, other].map((side) => rowsOf(side, table, mask, batch)))
    const found = difference(mine!, theirs!)
    total.fresh += found.fresh
    total.gone += found.gone
    total.changed += found.changed
  }
  return total
}

type Buckets = Map<number, Sum>
const bucketsOf = async (side: Side, table: Compared, mask: number): Promise<Buckets> => {
  const found = await side(
    selects<Sum & { bucket: number }>(
      `SELECT bucket, count(*) AS rows, sum(row)::text AS sum FROM (
         SELECT (${keyOf(table)} & ${mask})::int AS bucket, ${digest(table.columns, 1)}::numeric AS row ${from(table)}
       ) AS digests GROUP BY bucket`,
    ),
  )
  return new Map(found.map(({ bucket, ...sum }) => [bucket, sum]))
}

interface Row {
  key: string
  row: string
}
const rowsOf = (
  side: Side,
  table: Compared,
  mask: number,
  buckets: readonly number[],
): Promise<readonly Row[]> =>
  side(
    selects<Row>(
      `SELECT ${keyOf(table)}::text AS key, ${digest(table.columns, 1)}::text AS row ${from(table)}
       WHERE ${keyOf(table)} & ${mask} = ANY ($1::bigint[])`,
      buckets as unknown as Json,
    ),
  )

/** Rows of one key: more than one where there is no key, and rows are alike. */
const difference = (mine: readonly Row[], theirs: readonly Row[]): Difference => {
  const waiting = new Map<string, string[]>()
  for (const { key, row } of theirs) {
    const alike = waiting.get(key)
    if (alike) alike.push(row)
    else waiting.set(key, [row])
  }
  let [fresh, changed] = [0, 0]
  for (const { key, row } of mine) {
    const alike = waiting.get(key)
    if (!alike?.length) fresh += 1
    else if (alike.pop() !== row) changed += 1
  }
  const gone = [...waiting.values()].reduce((sum, rows) => sum + rows.length, 0)
  return { fresh, gone, changed }
}

const inBatches = (buckets: readonly number[], rowsIn: (bucket: number) => number): number[][] => {
  const batches: number[][] = []
  let held = Number.POSITIVE_INFINITY
  for (const bucket of buckets) {
    const rows = rowsIn(bucket)
    if (held + rows > AT_ONCE) {
      batches.push([])
      held = 0
    }
    batches.at(-1)!.push(bucket)
    held += rows
  }
  return batches
}
