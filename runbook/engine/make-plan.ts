import { Durations } from '../journal/durations.ts'
import type { Planned } from '../model/action.ts'
import { placeOf } from '../model/environment.ts'
import { explain } from '../model/explain.ts'
import { Failed, type Failure } from '../model/failure.ts'
import type { Json } from '../model/json.ts'
import { limitsOf } from '../model/limits.ts'
import type { Revision } from '../model/look.ts'
import type { PlannedStep } from '../model/planned-step.ts'
import { printAction, printPlanned, withNames } from '../model/print-action.ts'
import type { Known, Step } from '../model/step.ts'
import type { Undo } from '../model/undo.ts'
import { titleOf, type Way, waysOf } from '../model/ways.ts'
import { expectedDuration } from '../plan/expected-duration.ts'
import { expectedPhases } from '../plan/expected-phases.ts'
import { pageOrder } from '../plan/page-order.ts'
import { type Arrangement, type Plan, placesOf } from '../plan/plan.ts'
import { beginStep } from './begin-step.ts'
import type { ForeseenChange } from './changed-before.ts'
import { earlierAttempt } from './earlier-attempt.ts'
import { missedText, missedVariables } from './given-to-children.ts'
import { lookAt } from './look-at.ts'
import { undeclaredDanger, undeclaredMigrations } from './migrations-of.ts'
import { Moment } from './moment.ts'
import { hinted, isThinkable } from './other-way.ts'
import { lookOf, NotYet, type RunContext } from './run-context.ts'
import { restsOn } from './run-step.ts'

/** The time in a plan, where no run has begun. */
export const UNKNOWN_STAMP = '‹stamp›'

/**
 * Observes every step as if its turn had come, and changes nothing. What is wrong already is collected, so that all
 * of it can be said at once.
 */
export const makePlan = async (
  { env, entries, steps }: Arrangement,
  context: RunContext,
  usually: Map<string, number>,
): Promise<{ plan: Plan; failures: Failure[] }> => {
  const failures: Failure[] = []
  const places = placesOf(entries)
  // Of a run that goes on the revision may be known already.
  let foreseen = {
    revision: context.state.revision as Revision | null,
    outputs: new Map<string, unknown>(),
  }
  const planned: PlannedStep[] = []
  /** What the steps so far would change. */
  const changes: ForeseenChange[] = []
  context.order = pageOrder(entries)
  const durations = new Map(usually)
  const ways = waysOf(entries)
  /** Failures of either way, which stop nothing where the other can be gone. */
  const ofWays = new Map<string, Failure>()
  let beforeWays = foreseen
  for (const step of steps) {
    const way = ways.get(step.id)
    if (way?.place === 'first' && way.own[0] === step)
      beforeWays = { revision: foreseen.revision, outputs: new Map(foreseen.outputs) }
    // The second way is for a world in which nothing of the first has happened.
    const known = way?.place === 'second' ? beforeWays : foreseen
    const page = { id: step.id, title: step.title, sort: step.sort, ...places.get(step.id)! }
    try {
      const { findings, ...more } = await planStep(step, context, known, changes)
      const ms =
        usually instanceof Durations ? usually.expected(step.id, more.observed) : usually.get(step.id)
      if (ms === undefined) durations.delete(step.id)
      else durations.set(step.id, ms)
      planned.push({
        ...page,
        ...(ms !== undefined && { usually: ms }),
        ...more,
        findings: [...whenTaken(way), ...findings],
      })
      const isOpen = !way || way.place === 'first' || !way.other.every((one) => isDone(one, planned))
      if (isChange(step) && more.expects !== 'done' && more.actions.length && isOpen)
        changes.push({ id: step.id, title: step.title, certain: way?.place !== 'second' })
    } catch (error) {
      if (!(error instanceof NotYet) && !(error instanceof Failed)) throw error
      if (error instanceof Failed) {
        context.signal.throwIfAborted()
        if (!way) failures.push(error.failure)
        else ofWays.set(step.id, error.failure)
        // What comes later is planned for the second way then.
        if (way?.place === 'first') foreseen = beforeWays
      }
      const ms = usually.get(step.id)
      const seen = error instanceof NotYet ? error.message : 'could not be observed'
      if (isChange(step)) changes.push({ id: step.id, title: step.title, certain: false })
      planned.push({
        ...page,
        ...(ms !== undefined && { usually: ms }),
        expects: 'later',
        seen,
        findings: whenTaken(way),
        actions: [],
        after: [],
        undo: '',
        loses: [],
      })
    }
  }
  failures.unshift(...closedWays(ofWays, ways, context, failures.length > 0))
  for (const [id, failure] of ofWays)
    planned.find((one) => one.id === id)!.seen = `now it cannot be done: ${explain(failure).sentence}`
  const total = expectedDuration(entries, durations)
  const phases = expectedPhases(entries, durations)
  return {
    plan: { env, revision: foreseen.revision, steps: planned, phases, ...(total > 0 && { usually: total }) },
    failures,
  }
}

