import type { ToLock } from '../../checks/reading/table-holders.ts'
import { tablesFree } from '../../checks/tables-free.ts'
import { type Act, failureOf, unmet } from '../../runbook/index.ts'

/** Between two looks, and after a try that somebody came in between. Milliseconds. */
const EVERY = 20
const PAUSE = 100

/**
 * Performs what locks tables when nobody holds them, and again where somebody has come in between: a statement that
 * waits for a lock makes every later reader wait behind it. After `upTo` ms it is tried once more, and who is in the way
 * is named.
 */
export const whenFree = async <T>(
  act: Act<any, any>,
  { tables, upTo, action }: { tables: readonly ToLock[]; upTo: number; action: string },
  perform: () => Promise<T>,
): Promise<T> => {
  const free = tablesFree(tables)
  const began = act.now().getTime()
  const left = () => upTo - (act.now().getTime() - began)
  for (;;) {
    let verdict = await free.look(act)
    if (!verdict.holds) act.relay(action, `waits: ${verdict.seen}\n`)
    while (!verdict.holds && left() > 0) {
      await act.sleep(EVERY)
      verdict = await free.look(act)
    }
    const last = left() <= 0
    try {
      return await perform()
    } catch (error) {
      if (!isLocked(error)) throw error
      if (!last) {
        await act.sleep(PAUSE)
        continue
      }
      const { holds, seen, remedy = free.remedy } = verdict.holds ? await free.look(act) : verdict
      // Where the tables are free, it is a single row that somebody holds: the error has the line.
      throw holds ? error : unmet(`${free.fact} within ${upTo / 1000} s`, seen, remedy)
    }
  }
}

/** SQLSTATE lock_not_available. */
const isLocked = (error: unknown): boolean => {
  const failure = failureOf(error)
  return failure.kind === 'query-failed' && failure.sqlstate === '55P03'
}
