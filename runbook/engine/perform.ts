import { startOf } from '../doors/process-identity.ts'
import type { Action, Command, Planned } from '../model/action.ts'
import { isElsewhere, placeOf } from '../model/environment.ts'
import type { EventOf, ProcessIdentity } from '../model/event.ts'
import { explain } from '../model/explain.ts'
import { Failed, type Failure, failureOf } from '../model/failure.ts'
import { isRetried, limitsOf } from '../model/limits.ts'
import { printAction } from '../model/print-action.ts'
import type { Step } from '../model/step.ts'
import { askFor } from './ask.ts'
import { carryOut, lastLines, type Outcome } from './carry-out.ts'
import type { RunContext } from './run-context.ts'

/** Performs one planned action of a step, as often as its limits say. Each try is announced on disk before it. */
export const perform = async (
  step: Step,
  name: string,
  planned: Planned | undefined,
  values: Readonly<Record<string, string>> | undefined,
  context: RunContext,
): Promise<unknown> => {
  if (!planned) throw new Error(`step ${step.id} performs '${name}', which it has not planned`)
  const action = planned.kind === 'given' ? planned.fill(values ?? {}) : planned
  const { retry } = limitsOf(action)
  for (let number = 1; ; number += 1) {
    const goesOn = (failure: Failure) => number < retry.tries && isRetried(action, retry, failure)
    const again = { try: number + 1, of: retry.tries, in: retry.pause }
    try {
      return await tryOnce(step, name, action, values, context, (failure) =>
        goesOn(failure) ? { because: reasonOf(failure), ...again } : undefined,
      )
    } catch (error) {
      if (!goesOn(failureOf(error))) throw error
      await context.doors.clock.sleep(retry.pause, context.signal)
    }
  }
}

/** The command itself stands in the line above. */
const reasonOf = (failure: Failure): string => {
  if (failure.kind === 'command-failed')
    return typeof failure.exit === 'number'
      ? `it ended with exit ${failure.exit}`
      : `it ended with ${failure.exit}`
  return failure.kind === 'timeout' ? `it was not done after ${failure.after} ms` : explain(failure).sentence
}

type Again = NonNullable<EventOf<'action-ended'>['again']>

const tryOnce = async (
  step: Step,
  name: string,
  action: Action,
  values: Readonly<Record<string, string>> | undefined,
  context: RunContext,
  againAfter: (failure: Failure) => Again | undefined,
): Promise<unknown> => {
  const env = placeOf(step, context.env)
  const printed = printAction(action, env)
  const { recorder, doors, signal } = context
  signal.throwIfAborted()
  // Before it is announced: what another run may be at is not begun.
  await context.lock?.demand(step, context)
  await context.keeper?.before(step)
  const job =
    action.kind === 'command' && isElsewhere(env) ? jobOf(step, name, action, printed, context) : undefined
  // Of an earlier attempt, whose end was seen: nothing asks for it any more.
  const earlier = context.state.steps.get(step.id)?.actions.get(name)?.kept?.job
  if (job && earlier && earlier !== job) await doors.host?.forget([earlier])
  recorder.record(
    {
      type: 'action-started',
      step: step.id,
      action: name,
      printed,
      ...(values && { values }),
      ...(job && { kept: { host: env.host, job } }),
    },
    { durable: true },
  )
  const began = doors.clock.monotonic()
  const output = recorder.output(step.id, name)
  const ended = (ok: boolean, tally: Partial<EventOf<'action-ended'>>) => {
    output.end()
    const ms = Math.round(doors.clock.monotonic() - began)
    recorder.record({ type: 'action-ended', step: step.id, action: name, ok, ms, ...tally })
  }
  try {
    const { result, tally } = await outcomeOf(action, step, { printed, job }, context, output.write)
    ended(true, tally)
    return result
  } catch (error) {
    const failure = failureOf(error)
    // It goes on there, or has ended: its end is not known.
    if (isLost(failure)) {
      output.end()
      throw error
    }
    const again = againAfter(failure)
    ended(false, { ...('exit' in failure && { exit: failure.exit }), ...(again && { again }) })
    throw hasTail(failure)
      ? new Failed({ ...failure, tail: failure.tail || lastLines(output.last().trimEnd()) })
      : error
  }
}

const outcomeOf = async (
  action: Action,
  step: Step,
  { printed, job }: { printed: string; job: string | undefined },
  context: RunContext,
  onOutput: (stream: 'out' | 'err', chunk: Uint8Array) => void,
): Promise<Outcome> => {
  if (action.kind === 'instruction') {
    const answer = await askFor({ kind: 'instruction', instruction: action, step: step.id }, context)
    const { who, by, applies, note } = answer
    return { result: answer, tally: { note, signedOff: { who, by, applies } } }
  }
  const { doors, signal } = context
  const env = placeOf(step, context.env)
  const onStart = (pid: number) => {
    const started = startOf(pid)
    if (started !== undefined) recordProcess(step, { pid, started }, context)
  }
  return carryOut(action, { env, doors, signal, printed, onStart, ...(job && { job }) }, onOutput)
}

/** So that it is found again where it survives a run that is killed. */
const recordProcess = (step: Step, process: ProcessIdentity, { recorder }: RunContext): void =>
  recorder.record({
    type: 'looked',
    step: step.id,
    side: 'before',
    fact: 'its program runs',
    holds: true,
    seen: `process ${process.pid}`,
    ms: 0,
    process,
  })

/**
 * The name under which another host knows the command. One that was begun before, and whose end was not seen, keeps its
 * name: then its end is asked for, and it is not started again.
 */
const jobOf = (
  step: Step,
  name: string,
  { anew }: Command,
  printed: string,
  context: RunContext,
): string | undefined => {
  const before = context.state.steps.get(step.id)?.actions.get(name)
  const unseen = !anew && before && !before.ended && before.printed === printed ? before.kept?.job : undefined
  return unseen ?? context.doors.host?.newJob(context.paths.stamp)
}

const isLost = (failure: Failure): boolean => failure.kind === 'host-failed' && failure.job !== undefined

const hasTail = (failure: Failure): failure is Extract<Failure, { kind: 'command-failed' | 'timeout' }> =>
  failure.kind === 'command-failed' || failure.kind === 'timeout'
