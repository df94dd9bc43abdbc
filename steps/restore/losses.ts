import {
  type BackupManifest,
  EXACT,
  type Look,
  type Loss,
  lossesText,
  quantity,
  selects,
} from '../../runbook/index.ts'
import { hasValue } from '../sql/losses.ts'
import { orWhy } from '../sql/or-why.ts'
import { printedName } from '../sql/printed-name.ts'
import { quoted } from '../sql/quoted.ts'
import { type Compared, compareRows, type Difference, type Sum, sumOf } from './compare-rows.ts'
import { compareSequences, sequencesIn } from './compare-sequences.ts'
import { inDatabase } from './live-and-beside.ts'
import { idOf, nameOf, namesOf, type Side, type Table, tablesIn } from './tables-in.ts'

/**
 * What a restore takes away, as far as the numbers of a manifest tell: which rows were written, changed or deleted only a
 * comparison with the backup itself tells. What wrote a row (`xmin`) does not: a restore, or an ALTER TABLE that writes a
 * table anew, makes every row look new, and after four billion transactions an old one may too.
 */
export const countedLosses = async (
  at: Look,
  manifest: BackupManifest,
  { database, isBeside }: { database: string; isBeside: boolean },
): Promise<Loss[]> => {
  const side = sideOf(at, database)
  const then = new Map(manifest.tables.map((table) => [idOf(table), table]))
  const losses: Loss[] = []
  let both = 0
  const tables = await side(tablesIn)
  for (const table of tables) {
    const name = nameOf(at, table)
    const old = then.get(idOf(table))
    const added = old?.columns ? addedColumns(table, old.columns) : []
    const counted = await orWhy(() => countOf(side, table, added))
    if ('why' in counted) losses.push(notTold(name, counted.why))
    else if (!old) losses.push(inNewTable(name, counted.rows))
    else {
      const { rows, used } = counted
      losses.push(...ofColumns(name, added, used))
      if (rows > old.rows)
        losses.push({ what: `more in ${name} than in what comes back`, rows: rows - old.rows })
      if (rows < old.rows)
        losses.push({ what: `fewer in ${name} than in what comes back`, rows: old.rows - rows })
      if (rows + old.rows > 0) both += 1
    }
  }
  const kinds = await kindsIn(side)
  for (const table of withoutCounterpart(manifest.tables, tables))
    losses.push(ofMissingTable(nameOf(at, table), table.rows, kinds.get(idOf(table))))
  const sequences = (await side(sequencesIn)).length
  const known = losses.filter(({ rows }) => rows !== 0)
  if (both + sequences === 0) return known
  const told = isBeside
    ? 'before the backup stands beside the live database'
    : 'because the backup is restored into the live database itself, and nothing is left to compare it with'
  const open = [
    ...(both ? [`which rows of ${quantity(both, 'table')} were written, changed or deleted`] : []),
    ...(sequences ? [`which numbers of ${quantity(sequences, 'sequence')} come a second time`] : []),
  ].join(', and ')
  const comma = both && sequences ? ',' : ''
  const rest = both ? ': only the numbers of rows are compared' : ''
  return [...known, { what: `${open}${comma} cannot be told ${told}${rest}`, rows: null, unknown: true }]
}

/** How two databases were found, table by table, sequence by sequence: what a later comparison rests on. JSON: it is put out by a step. */
export type Sums = { [relation: string]: { live: string; other: string; losses: Loss[] } }

/** How long a comparison may take. Milliseconds. */
const PATIENCE = 60_000
/** Bytes that are compared in a millisecond, before anything has been measured. */
const SPEED = 30_000

export interface Comparison {
  losses: Loss[]
  sums: Sums
  /** Of the live database. */
  tables: number
}

/**
 * Holds the live database, or what it was, against what takes its place, row by row. `known`: of an earlier comparison; a
 * table that is as it was then has lost what was counted then. `isMoving`: the other is in use by now, so that it tells
 * something only where it is as it was. Where a table cannot be read, that is said of it, and the others are compared.
 */
