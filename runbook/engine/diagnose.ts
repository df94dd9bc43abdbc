import { heardByMany } from '../doors/heard-by-many.ts'
import type { Found } from '../model/diagnosis.ts'
import { explain } from '../model/explain.ts'
import { Failed, type Failure } from '../model/failure.ts'
import type { Look } from '../model/look.ts'
import { typed } from '../model/shell-word.ts'
import type { Step } from '../model/step.ts'
import { type Listed, mendingOf } from '../plan/diagnoses-of.ts'
import { Moment } from './moment.ts'
import { lookOf, type RunContext } from './run-context.ts'

/** What one entry says: whether it is so, and by which evidence. */
interface Judged {
  found: Found
  seen: string
  remedy: string
  tail?: string
}

/** Looks at every entry, and records what each says, in their order. Reads only. */
export const diagnose = async (diagnoses: readonly Listed[], context: RunContext): Promise<void> => {
  const look = lookingIn(context)
  const judged = diagnoses.map((diagnosis) => judge(diagnosis, look(diagnosis)))
  // All of them have an end of their own, also where an earlier one is thrown.
  const ended = await Promise.allSettled(judged)
  for (const [i, one] of ended.entries()) {
    if (one.status === 'rejected') throw one.reason
    record(diagnoses[i]!, one.value, context)
  }
}

/** How long a failure may be looked into before somebody is asked, or told, what to do about it. Milliseconds. */
const BRIEFLY = 5_000

/** A step that has failed, and how. */
export interface FailedStep {
  step: Step
  failure: Failure
}

/**
 * Looks for what may be behind a failure, and records what was found. It never stands in the way of the failure: what
 * takes too long, or cannot be looked at, is passed over without a word.
 */
export const lookInto = async (failed: readonly FailedStep[], context: RunContext): Promise<void> => {
  const fitting = (context.diagnoses ?? []).flatMap((diagnosis) => {
    const one = failed.find((each) => mayExplain(diagnosis, each))
    return one ? [{ diagnosis, step: one.step }] : []
  })
  if (fitting.length === 0) return
  const signal = heardByMany(AbortSignal.any([context.signal, AbortSignal.timeout(BRIEFLY)]))
  const look = lookingIn({ ...context, signal })
  const judged = fitting.map(({ diagnosis }) =>
    Promise.race([judge(diagnosis, look(diagnosis)), over(signal)]).catch(() => undefined),
  )
  for (const [i, { diagnosis, step }] of fitting.entries()) {
    const one = await judged[i]
    if (one && one.found !== 'unknown') record(diagnosis, one, context, step)
  }
  context.signal.throwIfAborted()
}

/** What the failure itself says is not said once more. */
const mayExplain = (diagnosis: Listed, { step, failure }: FailedStep): boolean => {
  const saysSo = 'unmet' in failure && failure.unmet.some(({ fact }) => fact === diagnosis.probe.fact)
  try {
    return !saysSo && diagnosis.fits(failure, step)
  } catch {
    // A book's own; its mistake would hide the failure.
    return false
  }
}

const over = (signal: AbortSignal): Promise<undefined> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve(undefined)
    else signal.addEventListener('abort', () => resolve(undefined), { once: true })
  })

/** One moment for all of them: several ask pm2 for its list. */
const lookingIn = (context: RunContext): ((diagnosis: Listed) => Look) => {
  const moment = new Moment()
  return ({ broughtBy }) => {
    const look = lookOf(context, broughtBy)
    // What is elsewhere is another moment's.
    return broughtBy?.at ? look : moment.of(look)
  }
}

/** A look that cannot be made finds nothing: the database that does not answer has an entry of its own. */
const judge = async ({ probe, shows }: Listed, look: Look): Promise<Judged> => {
  try {
    const { holds, seen, tail, remedy = probe.remedy } = await probe.look(look)
    return { found: holds ? 'no' : shows, seen, remedy, ...(tail && { tail }) }
  } catch (error) {
    look.signal.throwIfAborted()
    if (!(error instanceof Failed)) throw error
    const { sentence, remedy } = explain(error.failure)
    return { found: 'unknown', seen: sentence, remedy }
  }
}

const record = (
  diagnosis: Listed,
  { found, seen, remedy, tail }: Judged,
  { recorder, env }: RunContext,
  step?: Step,
): void => {
  const { id, symptom, cause, probe } = diagnosis
  const mends = mendingOf(diagnosis)
  recorder.record({
    type: 'looked',
    ...(step && { step: step.id }),
    side: 'diagnosis',
    fact: probe.fact,
    holds: found === 'no',
    seen,
    ...(found !== 'no' && { remedy: mends ? typed`runbook run ${mends} ${env.name}` : remedy }),
    ...(tail && { tail }),
    ms: 0,
    diagnosed: { id, symptom, cause, found, ...(mends && { mends }) },
  })
}