/** Whether what is performed of it is a change, for which what follows from it is done again. */
const isChange = ({ sort }: Step): boolean => sort === 'state' || sort === 'follows'

const isDone = ({ id }: Step, planned: readonly PlannedStep[]): boolean =>
  planned.find((one) => one.id === id)?.expects === 'done'

/** What stops the plan: both ways cannot be gone, or the first cannot and nobody may choose the second. */
const closedWays = (
  failures: ReadonlyMap<string, Failure>,
  ways: ReadonlyMap<string, Way>,
  context: RunContext,
  /** Where the plan cannot be made anyway, what closed a way may be the reason. */
  anyway: boolean,
): Failure[] =>
  [...failures].flatMap(([id, failure]) => {
    const { place, other, either } = ways.get(id)!
    if (anyway || other.some((step) => failures.has(step.id))) return [failure]
    return place === 'second' || isThinkable(context) ? [] : [hinted(failure, either)]
  })

const whenTaken = (way: Way | undefined): string[] =>
  way?.place === 'second'
    ? [`the other way: only where "${titleOf(way.either.entries[0]!)}" fails, and has changed nothing`]
    : []

const planStep = async (
  step: Step,
  context: RunContext,
  foreseen: { revision: Revision | null; outputs: Map<string, unknown> },
  changes: readonly ForeseenChange[],
): Promise<
  Pick<
    PlannedStep,
    | 'expects'
    | 'seen'
    | 'observed'
    | 'restsOn'
    | 'findings'
    | 'dangers'
    | 'actions'
    | 'after'
    | 'undo'
    | 'loses'
    | 'uncounted'
  >
> => {
  const { env } = context
  const moment = new Moment()
  const lookNow = () => moment.of(lookOf(context, step, foreseen))
  const earlier = earlierAttempt(step, context)
  const { known, seen, again } = await beginStep(step, {
    ...{ earlier, context, foreseen: changes, look: lookNow },
    observe: async () => {
      const observed = (await step.observe(lookNow())) as Json
      const known = { observed, env, run: { ...context.paths, stamp: UNKNOWN_STAMP } }
      foreseen.revision = step.revision?.(known) ?? foreseen.revision
      return known
    },
  })
  const { observed } = known
  const undeclared = await undeclaredMigrations(step, known, lookNow())
  const dangers = [
    ...(undeclared.length ? [undeclaredDanger(undeclared)] : []),
    ...(seen === undefined ? (step.dangers?.(known) ?? []) : []),
  ]
  if (step.foresee) foreseen.outputs.set(step.id, step.foresee(known))
  const look = lookNow()
  // What is done already needs nothing any more.
  for (const check of seen ? [] : step.before(known).filter(({ early }) => early)) {
    const { unmet, verdict } = await lookAt(check, {
      look,
      context,
      step: step.id,
      side: 'needs',
      patient: false,
    })
    if (unmet)
      throw new Failed({ kind: 'before-unmet', unmet: [unmet], ...(verdict.tail && { tail: verdict.tail }) })
  }
  return {
    expects: seen === undefined ? 'to-do' : 'done',
    seen: seen ?? '',
    observed,
    restsOn: restsOn(step, known),
    findings: [
      ...(earlier && seen === undefined ? ['had begun when the run ended: what is missing is done'] : []),
      ...(again
        ? [
            `it would run, because ${again.because}; that its proof holds already does not count: ${again.seen}`,
          ]
        : []),
      ...(step.findings?.(known) ?? []),
      ...new Set(
        Object.values(step.actions(known) as Record<string, Planned>).flatMap((planned) =>
          missedVariables(planned, { env: placeOf(step, env), doors: context.doors }).map(missedText),
        ),
      ),
    ],
    ...(dangers.length && { dangers }),
    actions: Object.entries(step.actions(known)).map(([name, action]) => ({
      name,
      printed: printPlanned(action as Planned, placeOf(step, env)),
      byHand: (action as Planned).kind === 'instruction',
      limits: limitsOf(withNames(action as Planned)),
    })),
    after: step.after(known).map(({ fact }) => fact),
    undo: printUndo(step.undo(known), placeOf(step, env)),
    loses: (await step.loses?.({ ...look, observed })) ?? [],
    ...(step.uncounted && { uncounted: true as const }),
  }
}

const printUndo = (undo: Undo, env: Known<Json>['env']): string => {
  if (undo.kind === 'nothing') return `nothing to undo: ${undo.because}`
  if (undo.kind === 'forward-only') return `cannot be undone: ${undo.because}; instead: ${undo.instead}`
  return Object.values(undo.actions)
    .map((action) => printAction(action, env))
    .join('\n')
}
