import { untilLeft } from '../doors/leaving.ts'
import type { RunState } from '../journal/fold.ts'
import type { Command, EventOf, Happening, RunVerdict } from '../model/event.ts'
import { type Ended, EXIT, exitOf } from '../model/exit.ts'
import { type Failure, failureOf } from '../model/failure.ts'
import type { RunContext } from './run-context.ts'

/** A run failed, and what it had changed was taken back by another, well or not. */
export class TakenBack extends Error {
  readonly ended: Ended

  constructor(failure: Failure, rollback: Ended, afterRollback: readonly string[]) {
    super(failure.kind)
    const well = rollback.verdict === 'rolled-back'
    this.ended = {
      verdict: well ? 'rolled-back' : 'rollback-failed',
      exit: well ? EXIT.rolledBack : EXIT.rollbackFailed,
      failure,
      afterRollback,
    }
  }
}

/** How to leave what was entered, and what was found at the door. */
export interface Entered {
  leave(ended: Ended): Promise<void>
  found?: readonly Happening[]
}

export interface AtEnd {
  atEnd?(ended: Ended, ms: number): Promise<void>
  said?(ended: Ended): Promise<void>
}

/**
 * The frame around the work of a run: its beginning and its end in the transcript, whatever happens in between.
 * `enter` comes before the first line, so that a run which finds the environment locked leaves no transcript.
 */
export const withRun = async (
  started: Omit<EventOf<'run-started'>, 'type'>,
  context: RunContext,
  enter: () => Promise<Entered>,
  work: () => Promise<void>,
  /** Before its last line, and behind it, before it is left: what is said last waits for nothing that is closed. */
  { atEnd, said }: AtEnd = {},
): Promise<Ended> => {
  const { recorder, doors } = context
  const began = doors.clock.monotonic()
  const took = () => context.state.times.earlier + Math.round(doors.clock.monotonic() - began)
  let entered: Entered | undefined
  let ended: Ended = { verdict: started.command === 'rollback' ? 'rolled-back' : 'done', exit: EXIT.done }
  try {
    entered = await enter()
    recorder.record({ type: 'run-started', ...started })
    for (const found of entered.found ?? []) recorder.record(found)
    await untilLeft(work, (reason) => {
      const now = endedBy(reason, started.command, context)
      recordEnd(started, now, context, took())
      return now.exit
    })
  } catch (error) {
    ended = endedBy(error, started.command, context)
  }
  const ms = took()
  if (!keptOut(ended)) await atEnd?.(ended, ms)
  if (!keptOut(ended)) recordEnd(started, ended, context, ms)
  try {
    await said?.(ended)
  } finally {
    const leave = async () => entered?.leave(ended)
    // What cannot be freed is taken over from a process that is gone. How it ended an interrupt does not change any more.
    await untilLeft(leave, () => ended.exit).catch(() => {})
  }
  return ended
}

/** Refused at the door. */
const keptOut = ({ failure }: Ended): boolean => failure?.kind === 'locked' || failure?.kind === 'frozen'

const endedBy = (error: unknown, command: Command, { signal, state, recorder }: RunContext): Ended => {
  if (error instanceof TakenBack) return error.ended
  const failure = failureOf(signal.aborted ? signal.reason : error)
  // What is judged at the end is judged for all parts of a run.
  const changed = state.changed || (failure.kind === 'after-unmet' && state.effects > 0)
  return {
    verdict: verdictOf(failure, command, state),
    exit: exitOf(failure, { command, changed }),
    failure: recorder.redacted(failure),
  }
}

/** A transcript that cannot be written any more must not hide why the run ended. */
const recordEnd = (
  started: Omit<EventOf<'run-started'>, 'type'>,
  { verdict, exit, failure }: Ended,
  { recorder, state }: RunContext,
  ms: number,
): void => {
  try {
    if (!state.started) recorder.record({ type: 'run-started', ...started })
    const waited = Math.min(Math.round(state.times.waited), ms)
    recorder.record(
      {
        ...{ type: 'run-ended', verdict, exit, ms },
        ...(waited && { waited }),
        ...(state.times.atLeast && { atLeast: true as const }),
        ...(failure && { failure }),
      },
      { durable: true },
    )
  } catch (error) {
    if (failure?.kind !== 'journal-failed') throw error
  }
}

const verdictOf = ({ kind }: Failure, command: Command, { changed, resumed }: RunState): RunVerdict => {
  if (kind === 'interrupted') return 'interrupted'
  // Of a run that goes on it is not the first part that was declined.
  if (!changed && (kind === 'declined' || kind === 'answer-needed'))
    return resumed ? 'interrupted' : 'declined'
  return command === 'rollback' && (changed || resumed || kind === 'after-unmet')
    ? 'rollback-failed'
    : 'failed'
}
