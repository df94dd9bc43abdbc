import { few, type Look, type Loss, selects } from '../../runbook/index.ts'
import type { Sums } from './losses.ts'
import { idOf, nameOf, type Side } from './tables-in.ts'

interface Sequence {
  schema: string
  name: string
  /** The last number that was handed out; null where none was, or the role may not see it. */
  last: string | null
  mayRead: boolean
  goesDown: boolean
  cycles: boolean
}

export const sequencesIn = selects<Sequence>(
  `SELECT s.schemaname AS schema, s.sequencename AS name, s.last_value::text AS last, s.increment_by < 0 AS "goesDown",
     s.cycle AS cycles, has_sequence_privilege(format('%I.%I', s.schemaname, s.sequencename), 'SELECT, USAGE') AS "mayRead"
   FROM pg_sequences s ORDER BY s.schemaname, s.sequencename`,
)

/** Which sequences go back: numbers that were handed out since the backup come a second time. */
export const compareSequences = async (
  at: Look,
  { live, other, known, isMoving }: { live: Side; other: Side; known: Sums; isMoving: boolean },
): Promise<{ losses: Loss[]; sums: Sums }> => {
  const there = new Map((await other(sequencesIn)).map((one) => [idOf(one), one]))
  const sums: Sums = {}
  const [back, untold]: [string[], string[]] = [[], []]
  for (const mine of await live(sequencesIn)) {
    const old = there.get(idOf(mine))
    if (!old) continue
    const name = nameOf(at, mine)
    // In use by now it hands out numbers of its own: what it was restored to was seen before.
    const before = isMoving ? known[idOf(mine)]?.other : (old.last ?? '')
    if (!mine.mayRead || !old.mayRead || before === undefined) untold.push(name)
    else if (isBehind(before, mine)) back.push(`${name} from ${mine.last} to ${before || 'its beginning'}`)
    sums[idOf(mine)] = { live: mine.last ?? '', other: before ?? '', losses: [] }
  }
  const losses: Loss[] = []
  if (back.length) {
    const what = `${back.length > 1 ? 'sequences go' : 'a sequence goes'} back, and numbers that were handed out since come a second time: ${few(back)}`
    losses.push({ what, rows: null })
  }
  if (untold.length)
    losses.push({
      what: `whether numbers come a second time cannot be told of ${few(untold)}: the last one could not be seen`,
      rows: null,
      unknown: true,
    })
  return { losses, sums }
}

const isBehind = (before: string, { last, goesDown, cycles }: Sequence): boolean => {
  if (last === null || last === before) return false
  if (before === '' || cycles) return true
  return goesDown ? BigInt(last) < BigInt(before) : BigInt(last) > BigInt(before)
}
