import { inspect } from 'node:util'

/** Why a step, or a run, did not get to its end. Closed: `render/explain.ts` has a sentence for each. */
export type Failure =
  | { kind: 'before-unmet' | 'after-unmet'; unmet: Unmet[]; tail?: string }
  | { kind: 'command-failed'; printed: string; exit: number | string; tail: string }
  | { kind: 'command-missing'; program: string; printed: string; host?: string }
  | { kind: 'folder-missing'; folder: string; printed: string }
  | {
      kind: 'query-failed'
      printed: string
      sqlstate: string
      message: string
      line?: number
      statement?: string
      detail?: string
      hint?: string
      /** What it is about, as far as the server says so. */
      about?: { schema?: string; table?: string; column?: string; constraint?: string }
    }
  /** `lost`: after it was reached, so that what was under way may have been done. */
  | { kind: 'database-unreachable'; target: string; code: string; message: string; lost?: true }
  /** Something between gives each transaction, or statement, another session. `server`: the one behind it. */
  | {
      kind: 'pooled'
      target: string
      /** `full`: it keeps a session for each client, and has none left. */
      mode: 'transaction' | 'statement' | 'full'
      secret: string
      pooler?: string
      server?: string
    }
  /** `unsent`: there was no connection. */
  | {
      kind: 'request-failed'
      printed: string
      message: string
      unsent?: true
      status?: number
      body?: string
    }
  | { kind: 'file-failed'; path: string; code: string; message: string }
  /** `lost`: it broke while `printed` ran there; `job` is what the host keeps of that. */
  | {
      kind: 'host-failed'
      host: string
      reason: 'unreachable' | 'refused' | 'key-unknown' | 'key-changed' | 'lost'
      message: string
      printed?: string
      job?: string
    }
  | { kind: 'secret-missing'; name: string; empty: boolean; file: string }
  | { kind: 'secret-malformed'; name: string; message: string; remedy?: string }
  | { kind: 'moved'; what: string; was: string; is: string }
  /** It was begun before the run was killed, and nothing shows whether it was done. */
  | { kind: 'in-doubt'; title: string; printed: string; look: string }
  /** `note`: what was said to it. `wrongName`: what was typed, or given, instead of the environment's name. */
  | { kind: 'declined'; question: string; note?: string; wrongName?: { typed: string; name: string } }
  | { kind: 'answer-needed'; question: string; flag: string }
  /**
   * By another run. `at`: where that stands, if its transcript is here. `unlock`: only a person can know whether its holder
   * is gone.
   */
  | { kind: 'locked'; env: string; holder: string; since: string; run: string; at?: string; unlock?: true }
  /** The run held it, and cannot be sure any more that it is alone. */
  | { kind: 'lock-lost'; env: string; because: string }
  /** By a person, on purpose. */
  | { kind: 'frozen'; env: string; holder: string; since: string; reason: string }
  | { kind: 'timeout'; printed: string; after: number; tail: string }
  | { kind: 'journal-failed'; path: string; message: string }
  | { kind: 'interrupted'; signal: string }
  /** It shares the process with this tool. `did`: 'calls process.exit(0)'. `reading`: while it was read. */
  | { kind: 'book-broke'; book: string; did: string; stack: string; reading?: true }
  | { kind: 'bug'; message: string; stack: string }

/** A fact that does not hold, what was seen instead, and what to type next. */
export interface Unmet {
  fact: string
  seen: string
  remedy: string
  /** It is past, and an operator may say by these names that it is known. */
  known?: readonly string[]
}

/** Carries a failure up to the engine. */
export class Failed extends Error {
  override name = 'Failed'
  constructor(readonly failure: Failure) {
    super(failure.kind)
  }
}

/** The failure inside anything thrown; what was not thrown on purpose is a bug. */
export const failureOf = (thrown: unknown): Failure => {
  if (thrown instanceof Failed) return thrown.failure
  if (thrown instanceof Error) return { kind: 'bug', message: thrown.message, stack: thrown.stack ?? '' }
  return {
    kind: 'bug',
    message: typeof thrown === 'string' ? thrown : `it throws ${inspect(thrown)}`,
    stack: '',
  }
}

/** Stops a step because something it rests on is not so. Before its first effect: nothing was changed by it. */
export const unmet = (fact: string, seen: string, remedy: string): Failed =>
  new Failed({ kind: 'before-unmet', unmet: [{ fact, seen, remedy }] })