export const compareDatabases = async (
  at: Look,
  {
    live,
    other,
    known = {},
    isMoving = false,
  }: { live: Side; other: Side; known?: Sums; isMoving?: boolean },
): Promise<Comparison> => {
  const [here, theirs] = [await live(tablesIn), await other(tablesIn)]
  const there = new Map(theirs.map((one) => [idOf(one), one]))
  const inexact = await printedOtherwise(live, other)
  const now = () => at.now().getTime()
  const until = now() + PATIENCE
  const isTooLong = (ms: number) => now() + ms > until
  let [bytes, took] = [SPEED * 100, 100]
  const compareTable = async (table: Table, name: string): Promise<Sums[string]> => {
    const old = there.get(idOf(table))
    if (!old) return unsummed([inNewTable(name, (await countOf(live, table, [])).rows)])
    const cannot = (why: string) => unsummed([notTold(name, why)])
    if (inexact) return cannot(`the server did not take the settings of the comparison (${inexact})`)
    if (isTooLong((table.size * took) / bytes))
      return cannot(`it would take longer than ${PATIENCE / 1000} s`)
    const began = now()
    const compared = comparedOf(table, old)
    const added = addedColumns(table, namesOf(old))
    const dropped = addedColumns(old, namesOf(table))
    const [mine, yours, { used }, { used: back }] = [
      ...(await Promise.all([sumOf(live, compared), sumOf(other, compared)])),
      ...(await Promise.all([countOf(live, table, added), countOf(other, old, dropped)])),
    ]
    bytes += table.size
    took += now() - began
    const [liveSum, otherSum] = [textOf(mine), textOf(yours)]
    const before = known[idOf(table)]
    if (before && before.live === liveSum && liveSum !== '') return before
    if (isMoving && before?.other !== otherSum)
      return cannot(
        `the application writes into what has taken its place already${before ? `; it was: ${lossesText(before.losses)}` : ''}`,
      )
    const sums = { live: liveSum, other: otherSum }
    if (compared.columns.length === 0 && table.columns.length + old.columns.length > 0)
      return { ...sums, losses: withoutCommonColumn(name, mine.rows, yours.rows) }
    const losses = [...ofColumns(name, added, used), ...ofDroppedColumns(name, dropped, back)]
    if (liveSum === otherSum) return { ...sums, losses }
    const found = await compareRows(live, other, compared, {
      rows: Math.max(mine.rows, yours.rows),
      now,
      mayGoOn: (fetches, each) => !isTooLong(fetches * each),
    })
    return found
      ? { ...sums, losses: [...losses, ...inWords(name, found, compared.key.length > 0)] }
      : cannot(`it would take longer than ${PATIENCE / 1000} s to compare all that differs`)
  }
  const sums: Sums = {}
  for (const table of here.toSorted((a, b) => a.size - b.size)) {
    const name = nameOf(at, table)
    const compared = await orWhy(() => compareTable(table, name))
    sums[idOf(table)] = 'why' in compared ? unsummed([notTold(name, compared.why)]) : compared
  }
  const losses = here.flatMap((table) => sums[idOf(table)]!.losses)
  const kinds = await kindsIn(live)
  for (const table of withoutCounterpart(theirs, here)) {
    const name = nameOf(at, table)
    // By now the application may have written into it: what was counted before stays true.
    const before = isMoving ? known[idOf(table)] : undefined
    const counted = before ?? (await orWhy(() => countOf(other, table, [])))
    const found =
      'losses' in counted
        ? counted.losses
        : 'why' in counted
          ? [notTold(name, counted.why)]
          : [ofMissingTable(name, counted.rows, kinds.get(idOf(table)))]
    sums[idOf(table)] = unsummed(found)
    losses.push(...found)
  }
  const sequences = await compareSequences(at, { live, other, known, isMoving })
  Object.assign(sums, sequences.sums)
  return {
    losses: [
      ...losses.filter(({ rows }) => rows !== 0),
      ...sequences.losses,
      ...(await largeObjects(live, other)),
    ],
    sums,
    tables: here.length,
  }
}

/** The same, of two databases of the server: the first as it stands at one moment. */
export const compareBeside = (at: Look, other: string): Promise<Comparison> =>
  at.snapshot(({ see }) => compareDatabases(at, { live: see, other: sideOf(at, other) }))

/** A database of the server, in which all that is there is counted, or the look fails. */
export const sideOf =
  (at: Look, database: string): Side =>
  (query) =>
    at.see({ ...inDatabase(database, query), exact: true })

const textOf = ({ rows, sum }: Sum): string => `${rows} ${sum}`

const unsummed = (losses: Loss[]): Sums[string] => ({ live: '', other: '', losses })

const notTold = (name: string, why: string): Loss => ({
  what: `what of ${name} is lost cannot be told, because ${why}`,
  rows: null,
  unknown: true,
})

const inNewTable = (name: string, rows: number): Loss => ({
  what: `in the table ${name}: the backup has no table of that name`,
  rows,
})

const ofMissingTable = (name: string, rows: number, kind: string | undefined): Loss => ({
  what: `in the table ${name}, ${kind ? `which is a ${kind} now` : 'which is not there any more'}: they come back`,
  rows,
})

