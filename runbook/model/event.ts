import type { StatementResult } from './action.ts'
import type { Diagnosed } from './diagnosis.ts'
import type { Failure } from './failure.ts'
import type { Json } from './json.ts'
import type { PlannedStep } from './planned-step.ts'
import type { Sort } from './step.ts'
import type { FrozenUndo } from './undo.ts'

/** What happened, one line of a transcript each. */
export type Happening =
  | {
      type: 'run-started'
      run: string
      book: string
      env: string
      command: Command
      /** See `Who`. */
      operator: string
      uid?: number
      sudo?: string
      machine: string
      terminal?: string
      pid: number
      version: string
      fingerprint: string
      /** Of a rollback: the run that it takes back, and why. */
      takesBack?: string
      reason?: string
      /** What else it was told: what a resume needs to know, and what was overridden by name. */
      told?: Told
      /** The phases of the page, and how long they were expected to take. */
      phases?: ExpectedPhase[]
      /** The run had begun before; this line goes on with it. */
      resumed?: true
    }
  | { type: 'step-started'; step: string; title: string; sort: Sort }
  | { type: 'observed'; step: string; observed: Json; revision?: { from: string; to: string } }
  | { type: 'undo-frozen'; step: string; undo: FrozenUndo }
  | {
      type: 'looked'
      step?: string
      side: Side
      fact: string
      holds: boolean
      seen: string
      /** Of what holds: not all of it could be told. */
      untold?: true
      remedy?: string
      tail?: string
      ms: number
      /** The program of an action, which has just started. */
      process?: ProcessIdentity
      probed?: Probed
      /** Users have got no good answer for some time, or get one again. */
      outage?: Outage
      /** Who was told of the run, or should have been. */
      notified?: string
      /** A look for the cause of a failure, or of what a person has noticed. */
      diagnosed?: Diagnosed
      sample?: Sample
      /** What of the live database was held against what it had been; nothing where it could not be looked at. */
      compared?: string[]
    }
  | {
      type: 'action-started'
      step: string
      action: string
      printed: string
      values?: Record<string, string>
      /** What another host keeps of it: how it ended is asked there. */
      kept?: Kept
    }
  | { type: 'output'; step: string; action: string; stream: 'out' | 'err'; text: string }
  | {
      type: 'action-ended'
      step: string
      action: string
      ok: boolean
      ms: number
      exit?: number | string
      status?: number
      rows?: number
      /** Of a transaction: how each of its statements went. */
      statements?: StatementResult[]
      note?: string
      /** Of an instruction: who has answered it, and how. */
      signedOff?: SignOff
      /** What was taken out of the answer to a request. */
      captured?: Record<string, Json>
      /** Why it is tried once more: which time that is, of how many, and after how many ms. */
      again?: { because: string; try: number; of: number; in: number }
    }
  /** `about`: what whoever is asked should know, a line each. */
  | { type: 'asked'; step?: string; question: string; about?: string[] }
  | {
      type: 'answered'
      step?: string
      question: string
      answer: string
      by: 'operator' | 'flag'
      who?: string
      /** Of an approval: whoever performs the run is who approves it. */
      own?: true
      /** What lies in the past and counts no longer, by the name that a check gave it. */
      known?: string
    }
  | {
      type: 'step-done'
      step: string
      output: Json
      summary: string
      ms: number
      /** What migration tools have recorded as applied by then, where a program takes it back. */
      applied?: string
    }
  | { type: 'step-skipped'; step: string; why: string; seen: string; output: Json; ms: number }
  | { type: 'step-failed'; step: string; failure: Failure; ms: number }
  | { type: 'undo-started' | 'undo-done'; step: string }
  | ({ type: 'verified'; step: string; title: string; when: VerifiedWhen; ms: number } & Verified)
  /** Of a plan, which leaves no transcript. */
  | ({ type: 'planned'; step: string } & PlannedStep)
  /**
   * `ms`: all parts of a run that was gone on with together, with the time that it waited for answers, `waited`. `atLeast`: a
   * part was killed, and how long it went on after its last line nobody knows.
   */
  | {
      type: 'run-ended'
      verdict: RunVerdict
      exit: number
      ms: number
      waited?: number
      atLeast?: true
      failure?: Failure
    }

