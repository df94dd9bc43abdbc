import type { StatementResult } from '../model/action.ts'
import type {
  EventOf,
  Happening,
  Kept,
  Probed,
  ProcessIdentity,
  SignOff,
  Verified,
  VerifiedWhen,
} from '../model/event.ts'
import type { Failure } from '../model/failure.ts'
import type { Json } from '../model/json.ts'
import type { Sampled } from '../model/look.ts'
import { signOffText } from '../model/sign-off.ts'
import type { Sort } from '../model/step.ts'
import type { FrozenUndo } from '../model/undo.ts'
import { OTHER_WAY } from '../model/ways.ts'
import { newTimes, type Times, timePasses } from './times.ts'

/** Where a step stands, as far as the transcript tells. */
export type StepState =
  | { is: 'pending' }
  /** Started and not ended: only the world can tell. */
  | { is: 'in-doubt' }
  | { is: 'done'; output: Json; summary: string; ms: number; applied?: string }
  | { is: 'skipped'; why: string; seen: string; output: Json }
  | { is: 'failed'; failure: Failure; ms: number }
export interface StepRecord {
  id: string
  title: string
  sort: Sort
  state: StepState
  observed?: Json
  /** Where it was to move the code. */
  revision?: { from: string; to: string }
  undo?: FrozenUndo
  /** The latest of its figures. */
  sampled?: Sampled
  /** What it should bring about was looked at before its first effect, and did not hold. */
  unmetBefore?: true
  /** Actions that were begun, in order. */
  actions: Map<string, ActionRecord>
  /** Why it failed last, also where it was left out afterwards. */
  failed?: Failure
  /** What of its facts was seen where not all of it could be told. */
  untold?: string
  /** How many effects had begun when it ended: what it found is older than a later one. */
  endedAfter?: number
  /** When it began and has not come to its end; ms since 1970. */
  begun?: number
  /** When it was worked on, each time: the end, in ms since 1970, and how long. `atLeast`: the run was killed meanwhile. */
  worked: { until: number; ms: number; atLeast?: true }[]
}
export interface ActionRecord {
  printed: string
  /** Whether its end is known, well or not. */
  ended: boolean
  /** Once it ended well. */
  result?: string
  /** Milliseconds; of a transaction also each statement's. */
  ms?: number
  statements?: readonly StatementResult[]
  /** The programs that it runs; of two with a pipe between them, both. */
  processes: ProcessIdentity[]
  kept?: Kept
  captured?: Record<string, Json>
  signedOff?: SignOff
}

/** A run, folded from its transcript. There is no other state. */
export interface RunState {
  started?: EventOf<'run-started'> & { at: string }
  ended?: EventOf<'run-ended'> & { at: string }
  /** It was gone on with after an end or a crash. */
  resumed?: true
  steps: Map<string, StepRecord>
  revision: { from: string; to: string } | null
  /**
   * Whether an effect on the environment was begun since the run was last started; what only prepares, such as a
   * backup, is none.
   */
  changed: boolean
  /** What of the live database was held against what it had been before, and what was seen then. */
  compared?: { what: string[]; holds: boolean; seen: string }
  /** What users met with meanwhile. */
  probed: Probed[]
  /** What of the past an operator has called known, by name. */
  known: string[]
  /** What was found behind its failures. */
  diagnosed: EventOf<'looked'>[]
  /** What each verification said, and when. */
  verified: Map<string, VerifiedRecord>
  /** How many effects on the environment were begun, in all parts of the run. */
  effects: number
  /** How long its parts took. */
  times: Times
}
export type VerifiedRecord = { title: string } & Partial<Record<VerifiedWhen, Verified>>

/** Whether it began any action, on the environment or only to prepare. */
export const isBegun = ({ steps }: RunState): boolean =>
  [...steps.values()].some(({ actions }) => actions.size > 0)

/** The steps that change a state and were begun: what there may be to take back. */
export const begunStates = ({ steps }: RunState): StepRecord[] =>
  [...steps.values()].filter(({ sort, actions }) => sort === 'state' && actions.size > 0)

/** Whether it has begun an effect that what follows from it may have to be done again for. */
export const hasChanged = ({ sort, actions }: StepRecord): boolean =>
  (sort === 'state' || sort === 'follows') && actions.size > 0

/** Whether a step is done, or was skipped: it has an output. */
export const isOver = (state: StepState | undefined): state is Extract<StepState, { output: Json }> =>
  state?.is === 'done' || state?.is === 'skipped'

/** Why `verify` passes a step over: nothing that can be looked at tells. */
export const NOT_KNOWN = 'not known'

/** Whether it belongs to a way that the run has not taken. */
export const isLeftOut = ({ steps }: RunState, id: string): boolean => {
  const state = steps.get(id)?.state
  return state?.is === 'skipped' && state.why === OTHER_WAY
}

export const emptyRun = (): RunState => ({
  steps: new Map(),
  revision: null,
  changed: false,
  probed: [],
  known: [],
  diagnosed: [],
  verified: new Map(),
  effects: 0,
  times: newTimes(),
})

export const foldRun = (events: Iterable<Happening & { at: string }>): RunState => {
  const state = emptyRun()
  for (const event of events) applyEvent(state, event)
  return state
}

