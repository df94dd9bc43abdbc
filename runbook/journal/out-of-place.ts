import type { Command, Event } from '../model/event.ts'
import { changing, type LedgerRun } from '../model/ledger.ts'
import type { Sort } from '../model/step.ts'

/** What the environment's ledger says of a run; null: it was asked, and does not know it; undefined: nobody has asked it. */
export type LedgerWord = Pick<LedgerRun, 'anchors' | 'closed' | 'steps'> | null | undefined

/** What is wrong with a line. `unknown`: it is not in the ledger, and may have been written by a run all the same. */
export interface Misplaced {
  what: string
  unknown?: true
}

/**
 * What stands in no transcript that the engine has written, however well its lines hold on to each other: whoever can
 * append a line can give it the right hash. Asked of each event in its order; gives what is wrong with it. Before the first effect
 * of a run, and of each step that changes a state, the ledger is told: so it has each of them.
 */
export const outOfPlace = (ledger: LedgerWord): ((event: Event) => Misplaced | undefined) => {
  const closedAt = ledger?.closed?.seq
  const sorts = new Map<string, Sort>()
  const begun = new Set<string>()
  const undos = new Set<string>()
  const said = new Set<string>()
  let command: Command | undefined
  const once = (key: string, what: string): Misplaced | undefined => {
    if (said.has(key)) return undefined
    said.add(key)
    return { what, unknown: true }
  }
  return (event) => {
    if (event.type === 'run-started') command ??= event.command
    if (event.type === 'step-started') sorts.set(event.step, event.sort)
    if (event.type === 'undo-frozen') {
      // A line that was changed may lack it.
      if (event.undo?.kind === 'reverse') undos.add(event.step)
      if (begun.has(event.step) && sorts.get(event.step) === 'state')
        return { what: `gives ${event.step} another undo than the one from before its first effect` }
    }
    if (event.type === 'action-started') begun.add(event.step)
    if (!('step' in event) || event.step === undefined || !begun.has(event.step)) return undefined
    const { step } = event
    // As it is folded: whoever leaves the beginning of a step out does not get around this.
    const sort = sorts.get(step) ?? 'follows'
    const isEffect =
      (sort === 'state' || sort === 'follows') && (command === undefined || changing.includes(command))
    if (!isEffect) return undefined
    if (event.type === 'action-started' && closedAt !== undefined && event.seq > closedAt)
      return { what: 'is an effect after the end of the run that the environment’s ledger has' }
    if (ledger === null) return once('', 'is an effect, and the environment’s ledger does not know the run')
    const isInLedger = ledger === undefined || ledger.steps.some(({ id }) => id === step)
    return sort === 'state' && undos.has(step) && !isInLedger
      ? once(step, `is an effect of ${step}, which the environment’s ledger does not have`)
      : undefined
  }
}