/** What a verification says; `null`: nobody knows, for the reason in `seen`. */
export interface Verified {
  holds: boolean | null
  seen: string
  /** By its nature it cannot be asked beforehand: it changes something, or tells only of what the run does. */
  unaskable?: true
  /** It may go back with the database that is restored: then it is named, and fails nothing. */
  mayGoBack?: true
}
/**
 * `before`: before the first effect of the run, its baseline. `reference`: of a rollback, before the run that it takes
 * back, as transcripts tell. `after`: at the end of the run.
 */
export type VerifiedWhen = 'before' | 'reference' | 'after'

/** What users of one address met with while something was changed. */
export interface Probed {
  url: string
  requests: number
  failed: number
  /** How often each reason: 'connection refused', '502'. */
  failures: Record<string, number>
  /** The longest time in which nothing was answered, and how long it was looked; milliseconds. */
  longestGap: number
  ms: number
}

/** For how long one address has given no good answer, and why; milliseconds. `over`: it does again. */
export type Outage = { url: string; ms: number; because: string; over?: true }

/** A phase, and how long it takes by its author and by earlier runs; milliseconds. */
export type ExpectedPhase = {
  title: string
  steps: string[]
  takes?: number
  usually?: number
}

/** What a person has answered to an instruction, and who that was. */
export type SignOff = {
  who: string
  /** `flag`: nobody was asked. */
  by: 'operator' | 'flag'
  /** False: it does not apply here; why not is the note. */
  applies: boolean
}

/**
 * Figures of one moment of a watch, by name, for plotting. `elapsed`, `of`, latencies and ages are milliseconds, `memory`
 * is bytes, `cpu` a percentage of one core; what ends in `/s` is a rate, the rest is counted.
 */
export type Sample = Readonly<Record<string, number>>

/** A command on another host, and its name there. */
export interface Kept {
  host: string
  job: string
}
/** A process for ever: its id is used again after its end, but not with the same start. */
export interface ProcessIdentity {
  pid: number
  /** Only to be compared. */
  started: string
}
/** How a run was meant. */
export type Told = {
  /** What would have stopped it and may be so all the same, by the names that refusals give. */
  allow?: string[]
  /** The second of two ways was to be gone where the first fails. */
  otherWay?: true
  /** What was to be done at a failure, where nobody is asked. */
  onFailure?: 'stop' | 'rollback'
  database?: 'schema' | 'restore'
  around?: string[]
  /** A restore into the live database itself. */
  inPlace?: true
  /** A rollback of the code from the environment's ledger, and not from the transcript. */
  from?: 'ledger'
  /** The argument of `restore`. */
  backup?: string
  /** The argument of `run`. */
  procedure?: string
  /** The tag or commit that was to be deployed, as it was named. */
  revision?: string
}

/** Whether a run performs the book itself, of which a rollback can take back what it changed. */
export const isForwards = (command: string | undefined): boolean => command === 'deploy' || command === 'run'

/**
 * When a check was looked at: before the run, before the step, to see whether it is already done, after it, or to find
 * out why something is not as it should be.
 */
export type Side = 'needs' | 'before' | 'already' | 'after' | 'diagnosis'
export type RunVerdict = 'done' | 'failed' | 'declined' | 'interrupted' | 'rolled-back' | 'rollback-failed'
export type Command =
  | 'deploy'
  | 'run'
  | 'verify'
  | 'watch'
  | 'rollback'
  | 'backup'
  | 'restore'
  | 'prune'
  | ManualLock

/** The environment locked on purpose, and let free again; neither performs anything. */
export type ManualLock = 'lock' | 'unlock'

/**
 * A happening as it stands in a transcript; `prev` is the SHA-256 of the line before it. The last line has no line after
 * it, and so `sum`, the SHA-256 of itself without that.
 */
export type Event = { seq: number; at: string } & Happening & { prev: string; sum?: string }
export type EventOf<Type extends Happening['type']> = Extract<Happening, { type: Type }>
