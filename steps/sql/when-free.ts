import type { ToLock } from '../../checks/reading/table-holders.ts'
import { tableNames, tablesFree } from '../../checks/tables-free.ts'
import { type Act, failureOf, unmet, type Verdict } from '../../runbook/index.ts'

/** Between two looks, and after a try that somebody came in between. Milliseconds. */
const EVERY = 10
const PAUSE = 100

/**
 * Performs what locks tables when nobody holds them, and again where somebody has come in between: a statement that
 * waits for a lock makes every later reader wait behind it. After `upTo` ms it gives up, and names who is in the way.
 */
export const whenFree = async <T>(
  act: Act<any, any>,
  { tables, upTo, action }: { tables: readonly ToLock[]; upTo: number; action: string },
  perform: () => Promise<T>,
): Promise<T> => {
  const free = tablesFree(tables)
  const began = act.now().getTime()
  const isOver = () => act.now().getTime() - began >= upTo
  const look = async (): Promise<Verdict> => {
    let verdict = await free.look(act)
    if (!verdict.holds) act.relay(action, `waits: ${verdict.seen}\n`)
    while (!verdict.holds && !isOver()) {
      await act.sleep(EVERY)
      verdict = await free.look(act)
    }
    return verdict
  }
  const demandFree = ({ holds, seen, remedy = free.remedy }: Verdict) => {
    if (!holds) throw unmet(`${free.fact} for longer than ${upTo / 1000} s`, seen, remedy)
  }
  for (;;) {
    demandFree(await look())
    try {
      return await perform()
    } catch (error) {
      if (!isLocked(error)) throw error
      if (isOver()) demandFree(await free.look(act))
      // Where the tables are free, it is a single row that somebody holds: the error has the line.
      if (isOver()) throw error
      await act.sleep(PAUSE)
    }
  }
}

/** What a plan says of it. */
export const waitsFor = (tables: readonly ToLock[], upTo: number): string[] =>
  tables.length
    ? [`begins when nobody holds ${tableNames(tables)}; waits up to ${upTo / 1000} s for that`]
    : []

/** SQLSTATE lock_not_available. */
const isLocked = (error: unknown): boolean => {
  const failure = failureOf(error)
  return failure.kind === 'query-failed' && failure.sqlstate === '55P03'
}
