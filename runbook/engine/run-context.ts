import { makeRemoteScratch, removeRemoteScratch } from '../doors/remote-files.ts'
import type { RemoteHost } from '../doors/remote-host.ts'
import { makeScratch, removeScratch } from '../doors/scratch.ts'
import { isLeftOut, isOver, type RunState, type StepRecord } from '../journal/fold.ts'
import type { Recorder } from '../journal/recorder.ts'
import type { Action, Effect, Result } from '../model/action.ts'
import { type Environment, placeOf } from '../model/environment.ts'
import type { Probed } from '../model/event.ts'
import { Failed, unmet } from '../model/failure.ts'
import type { Look, Revision, RunPaths } from '../model/look.ts'
import type { OtherEnvironment } from '../model/other-environments.ts'
import { printAction } from '../model/print-action.ts'
import { typed } from '../model/shell-word.ts'
import type { Step } from '../model/step.ts'
import { OTHER_WAY } from '../model/ways.ts'
import type { Listed } from '../plan/diagnoses-of.ts'
import type { PageOrder } from '../plan/page-order.ts'
import { carryOut, databaseDoor } from './carry-out.ts'
import { definedOtherwise } from './defined-otherwise.ts'
import type { Doors } from './doors.ts'
import type { RunLock } from './keep-lock.ts'
import type { Ledger } from './ledger.ts'
import type { LedgerKeeper } from './ledger-keeper.ts'
import type { Turns } from './turns.ts'

/** How questions are answered without asking. */
export interface Answers {
  /** Ordinary questions. */
  yes: boolean
  /** The environment whose name stands for typing it. */
  confirm?: string
  /** What to do when a step fails, where nobody is asked. */
  onFailure?: 'stop' | 'rollback'
  /** Whether the second of two ways is gone, where the first has failed and changed nothing. */
  otherWay?: boolean
  /** Whether somebody is there to answer. */
  canAsk?: boolean
  /** What may happen although it would stop the run otherwise, by name. */
  allow?: readonly string[]
}

/** Everything that the parts of one run share. */
export interface RunContext {
  env: Environment
  /** The other environments of its book. Absent: not known. */
  others?: readonly OtherEnvironment[]
  paths: RunPaths
  doors: Doors
  recorder: Recorder
  /** Folded from what has been recorded so far. */
  state: RunState
  answers: Answers
  signal: AbortSignal
  scratch: Scratch
  /** What was done to the environment, by whom. */
  ledger: Ledger
  /** Of a run that changes the environment: writes it down there. */
  keeper?: LedgerKeeper
  /** Decided after a failure: what this run changed is to be taken back. */
  takeBack?: boolean
  /** Of the questions to the operator. */
  turns: Turns
  /** What a rehearsal of this run tries out. */
  migrations?: readonly Step[]
  /** Where the code will be moved, as far as the plan tells; of what is done before that begins. */
  foreseen?: Revision | null
  /** Told once the run was confirmed, and begins. */
  begins?(revision: Revision | null): void
  /** What users have met with so far, where they are asked for meanwhile. */
  metWith?(): readonly Probed[]
  /** What may be behind a failure; absent: it is not looked into. */
  diagnoses?: readonly Listed[]
  /** How the steps stand to each other on the page that is planned or performed. */
  order?: PageOrder
  /** What changed something since one of the earlier runs performed the step: a sentence. */
  changedSince?(step: string, counts: (record: StepRecord) => boolean): Promise<string | undefined>
  /** Of a run that keeps others out by a lock on its database. */
  lock?: RunLock
  /** The run that goes on beside this one; absent where that is kept out. */
  otherRun?(): Promise<string | undefined>
}

/** Thrown where a plan asks for the output of a step that has not run. */
export class NotYet extends Error {
  constructor(readonly step: string) {
    super(`needs the output of ${step}`)
  }
}

/** What a step or a check may look at. `foreseen`: in a plan, where no step has run. */
export const lookOf = (
  context: RunContext,
  step: Step | undefined,
  foreseen?: { revision: Revision | null; outputs: Map<string, unknown> },
): Look => {
  const env = placeOf(step, context.env)
  const see = async <A extends Action<'reads'>>(action: A): Promise<Result<A>> => {
    const printed = printAction(action, env)
    // The compiler refuses it too, where it is asked.
    if ((action.effect as Effect) !== 'reads') throw new Error(`a look may not change anything: ${printed}`)
    const { doors, signal } = context
    return (await carryOut(action, { env, doors, signal, printed })).result as Result<A>
  }
  return {
    env: context.env,
    run: context.paths,
    signal: context.signal,
    revision: foreseen ? foreseen.revision : (context.state.revision ?? context.foreseen ?? null),
    see,
    attempt: attempting(see, context.signal),
    definedOtherwise: (variables) => definedOtherwise(variables, context),
    migrations: context.migrations ?? [],
    allowed: (name) => context.answers.allow?.includes(name) ?? false,
    known: (beginning) =>
      [...context.state.known, ...(context.answers.allow ?? [])].filter((name) => name.startsWith(beginning)),
    snapshot: (work) => {
      const { env, doors, signal } = context
      return databaseDoor(doors, env).snapshot(
        (id, look) => work({ id, see: (query) => look(query, printAction(query, env)) }),
        signal,
      )
    },
    outputOf: <Out>({ id }: Step<any, any, Out>): Out => {
      if (foreseen?.outputs.has(id)) return foreseen.outputs.get(id) as Out
      const state = context.state.steps.get(id)?.state
      const leftOut = isLeftOut(context.state, id)
      if (!leftOut && isOver(state)) return state.output as Out
      if (foreseen) throw new NotYet(id)
      const seen = leftOut ? OTHER_WAY : state?.is === 'failed' ? 'it failed' : 'it has not been done'
      throw unmet(`the step ${id} is done`, seen, typed`runbook deploy ${context.env.name}`)
    },
    performed: (action) => (step ? context.state.steps.get(step.id)?.actions.get(action)?.result : undefined),
    signedOff: (action) => {
      const record = step && context.state.steps.get(step.id)?.actions.get(action)
      return record?.signedOff && { ...record.signedOff, to: record.printed }
    },
    sampled: () => (step ? context.state.steps.get(step.id)?.sampled : undefined),
    scratch: () => context.scratch.folder(context.signal),
    sleep: (ms) => context.doors.clock.sleep(ms, context.signal),
    now: () => context.doors.clock.now(),
  }
}

/** Sees, where a failure is an answer too. */
export const attempting =
  (see: Look['see'], signal: AbortSignal): Look['attempt'] =>
  async (action) => {
    try {
      return { ok: true, value: await see(action) }
    } catch (error) {
      signal.throwIfAborted()
      if (error instanceof Failed) return { ok: false, failure: error.failure }
      throw error
    }
  }

/** A folder that is made when a look needs one, where its commands run, and removed with the run. */
export class Scratch {
  #folder: Promise<string> | undefined

  constructor(private readonly host: RemoteHost | undefined) {}

  folder(signal: AbortSignal): Promise<string> {
    this.#folder ??= this.host ? makeRemoteScratch(this.host, signal) : makeScratch()
    return this.#folder
  }

  async remove(): Promise<void> {
    const folder = await this.#folder?.catch(() => undefined)
    if (folder === undefined) return
    if (this.host) await removeRemoteScratch(this.host, folder).catch(() => {})
    else await removeScratch(folder)
  }
}
