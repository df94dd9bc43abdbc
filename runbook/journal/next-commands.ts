import { isForwards, type RunVerdict } from '../model/event.ts'
import { begunStates, type RunState } from './fold.ts'

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
  return {
    ...(open && { goOn: 'runbook resume' }),
    ...(standing && { back: `runbook rollback ${env}` }),
  }
}
