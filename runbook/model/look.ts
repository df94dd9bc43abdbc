import type { Action, Actions, Given, Planned, Query, Result } from './action.ts'
import type { Copy, CopyPlace } from './copy.ts'
import type { Environment } from './environment.ts'
import type { Sample, SignOff } from './event.ts'
import type { Failure } from './failure.ts'
import type { Json } from './json.ts'
import type { Step } from './step.ts'

/** Which revision of the code a run goes from and to; full commit ids. */
export interface Revision {
  readonly from: string
  readonly to: string
}

/** The paths and the time of a run. In a plan the time is `‹stamp›`. */
export interface RunPaths {
  /** Sorts by time and can stand in a file's name: `20261122T021500Z`. */
  readonly stamp: string
  /** Absolute; the operator's `.runbook/backups`, or a folder of the host where the book keeps them there. */
  readonly backups: string
  /** Absolute; the operator's folder for copies of backups that are kept on the host. */
  readonly copies: string
}

/** A moment of the database, held by a read-only transaction of its own that no time limit ends. */
export interface Snapshot {
  readonly id: string
  see<Row>(query: Query<'reads', Row>): Promise<Row[]>
}

/** What a check or an observation can do: look, and nothing else. The compiler refuses a change. */
export interface Look {
  readonly env: Environment
  readonly run: RunPaths
  readonly signal: AbortSignal
  /** What this run deploys; null where no step of the book moves the code, or none has been observed yet. */
  readonly revision: Revision | null
  see<A extends Action<'reads'>>(action: A): Promise<Result<A>>
  /** Like `see`, where a failure is an answer too. */
  attempt<A extends Action<'reads'>>(
    action: A,
  ): Promise<{ ok: true; value: Result<A> } | { ok: false; failure: Failure }>
  /**
   * Looks at the environment's database as it stood at one moment. Until `work` ends, other sessions enter that
   * moment by its `id`: `pg_dump --snapshot`.
   */
  snapshot<T>(work: (at: Snapshot) => Promise<T>): Promise<T>
  /**
   * Of the variables that something has, the names to which this environment gives another value: the book's `variables`, its secrets, and
   * `.env.<environment>`.
   */
  definedOtherwise(variables: Readonly<Record<string, string>>): string[]
  /** What of this run is rehearsed: the steps that change the database, and still have to, in their order. */
  readonly migrations: readonly Step[]
  /** Whether the operator has allowed by name what would stop the run otherwise: `drop:avatars.persona`. */
  allowed(name: string): boolean
  /** What an operator has called known, now or earlier in this run, of what begins so: `log:api.log@5210`. */
  known(beginning: string): readonly string[]
  /** Of an earlier step of this run. In a plan: what that step foresees; otherwise the step is looked at later. */
  outputOf<Out>(step: Step<any, any, Out>): Out
  /** Whether this step has performed the action to its end in this run, and what the transcript says of it. */
  performed(action: string): string | undefined
  /** What a person has answered in this run to an instruction of this step, and to which text. */
  signedOff(action: string): (SignOff & { to: string }) | undefined
  /** The latest figures that this step has recorded while it went on, and their words. */
  sampled(): Sampled | undefined
  /** An empty folder for what a look needs to put down; removed with everything in it afterwards. */
  scratch(): Promise<string>
  /** Waits, and stops waiting when the run is interrupted. Milliseconds. */
  sleep(ms: number): Promise<void>
  now(): Date
  /** It is asked once, in passing: what is not there is not waited for, and nothing is tried again. */
  readonly once?: true
}

export interface Sampled {
  readonly seen: string
  readonly figures: Sample
}

/** What a step's `run` can do beyond looking: perform what was planned, by name. */
export interface Act<Acts extends Actions, Seen> extends Look {
  readonly observed: Seen
  /** An earlier attempt of this run had begun its effects. */
  readonly again?: true
  /** What the requests of an earlier attempt captured that did not get to its end: it may have left something behind. */
  readonly capturedBefore: Readonly<Record<string, Json>>
  perform<K extends keyof Acts & string>(
    name: K,
    ...values: ValuesOf<Acts[K]>
  ): Promise<Result<Filled<Acts[K]>>>
  /**
   * Performs even after an interrupt, for ten seconds at most: takes away what the step itself has put there.
   */
  cleanUp: this['perform']
  /** Sees even after an interrupt, for a minute at most: what is said of how it ended is looked at. */
  seeAtEnd: this['see']
  /** Works on a copy of the database as on the database itself; what it opens there is closed afterwards. */
  onCopy<T>(place: CopyPlace, work: (copy: Copy) => Promise<T>): Promise<T>
  /** Puts what an action has set off elsewhere, such as the log of a build, into the transcript as its output. */
  relay(action: keyof Acts & string, text: string, stream?: 'out' | 'err'): void
  /** Records figures while the step goes on. `well`: nothing was amiss in what they count. */
  sample(sampled: Sampled, well: boolean): void
  /** The run that goes on beside this one, where this one keeps no other out: it only watches. */
  otherRun(): Promise<string | undefined>
  /** Records a fact found out while acting; stops the step where it does not hold. */
  prove(
    fact: string,
    verdict: {
      holds: boolean
      seen: string
      tail?: string
      /** What of the live database was held against what it had been; nothing where it could not be looked at. */
      compared?: string[]
    },
    remedy: string,
  ): void
}

type ValuesOf<P> = P extends Given<infer Hole, any> ? [values: Readonly<Record<Hole, string>>] : []
export type Filled<P extends Planned> = P extends Given<any, infer A> ? A : P
