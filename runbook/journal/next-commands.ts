import { isForwards, type RunVerdict } from '../model/event.ts'
import { typed } from '../model/shell-word.ts'
import { begunStates, type RunState, type StepRecord } from './fold.ts'

/** What to type after a run that has failed: to go on with it, or to begin again, and to get back. */
export interface NextCommands {
  /** Where something of it stands. */
  goOn?: string
  back?: string
}

export const nextCommands = (verdict: RunVerdict, state: RunState): NextCommands => {
  const { command = '', env } = state.started ?? {}
  const resumable = isForwards(command) || ['rollback', 'restore'].includes(command)
  const open = resumable && (state.changed || state.resumed) && verdict !== 'rolled-back'
  const standing = isForwards(command) && verdict !== 'rolled-back' && begunStates(state).length > 0
  // A watch changes nothing; what it has seen may be a reason to take back what was deployed.
  const breached = command === 'watch' && [...state.steps.values()].some(isBreach)
  return {
    ...(open && { goOn: 'runbook resume' }),
    ...((standing || breached) && { back: typed`runbook rollback ${env ?? ''}` }),
  }
}

const isBreach = ({ state }: StepRecord): boolean =>
  state.is === 'failed' && state.failure.kind === 'after-unmet'
