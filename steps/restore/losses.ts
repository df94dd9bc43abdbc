import { type BackupManifest, type Look, type Loss, quantity, selects } from '../../runbook/index.ts'
import { hasValue } from '../sql/losses.ts'
import { quoted } from '../sql/quoted.ts'
import { type Compared, compareRows, type Difference, type Sum, sumOf } from './compare-rows.ts'
import { inDatabase } from './live-and-beside.ts'
import { idOf, namesOf, type Side, type Table, tablesIn } from './tables-in.ts'

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
  for (const table of await side(tablesIn)) {
    const name = nameOf(at, table)
    const old = then.get(idOf(table))
    const added = old?.columns ? addedColumns(table, old.columns) : []
    const { rows, used } = await countOf(side, table, added)
    if (!old) losses.push({ what: `in the table ${name}, made since the backup`, rows })
    else {
      losses.push(...ofColumns(name, added, used))
      if (rows > old.rows)
        losses.push({ what: `more in ${name} than in what comes back`, rows: rows - old.rows })
      if (rows < old.rows)
        losses.push({ what: `fewer in ${name} than in what comes back`, rows: old.rows - rows })
      if (rows + old.rows > 0) both += 1
    }
  }
  const known = losses.filter(({ rows }) => rows !== 0)
  if (both === 0) return known
  const told = isBeside
    ? 'before the backup stands beside the live database'
    : 'because it stands nowhere beside it'
  const why = `which rows of ${quantity(both, 'table')} were written, changed or deleted cannot be told ${told}: only the numbers of rows are compared`
  return [...known, { what: why, rows: null }]
}

/** How two databases were found, table by table: what a later comparison rests on. JSON: it is put out by a step. */
export type Sums = { [table: string]: { live: string; other: string; losses: Loss[] } }

/** How long a comparison may take. Milliseconds. */
const PATIENCE = 60_000
/** Bytes that are compared in a millisecond, before anything has been measured. */
const SPEED = 30_000

export interface Comparison {
  losses: Loss[]
  sums: Sums
}

/**
 * Holds the live database, or what it was, against what takes its place, row by row. `known`: of an earlier comparison; a
 * table that is as it was then has lost what was counted then. `isMoving`: the other is in use by now, so that it tells
 * something only where it is as it was.
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
  const [here, there] = [
    await live(tablesIn),
    new Map((await other(tablesIn)).map((one) => [idOf(one), one])),
  ]
  const unlike = await printedOtherwise(live, other)
  const now = () => at.now().getTime()
  const until = now() + PATIENCE
  let [bytes, took] = [SPEED * 100, 100]
  const sums: Sums = {}
  for (const table of here.toSorted((a, b) => a.size - b.size)) {
    const id = idOf(table)
    const name = nameOf(at, table)
    const old = there.get(id)
    if (!old) {
      const { rows } = await countOf(live, table, [])
      sums[id] = {
        live: '',
        other: '',
        losses: [{ what: `in the table ${name}, made since the backup`, rows }],
      }
      continue
    }
    const cannot = (why: string) => {
      sums[id] = {
        live: '',
        other: '',
        losses: [{ what: `what of ${name} is lost cannot be told, because ${why}`, rows: null }],
      }
    }
    const isTooLong = (ms: number) => now() + ms > until
    if (unlike) cannot(`the two databases print values in different ways (${unlike})`)
    else if (isTooLong((table.size * took) / bytes)) cannot(`it would take longer than ${PATIENCE / 1000} s`)
    else {
      const began = now()
      const compared = comparedOf(table, old)
      const added = addedColumns(table, namesOf(old))
      const [{ used }, mine, theirs] = await Promise.all([
        countOf(live, table, added),
        sumOf(live, compared),
        sumOf(other, compared),
      ])
      bytes += table.size
      took += now() - began
      const [liveSum, otherSum] = [textOf(mine), textOf(theirs)]
      const before = known[id]
      const losses = ofColumns(name, added, used)
      const set = (more: readonly Loss[]) => {
        sums[id] = { live: liveSum, other: otherSum, losses: [...losses, ...more] }
      }
      if (before && before.live === liveSum && liveSum !== '') sums[id] = before
      else if (isMoving && before?.other !== otherSum)
        cannot(
          `the application writes into what has taken its place already${before ? `; it was: ${before.losses.map(({ what, rows }) => `${rows ?? ''} ${what}`.trim()).join('; ') || 'nothing'}` : ''}`,
        )
      else if (liveSum === otherSum) set([])
      else {
        const found = await compareRows(live, other, compared, {
          rows: Math.max(mine.rows, theirs.rows),
          now,
          mayGoOn: (fetches, each) => !isTooLong(fetches * each),
        })
        if (found) set(inWords(name, found, compared.key.length > 0))
        else cannot(`it would take longer than ${PATIENCE / 1000} s to compare all that differs`)
      }
    }
  }
  const losses = here.flatMap((table) => sums[idOf(table)]!.losses).filter(({ rows }) => rows !== 0)
  return { losses: [...losses, ...(await largeObjects(live, other))], sums }
}

/** The same, of two databases of the server: the first as it stands at one moment. */
export const compareBeside = (at: Look, other: string): Promise<Comparison> =>
  at.snapshot(({ see }) => compareDatabases(at, { live: see, other: sideOf(at, other) }))

export const sideOf =
  (at: Look, database: string): Side =>
  (query) =>
    at.see(inDatabase(database, query))

const nameOf = (at: Look, { schema, name }: Pick<Table, 'schema' | 'name'>): string =>
  schema === (at.env.database?.schema ?? 'public') ? name : `${schema}.${name}`

const textOf = ({ rows, sum }: Sum): string => `${rows} ${sum}`

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

const ofColumns = (table: string, added: Table['columns'], rows: number): Loss[] => {
  const [first, ...more] = added
  if (!first || rows === 0) return []
  const columns = `${table}.${first.column}${more.length ? ` and ${quantity(more.length, 'more column')}` : ''}`
  return [{ what: `with a value in ${columns}, made since the backup`, rows }]
}

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

/** Settings by which the same value is another text: rows are compared as text. */
const printedOtherwise = async (live: Side, other: Side): Promise<string | undefined> => {
  const settings = selects<{ name: string; setting: string }>(
    `SELECT name, setting FROM pg_settings WHERE name IN ('DateStyle', 'IntervalStyle', 'TimeZone', 'bytea_output',
       'extra_float_digits', 'lc_monetary', 'xmlbinary') ORDER BY name`,
  )
  const theirs = new Map((await other(settings)).map(({ name, setting }) => [name, setting]))
  const unlike = (await live(settings)).filter(({ name, setting }) => theirs.get(name) !== setting)
  return unlike.length ? unlike.map(({ name }) => name).join(', ') : undefined
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
        },
      ]
}
