import type { Event } from '../model/event.ts'
import type { Sort } from '../model/step.ts'

/**
 * What stands in no transcript that the engine has written, however well its lines hold on to each other: whoever can
 * append a line can give it the right hash. Asked of each event in its order; gives what is wrong with it. `closedAt`: the
 * number of the last event, where the environment's ledger has the run as ended.
 */
export const outOfPlace = (closedAt: number | undefined): ((event: Event) => string | undefined) => {
  const sorts = new Map<string, Sort>()
  const begun = new Set<string>()
  return (event) => {
    if (event.type === 'step-started') sorts.set(event.step, event.sort)
    if (event.type === 'undo-frozen' && begun.has(event.step) && sorts.get(event.step) === 'state')
      return `gives ${event.step} another undo than the one from before its first effect`
    if (event.type !== 'action-started') return undefined
    begun.add(event.step)
    const sort = sorts.get(event.step)
    const isEffect = sort === 'state' || sort === 'follows'
    return isEffect && closedAt !== undefined && event.seq > closedAt
      ? 'is an effect after the end of the run that the environment’s ledger has'
      : undefined
  }
}
