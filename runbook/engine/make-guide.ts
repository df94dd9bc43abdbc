import type { PastRun } from '../journal/past-runs.ts'
import type { Planned } from '../model/action.ts'
import type { Check } from '../model/check.ts'
import { isElsewhere, placeOf } from '../model/environment.ts'
import { explain } from '../model/explain.ts'
import { Failed, failureOf } from '../model/failure.ts'
import type { Json } from '../model/json.ts'
import type { Revision } from '../model/look.ts'
import { approverOf } from '../model/person.ts'
import { withNames } from '../model/print-action.ts'
import type { Known, Step } from '../model/step.ts'
import { titleOf, waysOf } from '../model/ways.ts'
import { expectedPhases } from '../plan/expected-phases.ts'
import type { Fact, Guide, GuideStep, GuideUndo } from '../plan/guide.ts'
import { type Arrangement, placesOf } from '../plan/plan.ts'
import { UNKNOWN_STAMP } from './make-plan.ts'
import { lookOf, NotYet, type RunContext } from './run-context.ts'

export interface GuideOptions {
  /** Median durations from earlier runs; milliseconds. */
  usually: ReadonlyMap<string, number>
  /** What a step that cannot be looked at now is told from. */
  last?: PastRun
  /** Why nothing may be looked at. */
  blind?: string
}

/**
 * Reads a book for somebody who performs it by hand. What can be looked at is; of the rest it gives what is known
 * without looking, and says so. Changes nothing.
 */
export const makeGuide = async (
  { book, env, entries, steps }: Arrangement,
  context: RunContext,
  { usually, last, blind }: GuideOptions,
): Promise<Guide> => {
  const places = placesOf(entries)
  const ways = waysOf(entries)
  const observe = blind === undefined ? observer(context) : async () => ({ why: blind })
  const pages: GuideStep[] = []
  const approver = approverOf(book)
  for (const step of steps) {
    const ms = usually.get(step.id)
    const way = ways.get(step.id)
    pages.push({
      title: step.title,
      about: step.about,
      ...places.get(step.id)!,
      optional: step.optional,
      ...(way?.place === 'second' && { insteadOf: titleOf(way.either.entries[0]!) }),
      ...(step.advisory && { advisory: step.advisory }),
      ...(isElsewhere(env) && !isElsewhere(placeOf(step, env)) && { here: true as const }),
      ...(ms !== undefined && { usually: ms }),
      ...known(step, context, await observe(step), last),
    })
  }
  return {
    book: book.name,
    env,
    ...(approver && { approver }),
    contacts: book.contacts ?? [],
    phases: expectedPhases(entries, usually),
    at: context.doors.clock.now().toISOString(),
    ...(blind !== undefined && { blind }),
    needs: distinct(steps.flatMap((step) => factsOf(step.needs({ env })))),
    steps: pages,
  }
}

type Observed = { observed: Json } | { why: string }

/** Observes the steps one after the other, as a plan does; what it cannot is an answer. */
const observer = (context: RunContext) => {
  const foreseen = { revision: null as Revision | null, outputs: new Map<string, unknown>() }
  return async (step: Step): Promise<Observed> => {
    try {
      const observed = (await step.observe(lookOf(context, step, foreseen))) as Json
      const known = knownOf(observed, context)
      foreseen.revision = step.revision?.(known) ?? foreseen.revision
      if (step.foresee) foreseen.outputs.set(step.id, step.foresee(known))
      return { observed }
    } catch (error) {
      context.signal.throwIfAborted()
      if (error instanceof NotYet) return { why: `it ${error.message}` }
      if (!(error instanceof Failed)) throw error
      const { sentence } = explain(failureOf(error))
      return { why: sentence }
    }
  }
}

const knownOf = (observed: Json, { env, paths }: RunContext): Known<Json> => ({
  observed,
  env,
  run: { ...paths, stamp: UNKNOWN_STAMP },
})

type Part = Pick<GuideStep, 'from' | 'why' | 'says' | 'findings' | 'before' | 'actions' | 'after' | 'undo'>

const known = (step: Step, context: RunContext, looked: Observed, last: PastRun | undefined): Part => {
  if ('observed' in looked) return { from: 'seen', ...partsOf(step, knownOf(looked.observed, context)) }
  const { why } = looked
  const unseen = partsOf(step, knownOf(UNSEEN, context))
  const then = last?.state.steps.get(step.id)?.observed
  if (unseen.actions) return { from: 'unseen', why, ...unseen }
  if (!last || then === undefined) return { from: 'unseen', why, ...unseen, says: step.options ?? {} }
  return { from: { run: last.id }, why, ...partsOf(step, knownOf(then, context)) }
}

const partsOf = (step: Step, known: Known<Json>): Omit<Part, 'from' | 'why' | 'says'> => ({
  findings: ifKnown(() => step.findings?.(known)) ?? [],
  ...(ifKnown(() => ({ before: factsOf(step.before(known)) })) ?? {}),
  ...(ifKnown(() => ({
    actions: Object.values(step.actions(known)).map((action) => withNames(action as Planned)),
  })) ?? {}),
  ...(ifKnown(() => ({ after: factsOf(step.after(known)) })) ?? {}),
  ...(ifKnown(() => ({ undo: undoOf(step, known) })) ?? {}),
})

const undoOf = (step: Step, known: Known<Json>): GuideUndo => {
  const undo = step.undo(known)
  if (undo.kind === 'nothing') return { kind: 'none', text: `Nothing to undo: ${undo.because}.` }
  if (undo.kind === 'forward-only')
    return { kind: 'none', text: `Cannot be undone: ${undo.because}. Instead: ${undo.instead}.` }
  return {
    kind: 'reverse',
    of: undo.of,
    actions: Object.values(undo.actions),
    after: factsOf(undo.after),
  }
}

const factsOf = (checks: readonly Check[]): Fact[] => checks.map(({ fact, remedy }) => ({ fact, remedy }))

const distinct = (facts: readonly Fact[]): Fact[] => [
  ...new Map(facts.map((fact) => [fact.fact, fact])).values(),
]

class Unseen extends Error {}
const unseen = (): never => {
  throw new Unseen()
}
/** Stands for an observation that was not made: who asks it for anything is stopped, so that nothing is invented. */
const UNSEEN = new Proxy({}, { get: unseen, has: unseen, ownKeys: unseen }) as Json

const ifKnown = <T>(tell: () => T): T | undefined => {
  try {
    return tell()
  } catch (error) {
    if (error instanceof Unseen) return undefined
    throw error
  }
}
