import { heardByMany } from '../doors/heard-by-many.ts'
import type { Action, Actions, Planned, Reply } from '../model/action.ts'
import { placeOf } from '../model/environment.ts'
import type { Verified } from '../model/event.ts'
import { explain } from '../model/explain.ts'
import { Failed, type Failure, failureOf } from '../model/failure.ts'
import type { Json } from '../model/json.ts'
import type { Act, Look } from '../model/look.ts'
import { printAction, withNames } from '../model/print-action.ts'
import type { Known, Step } from '../model/step.ts'
import { Moment } from './moment.ts'
import { attempting, lookOf, type RunContext } from './run-context.ts'

/** For how long all of them are asked, at once. Milliseconds. */
const BRIEFLY = 5_000

/**
 * Asks verifications in passing, all at once: each one time, without patience, and for a few seconds at most. Only reads;
 * of what cannot be asked so nobody knows, and why not is what was seen. Records nothing.
 */
export const askVerifications = async (
  steps: readonly Step[],
  context: RunContext,
): Promise<(Verified & { ms: number })[]> => {
  const { clock } = context.doors
  const late = AbortSignal.timeout(BRIEFLY)
  const signal = heardByMany(AbortSignal.any([context.signal, late]))
  const moment = new Moment()
  const answers = await Promise.all(
    steps.map(async (step) => {
      const began = clock.monotonic()
      const asked = ask(step, { ...context, signal }, moment).catch(asUnknown)
      const answer = await Promise.race([asked, tooLate(signal)])
      return { ...answer, ms: Math.round(clock.monotonic() - began) }
    }),
  )
  context.signal.throwIfAborted()
  return answers
}

const ask = async (step: Step, context: RunContext, moment: Moment): Promise<Verified> => {
  const own = lookOf(context, step)
  // What is elsewhere is another moment's.
  const look: Look = { ...(step.at ? own : moment.of(own)), once: true }
  const observed = (await step.observe(look)) as Json
  const known: Known<Json> = { observed, env: context.env, run: context.paths }
  const actions = step.actions(known) as Actions
  const changing = Object.values(actions).find((action) => isChange(action))
  if (changing)
    return { holds: null, seen: `not asked: it would ${printOf(changing, step, context)}`, unaskable: true }
  for (const check of step.before(known)) {
    const { holds, seen } = await check.look(look)
    if (!holds) return { holds: null, seen: `it could not be asked: ${check.fact}: ${seen}` }
  }
  const { act, performed } = actOf(look, observed, actions)
  await step.run(act)
  const seen: string[] = []
  let untold = false
  for (const check of step.after(known)) {
    const verdict = await check.look({ ...look, performed })
    if (!verdict.holds) return { holds: false, seen: `${check.fact}: ${verdict.seen}` }
    seen.push(verdict.seen)
    untold ||= verdict.untold ?? false
  }
  return { holds: untold ? null : true, seen: seen.join('; ') }
}

const isChange = (planned: Planned): boolean => {
  const { kind, effect } = withNames(planned) as Action
  return kind === 'instruction' || effect === 'changes'
}

const printOf = (planned: Planned, step: Step, context: RunContext): string => {
  const action = withNames(planned)
  const printed = printAction(action, placeOf(step, context.env)).split('\n', 1)[0]!
  if (action.kind === 'instruction') return `ask a person: ${printed}`
  return action.kind === 'request' ? `send ${printed}` : `run ${printed}`
}

/** What performs its actions without a line in the transcript: they only read. */
const actOf = (
  look: Look,
  observed: Json,
  actions: Actions,
): { act: Act<any, any>; performed: Look['performed'] } => {
  const results = new Map<string, string>()
  const performed = (name: string) => results.get(name)
  const perform = async (name: string, values?: Record<string, string>) => {
    const planned = actions[name]
    if (!planned) throw new Error(`it performs '${name}', which it has not planned`)
    const began = look.now().getTime()
    const result = await look.see(
      (planned.kind === 'given' ? planned.fill(values ?? {}) : planned) as Action<'reads'>,
    )
    const { status, ms } = { ms: look.now().getTime() - began, ...(result as Partial<Reply> | null) }
    results.set(name, status === undefined ? `done in ${ms} ms` : `${status} in ${ms} ms`)
    return result
  }
  const act: Act<any, any> = {
    ...look,
    attempt: attempting(look.see, look.signal),
    ...{ observed, performed, capturedBefore: {} },
    perform: perform as Act<any, any>['perform'],
    seeAtEnd: look.see,
    cleanUp: perform as Act<any, any>['perform'],
    onCopy: () => Promise.reject(new Error('it makes a copy, and that is no look')),
    relay: () => {},
    sample: () => {},
    otherRun: async () => undefined,
    prove: (fact, { holds, seen, tail }, remedy) => {
      if (holds) return
      throw new Failed({ kind: 'after-unmet', unmet: [{ fact, seen, remedy }], ...(tail && { tail }) })
    },
  }
  return { act, performed }
}

/** Whether a failure says that something does not hold, or that it could not be asked. */
export const verifiedBy = (failure: Failure): Verified => {
  const holds = COULD_NOT_BE_ASKED.includes(failure.kind) ? null : false
  if ('unmet' in failure)
    return {
      holds,
      seen: `${holds === null ? 'it could not be asked: ' : ''}${failure.unmet.map(({ fact, seen }) => `${fact}: ${seen}`).join('; ')}`,
    }
  const { sentence } = explain(failure)
  return { holds, seen: holds === null ? `it could not be asked: ${sentence}` : sentence }
}

const COULD_NOT_BE_ASKED: readonly Failure['kind'][] = [
  ...(['before-unmet', 'command-missing', 'folder-missing', 'secret-missing', 'secret-malformed'] as const),
  ...(['host-failed', 'database-unreachable', 'timeout', 'bug', 'declined', 'answer-needed'] as const),
  'interrupted',
]

const asUnknown = (error: unknown): Verified => verifiedBy(failureOf(error))

const tooLate = (signal: AbortSignal): Promise<Verified> =>
  new Promise((resolve) => {
    const answer = { holds: null, seen: `it did not answer within ${BRIEFLY / 1000} s` }
    if (signal.aborted) resolve(answer)
    else signal.addEventListener('abort', () => resolve(answer), { once: true })
  })