/** Takes one more event into the state. */
export const applyEvent = (state: RunState, event: Happening & { at: string }): void => {
  if (event.type === 'run-started') breakOff(state)
  timePasses(state.times, event)
  if (event.type === 'step-done' || event.type === 'step-skipped' || event.type === 'step-failed')
    endStep(recordOf(state, event.step), event, state.effects)
  switch (event.type) {
    case 'run-started':
      if (state.started) state.resumed = true
      state.started ??= event
      delete state.ended
      state.changed = false
      delete state.compared
      state.probed = []
      state.diagnosed = []
      // What a run that goes on leaves is asked at its own end.
      for (const verified of state.verified.values()) delete verified.after
      return
    case 'run-ended':
      state.ended = event
      return
    case 'step-started':
      // It is tried again.
      state.diagnosed = state.diagnosed.filter(({ step }) => step !== event.step)
      Object.assign(recordOf(state, event.step), {
        title: event.title,
        sort: event.sort,
        state: { is: 'in-doubt' },
        begun: Date.parse(event.at),
      })
      delete recordOf(state, event.step).failed
      delete recordOf(state, event.step).untold
      return
    case 'observed':
      recordOf(state, event.step).observed = event.observed
      if (event.revision) state.revision = recordOf(state, event.step).revision = event.revision
      return
    case 'undo-frozen':
      recordOf(state, event.step).undo = event.undo
      return
    case 'action-started':
      recordOf(state, event.step).actions.set(event.action, {
        printed: event.printed,
        ended: false,
        processes: [],
        ...(event.kept && { kept: event.kept }),
      })
      state.changed ||= recordOf(state, event.step).sort !== 'prepares'
      if (isEffect(recordOf(state, event.step).sort)) state.effects += 1
      return
    case 'action-ended': {
      const action = recordOf(state, event.step).actions.get(event.action)
      if (action) action.ended = true
      if (action && event.ok)
        Object.assign(action, {
          result: resultOf(event),
          ms: event.ms,
          ...(event.statements && { statements: event.statements }),
        })
      if (action && event.captured) action.captured = event.captured
      if (action && event.ok && event.signedOff) action.signedOff = event.signedOff
      return
    }
    case 'step-done':
      recordOf(state, event.step).state = {
        is: 'done',
        output: event.output,
        summary: event.summary,
        ms: event.ms,
        ...(event.applied !== undefined && { applied: event.applied }),
      }
      return
    case 'step-skipped':
      recordOf(state, event.step).state = {
        is: 'skipped',
        why: event.why,
        seen: event.seen,
        output: event.output,
      }
      // It has not moved the code after all.
      if (event.why === OTHER_WAY && state.revision === recordOf(state, event.step).revision)
        state.revision = null
      return
    case 'step-failed':
      recordOf(state, event.step).state = { is: 'failed', failure: event.failure, ms: event.ms }
      recordOf(state, event.step).failed = event.failure
      return
    case 'verified': {
      const { step, title, when, holds, seen, unaskable, mayGoBack } = event
      state.verified.set(step, {
        ...state.verified.get(step),
        title,
        [when]: { holds, seen, ...(unaskable && { unaskable }), ...(mayGoBack && { mayGoBack }) },
      })
      return
    }
    case 'looked': {
      if (event.compared) {
        const { compared: what, holds, seen } = event
        state.compared = { what, holds, seen }
        state.changed ||= !holds && what.length > 0
      }
      if (event.probed) state.probed.push(event.probed)
      if (isFound(event)) state.diagnosed.push(event)
      if (event.untold && event.side === 'after' && event.step !== undefined)
        recordOf(state, event.step).untold = event.seen
      if (event.side === 'already' && !event.holds && event.step !== undefined) {
        // A plan looks at steps that have not begun.
        const record = state.steps.get(event.step)
        if (record?.state.is === 'in-doubt' && record.actions.size === 0) record.unmetBefore = true
      }
      if (event.sample && event.step !== undefined)
        recordOf(state, event.step).sampled = { seen: event.seen, figures: event.sample }
      if (!event.process || event.step === undefined) return
      const action = [...recordOf(state, event.step).actions.values()].findLast(({ ended }) => !ended)
      action?.processes.push(event.process)
      return
    }
    case 'answered':
      if (event.known) state.known.push(event.known)
      return
    case 'output':
    case 'asked':
    case 'undo-started':
    case 'undo-done':
    case 'planned':
      return
  }
}

/** Of an action that a verification may say something else after. */
const isEffect = (sort: Sort): boolean => sort === 'state' || sort === 'follows'

/** What the part before did not come to the end of, since it was killed, or was ended in the midst of it. */
const breakOff = ({ steps, times: { last, over } }: RunState): void => {
  for (const record of steps.values()) {
    if (record.begun === undefined) continue
    const ms = Math.max(0, last - record.begun)
    record.worked.push({ until: last, ms, ...(!over && { atLeast: true as const }) })
    delete record.begun
  }
}

const endStep = (record: StepRecord, { at, ms }: { at: string; ms: number }, effects: number): void => {
  record.worked.push({ until: Date.parse(at), ms })
  delete record.begun
  record.endedAfter = effects
}

const isFound = ({ diagnosed }: EventOf<'looked'>): boolean =>
  diagnosed?.found === 'cause' || diagnosed?.found === 'sign'

const recordOf = (state: RunState, id: string): StepRecord => {
  const known = state.steps.get(id)
  if (known) return known
  const record: StepRecord = {
    id,
    title: id,
    sort: 'follows',
    state: { is: 'pending' },
    actions: new Map(),
    worked: [],
  }
  state.steps.set(id, record)
  return record
}

const resultOf = ({ exit, status, rows, note, signedOff, ms }: EventOf<'action-ended'>): string => {
  if (signedOff) return signOffText(signedOff, note ?? '')
  if (note !== undefined) return note ? `confirmed: ${note}` : 'confirmed'
  const what = status !== undefined ? `${status}` : rows !== undefined ? `${rows} rows` : `exit ${exit ?? 0}`
  return `${what} in ${Math.round(ms)} ms`
}
