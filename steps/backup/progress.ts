import { isDumped } from '../../checks/reading/dumped-relations.ts'
import { type Act, bytes, quantity, selects } from '../../runbook/index.ts'

/** How often a long dump says how far it is. Milliseconds. */
const EVERY = 3_000

interface Copying {
  /** The table's number. */
  oid: number
  /** Of its rows as text, so far. */
  bytes: number
}
interface Weighed {
  oid: number
  bytes: number
}

/** What the sessions of pg_dump copy now, as the server tells; only those of the same role. */
const copying = selects<Copying>(
  `SELECT p.relid::bigint AS oid, p.bytes_processed AS bytes FROM pg_stat_progress_copy p JOIN pg_stat_activity a USING (pid)
   WHERE a.application_name = 'pg_dump' AND p.datname = current_database()`,
)

/** The tables in the order in which pg_dump takes them: by name; several at once, the largest first. */
const weighed = (jobs: number) =>
  selects<Weighed>(
    `SELECT c.oid::bigint AS oid, pg_table_size(c.oid) AS bytes FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind = 'r' AND ${isDumped}
     ORDER BY ${jobs > 1 ? 'c.relpages DESC' : 'n.nspname COLLATE "C", c.relname COLLATE "C"'}`,
  )

/**
 * While a dump is made, says every few seconds how far it is: the tables before the one that is copied, and as much of
 * that one as has gone through. Nothing that happens here ends, delays or fails the dump.
 */
export const tellingProgress = async <T>(
  act: Act<any, any>,
  { action, jobs }: { action: string; jobs: number },
  dumping: Promise<T>,
): Promise<T> => {
  let over = false
  const ended = dumping
    .catch(() => {})
    .then(() => {
      over = true
    })
  let tables: Weighed[] = []
  let begun = 0
  while (true) {
    await Promise.race([ended, act.sleep(EVERY).catch(() => {})])
    if (over || act.signal.aborted) return dumping
    const now = await act.attempt(copying).catch(() => undefined)
    const found = tables.length ? undefined : await act.attempt(weighed(jobs)).catch(() => undefined)
    if (found?.ok) tables = found.value
    if (over || !now?.ok || now.value.length === 0) continue
    const going = new Map(now.value.map(({ oid, bytes }) => [oid, bytes]))
    begun = Math.max(begun, tables.findLastIndex(({ oid }) => going.has(oid)) + 1)
    act.relay(action, progressText(tables, begun, going))
  }
}

/** `about 412 MB of 1.2 GB, 5 of 8 tables`. `going`: how much has gone through of those that are being copied. */
const progressText = (
  tables: readonly Weighed[],
  begun: number,
  going: ReadonlyMap<number, number>,
): string => {
  const sum = (some: readonly Weighed[]) => some.reduce((all, { bytes }) => all + bytes, 0)
  const reached = tables
    .slice(0, begun)
    .map(({ oid, bytes }) => ({ oid, bytes: Math.min(bytes, going.get(oid) ?? bytes) }))
  const done = reached.filter(({ oid }) => !going.has(oid)).length
  return `about ${bytes(sum(reached))} of ${bytes(sum(tables))}, ${done} of ${quantity(tables.length, 'table')}\n`
}
