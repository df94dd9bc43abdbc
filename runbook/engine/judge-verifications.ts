import { isLeftOut, type RunState } from '../journal/fold.ts'
import { failing, verdictsOf } from '../journal/verdicts.ts'
import { isForwards, type Verified } from '../model/event.ts'
import { Failed, type Failure } from '../model/failure.ts'
import { typed } from '../model/shell-word.ts'
import type { Step } from '../model/step.ts'
import { stepsTaken } from '../model/ways.ts'
import type { Arrangement } from '../plan/plan.ts'
import { askVerifications, verifiedBy } from './ask-verification.ts'
import { decideAfter } from './decide-after.ts'
import type { RunContext } from './run-context.ts'
import { runStep } from './run-step.ts'

/** The steps of an arrangement that say whether it is well. */
export const verificationsOf = ({ entries }: Pick<Arrangement, 'entries'>, state: RunState): Step[] =>
  stepsTaken(entries, ({ id }) => isLeftOut(state, id)).filter(
    ({ sort, lasting }) => sort === 'verifies' && !lasting,
  )

/** Asks what verifies before the first effect, where it only reads: what the end of the run is held against. */
export const askBaseline = async (whole: Arrangement, context: RunContext): Promise<void> => {
  const { state, recorder } = context
  // One that goes on had its baseline before its own first effect; later there is none to be had.
  if (state.effects > 0) return
  const steps = verificationsOf(whole, state).filter(({ id }) => !state.verified.get(id)?.before)
  const mayGoBack = (whole.mayGoBack ?? []).filter(({ id }) => !state.verified.get(id)?.before)
  const asked = [...steps.filter(({ baseline }) => baseline !== false), ...mayGoBack]
  const answers = new Map((await askVerifications(asked, context)).map((one, i) => [asked[i]!.id, one]))
  for (const { id, title } of steps)
    recorder.record({
      type: 'verified',
      step: id,
      title,
      when: 'before',
      ms: 0,
      ...(answers.get(id) ?? LATER),
    })
  for (const { id, title } of mayGoBack) {
    const answer = answers.get(id)!
    // What is not so now cannot go back.
    if (answer.holds !== false)
      recorder.record({ type: 'verified', step: id, title, when: 'before', ...answer, mayGoBack: true })
  }
}

/** The same for what the book allows to be asked although that changes something; once the run was confirmed. */
export const askAllowedBaseline = async (whole: Arrangement, context: RunContext): Promise<void> => {
  const { state, recorder, doors } = context
  if (state.effects > 0) return
  for (const step of verificationsOf(whole, state)) {
    if (step.baseline !== true || typeof state.verified.get(step.id)?.before?.holds === 'boolean') continue
    const began = doors.clock.monotonic()
    const own = { ...step, id: `before-${step.id}`, title: `Before anything is changed: ${step.title}` }
    const answer = await runStep(own, context).then(
      (): Verified => ({ holds: true, seen: doneText(state, own) }),
      (error) => {
        context.signal.throwIfAborted()
        if (!(error instanceof Failed)) throw error
        return verifiedBy(error.failure)
      },
    )
    const ms = Math.round(doors.clock.monotonic() - began)
    recorder.record({ type: 'verified', step: step.id, title: step.title, when: 'before', ...answer, ms })
  }
}

/**
 * Does the work of a run, and says at its end of each verification whether it holds, held against what was before; also
 * where the work failed. What no longer holds fails the run.
 */
export const judging = async (
  whole: Arrangement,
  context: RunContext,
  work: () => Promise<void>,
): Promise<void> => {
  const { recorder, state } = context
  for (const { id, title } of verificationsOf(whole, state)) {
    const before = state.verified.get(id)?.before
    // What cannot be asked before this run could not be before that either.
    const unknown = before?.unaskable ? before : NOT_ASKED
    const reference = whole.reference && (whole.reference.get(id) ?? unknown)
    if (reference)
      recorder.record({ type: 'verified', step: id, title, when: 'reference', ...reference, ms: 0 })
  }
  try {
    await work()
  } catch (error) {
    // What is taken back at once is asked behind that.
    if (state.changed && !context.takeBack && !context.signal.aborted)
      await recordEnd(whole, context).catch(() => {})
    throw error
  }
  for (;;) {
    await recordEnd(whole, context)
    const bad = failing(verdictsOf(state), state.started?.command)
    if (bad.length === 0) return
    const failure = failureOf(bad, state)
    // What was left out on purpose was decided already, and of a way back there is no way back.
    const step = verificationsOf(whole, state).find(
      ({ id }) => id === bad[0]!.step && !state.steps.get(id)?.failed,
    )
    if (!step || !isForwards(state.started?.command)) throw new Failed(failure)
    if ((await decideAfter({ ...step, optional: false }, failure, context)) !== 'retry')
      throw new Failed(failure)
  }
}

const failureOf = (bad: ReturnType<typeof verdictsOf>, { started }: RunState): Failure => ({
  kind: 'after-unmet',
  unmet: bad.map(({ title, after }) => ({
    fact: `“${title}” holds`,
    seen: after!.seen,
    remedy: typed`look into it, then ask again: runbook verify ${started?.env ?? []}`.trimEnd(),
  })),
})

/** What each verification said last; what was not asked since the last effect is asked now, where that only reads. */
const recordEnd = async (whole: Arrangement, context: RunContext): Promise<void> => {
  const { state, recorder } = context
  const mayGoBack = whole.mayGoBack?.filter(({ id }) => state.verified.get(id)?.before) ?? []
  const steps = [...verificationsOf(whole, state), ...mayGoBack]
  const open = steps.filter((step) => step.baseline !== false && !isAnswered(step, state))
  const answers = new Map((await askVerifications(open, context)).map((one, i) => [open[i]!.id, one]))
  for (const { id, title } of steps) {
    const said = saidOf(id, state)
    const now = answers.get(id)
    // What cannot be asked again without changing something holds as it was seen.
    const answer = now && !(now.holds === null && said) ? now : (said ?? NOT_ASKED)
    recorder.record({ type: 'verified', step: id, title, when: 'after', ms: 0, ...answer })
  }
}

const LATER: Verified = {
  holds: null,
  seen: 'not asked: it tells only of what happens in this run',
  unaskable: true,
}
const NOT_ASKED: Verified = { holds: null, seen: 'it was not asked' }

const isAnswered = ({ id }: Step, state: RunState): boolean =>
  saidOf(id, state) !== undefined && state.steps.get(id)!.endedAfter === state.effects

/** What a step itself said in this run. */
const saidOf = (id: string, state: RunState): Verified | undefined => {
  const record = state.steps.get(id)
  if (record?.failed) return verifiedBy(record.failed)
  if (record?.state.is === 'done' && record.untold !== undefined) return { holds: null, seen: record.untold }
  return record?.state.is === 'done' ? { holds: true, seen: doneText(state, { id }) } : undefined
}

const doneText = (state: RunState, { id }: { id: string }): string => {
  const step = state.steps.get(id)?.state
  return (step?.is === 'done' && step.summary) || 'it holds'
}
