import type { Command, EventOf, RunVerdict } from '../model/event.ts'
import { type Ended, EXIT, exitOf } from '../model/exit.ts'
import { type Failure, failureOf } from '../model/failure.ts'
import type { RunContext } from './run-context.ts'

/**
 * The frame around the work of a run: its beginning and its end in the transcript, whatever happens in between.
 * `enter` comes before the first line, so that a run that is refused at the door leaves none.
 */
export const withRun = async (
  started: Omit<EventOf<'run-started'>, 'type'>,
  context: RunContext,
  enter: () => Promise<() => Promise<void>>,
  work: () => Promise<void>,
): Promise<Ended> => {
  const { recorder, doors, state } = context
  const began = doors.clock.monotonic()
  let leave: (() => Promise<void>) | undefined
  let ended: Ended = { verdict: started.command === 'rollback' ? 'rolled-back' : 'done', exit: EXIT.done }
  try {
    leave = await enter()
    recorder.record({ type: 'run-started', ...started })
    await work()
  } catch (error) {
    const failure = failureOf(context.signal.aborted ? context.signal.reason : error)
    ended = {
      verdict: verdictOf(failure, started.command, state.changed),
      exit: exitOf(failure, { command: started.command, changed: state.changed }),
      failure: recorder.redacted(failure),
    }
  }
  if (leave || ended.failure?.kind !== 'locked')
    record(ended, context, Math.round(doors.clock.monotonic() - began))
  await leave?.()
  return ended
}

/** A transcript that cannot be written any more must not hide why the run ended. */
const record = ({ verdict, exit, failure }: Ended, { recorder }: RunContext, ms: number): void => {
  try {
    recorder.record({ type: 'run-ended', verdict, exit, ms, ...(failure && { failure }) }, { durable: true })
  } catch (error) {
    if (failure?.kind !== 'journal-failed') throw error
  }
}

const verdictOf = ({ kind }: Failure, command: Command, changed: boolean): RunVerdict => {
  if (kind === 'interrupted') return 'interrupted'
  if (!changed && (kind === 'declined' || kind === 'answer-needed')) return 'declined'
  return command === 'rollback' && changed ? 'rollback-failed' : 'failed'
}
