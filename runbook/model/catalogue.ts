import { type Query, selects } from './action.ts'
import { everyPart } from './catalogue-parts.ts'

export { isOwnSchema } from './catalogue-parts.ts'

/**
 * Objects of a database by their names, 'table public.orders': each with the lines that say what it is, or with a digest of
 * them.
 */
export type Catalogue<As extends string | readonly string[] = string> = { [object: string]: As }

/** Which of its objects are meant. */
type Among =
  | 'schema'
  /** They come and go by themselves. */
  | 'partition'
  /** What an extension brings is as its version says, unless somebody has altered it. */
  | 'extension'
  /** Of the whole server, where a session on this database reaches it too. */
  | 'server'

const asks = <Row>(object: string, what: string): Query<'reads', Row> => ({
  ...selects<Row>(`SELECT * FROM (SELECT ${object} AS object, ${what} FROM (${everyPart}) AS every GROUP BY 1) AS objects
    WHERE objects IS NOT NULL ORDER BY object COLLATE "C"`),
  timeout: 60_000,
})
/** A filter of the whole, PostgreSQL would work out each line twice. */
const digest = (lines: string, order: string, which: string) =>
  `left(md5(string_agg(${lines}, E'\\n' ORDER BY ${order}line COLLATE "C") FILTER (WHERE ${which})), 12) AS digest`

/**
 * What objects are, the order of columns included; an index is its table's. Whom they belong to, and who may use them, is
 * not in it: an analyst who is let in changes nothing for the code.
 */
export const definitionDigests = asks<{ object: string; digest: string }>(
  'coalesce(whole, object)',
  digest('line', 'place, ', `among = 'schema'`),
)

/** What objects are, whose, for whom, and what is said of them; the order of columns, which no undo can restore, apart. */
export const objectDigests = asks<{ object: string; digest: string }>(
  'object',
  digest(`nullif(concat_ws(E'\\n', line, standing), '')`, '', `among IN ('schema', 'partition')`),
)

/** As `objectDigests`, in lines that people can read; of the whole server, with what only the letter tells. */
export const objectLines = asks<{ object: string; lines: string[]; letters: string; among: Among }>(
  'object',
  `array_remove(array_agg(line ORDER BY line COLLATE "C") || array_agg(standing ORDER BY standing COLLATE "C"), NULL) AS lines,
   md5(string_agg(letter, ' ' ORDER BY letter)) AS letters, min(among) AS among`,
)

/** The objects that are others, by name; `among`: of these only. */
export const changedObjects = (
  was: Catalogue<string | readonly string[]>,
  is: Catalogue<string | readonly string[]>,
  among: readonly string[] = [...new Set([...Object.keys(was), ...Object.keys(is)])].sort(),
): string[] => among.filter((object) => JSON.stringify(was[object]) !== JSON.stringify(is[object]))

/**
 * The same in words, 'table public.orders changed', with the lines that came and went where they are known; without those
 * that begin with #, which are no words.
 */
export const differencesBetween = (...[was, is, among]: Parameters<typeof changedObjects>): string[] =>
  changedObjects(was, is, among).map((object) => {
    const [then, now] = [was[object], is[object]]
    if (then === undefined) return `${object} is new`
    if (now === undefined) return `${object} is gone`
    if (typeof then === 'string' || typeof now === 'string') return `${object} changed`
    const lines = [
      ...without(then, now).map((line) => `- ${line}`),
      ...without(now, then).map((line) => `+ ${line}`),
    ]
    return `${object} changed${lines.length ? `: ${lines.map((line) => line.replace(/\s+/g, ' ')).join(', ')}` : ''}`
  })

const without = (lines: readonly string[], others: readonly string[]) =>
  lines.filter((line) => !line.startsWith('#') && !others.includes(line))