const withoutCounterpart = <T extends { schema: string; name: string }>(
  all: readonly T[],
  others: readonly { schema: string; name: string }[],
): T[] => {
  const there = new Set(others.map(idOf))
  return all.filter((one) => !there.has(idOf(one)))
}

/** What bears a name that is no table with rows of its own. */
const kindsIn = async (side: Side): Promise<Map<string, string>> =>
  new Map(
    (
      await side(
        selects<{ schema: string; name: string; kind: string }>(
          `SELECT n.nspname AS schema, c.relname AS name, CASE c.relkind WHEN 'v' THEN 'view'
             WHEN 'm' THEN 'materialized view' WHEN 'p' THEN 'partitioned table' WHEN 'f' THEN 'foreign table'
             WHEN 'S' THEN 'sequence' WHEN 'r' THEN 'table of an extension' ELSE 'relation of another kind' END AS kind
           FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
           WHERE n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'`,
        ),
      )
    ).map((one) => [idOf(one), one.kind]),
  )

const withoutCommonColumn = (table: string, mine: number, theirs: number): Loss[] => [
  { what: `in ${table}: none of its columns is in the backup’s table of that name`, rows: mine },
  { what: `in the backup’s ${table}, of which no column is there any more: they come back`, rows: theirs },
]

const comparedOf = (table: Table, other: Table): Compared => {
  const { schema, name, key } = table
  const theirs = new Set(namesOf(other))
  const isSameKey = key.length > 0 && JSON.stringify(key) === JSON.stringify(other.key)
  return {
    ...{ schema, name },
    columns: namesOf(table).filter((column) => theirs.has(column)),
    key: isSameKey ? key : [],
  }
}

const addedColumns = (table: Table, old: readonly string[]) =>
  table.columns.filter(({ column }) => !old.includes(column!))

const countOf = async (side: Side, { schema, name }: Table, added: Table['columns']) => {
  const used = `count(*) FILTER (WHERE ${added.map(hasValue).join(' OR ') || 'false'}) AS used`
  const [counted] = await side(
    selects<{ rows: number; used: number }>(
      `SELECT count(*) AS rows, ${used} FROM ONLY ${quoted(schema)}.${quoted(name)}`,
    ),
  )
  return counted!
}

const ofColumns = (table: string, added: Table['columns'], rows: number): Loss[] =>
  added.length && rows
    ? [
        {
          what: `with a value in ${columnsText(table, added)}: the backup has no ${added.length > 1 ? 'columns of these names' : 'column of that name'}`,
          rows,
        },
      ]
    : []

const ofDroppedColumns = (table: string, dropped: Table['columns'], rows: number): Loss[] =>
  dropped.length && rows
    ? [
        {
          what: `with a value in ${columnsText(table, dropped)}, which ${dropped.length > 1 ? 'are' : 'is'} not there any more: they come back`,
          rows,
        },
      ]
    : []

const columnsText = (table: string, [first, ...more]: Table['columns']): string =>
  `${table}.${printedName(first!.column!)}${more.length ? ` and ${quantity(more.length, 'more column')}` : ''}`

const inWords = (table: string, { fresh, gone, changed }: Difference, hasKey: boolean): Loss[] =>
  (hasKey
    ? [
        { what: `inserted into ${table}`, rows: fresh },
        { what: `changed in ${table}: they become again what they were`, rows: changed },
        { what: `deleted from ${table}: they come back`, rows: gone },
      ]
    : [
        {
          what: `inserted into or changed in ${table} (it has no primary key that tells which)`,
          rows: fresh,
        },
        { what: `changed in or deleted from ${table}: they come back as they were`, rows: gone },
      ]
  ).filter(({ rows }) => rows > 0)

/** Rows are compared as text: what was set on the sessions for that is read back. Undefined: all is as it should be. */
const printedOtherwise = async (...sides: Side[]): Promise<string | undefined> => {
  const settings = selects<{ name: string }>(
    'SELECT name FROM jsonb_each_text($1) AS wanted (name, value) WHERE current_setting(name) <> value ORDER BY name',
    JSON.stringify(EXACT),
  )
  const wrong = (await Promise.all(sides.map((side) => side(settings)))).flat().map(({ name }) => name)
  return wrong.length ? [...new Set(wrong)].join(', ') : undefined
}

const largeObjects = async (live: Side, other: Side): Promise<Loss[]> => {
  const count = selects<{ rows: number }>('SELECT count(*) AS rows FROM pg_largeobject_metadata')
  const [[mine], [theirs]] = await Promise.all([live(count), other(count)])
  return mine!.rows + theirs!.rows === 0
    ? []
    : [
        {
          what: `which of ${quantity(mine!.rows, 'large object')} were changed cannot be told: they are not compared`,
          rows: null,
          unknown: true,
        },
      ]
}
