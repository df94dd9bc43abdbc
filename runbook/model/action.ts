import type { SignOff } from './event.ts'
import type { ExactJson } from './exact-json.ts'
import type { Json } from './json.ts'
import type { Text } from './secret.ts'

/** `reads` may be done by a plan or a check; `changes` only by a step that named it beforehand. */
export type Effect = 'reads' | 'changes'

interface Common<E extends Effect> {
  readonly effect: E
  /** Milliseconds after which the whole process tree, query or request is ended. Default: see `limitsOf`. */
  readonly timeout?: number
  /** Of an action that is performed. Default: what cannot have had an effect, three times; of a command: nothing. */
  readonly retry?: Retry
}

/** How often an action is tried. Data, because a way back is kept in the transcript. */
export interface Retry {
  /** In all, the first one too. */
  readonly tries: number
  /** Milliseconds between two. */
  readonly pause: number
  /**
   * After which failures. `not-begun`: nothing can have been done, because the connection was refused, or a transaction
   * was rolled back for a deadlock. `locked`: a transaction got no lock in time. A number: a command's exit status. `failed`: any failure but a timeout.
   */
  readonly on: readonly ('not-begun' | 'locked' | 'timeout' | 'failed' | number)[]
}

/** A program, never a shell string. Its exit status decides whether it failed; what it did is looked at. */
export interface Command<E extends Effect = Effect> extends Common<E> {
  readonly kind: 'command'
  readonly argv: readonly [program: string, ...args: string[]]
  /** Relative to the application's folder, which is the default. */
  readonly cwd?: string
  readonly env?: Readonly<Record<string, Text>>
  /** What is written to its standard input, which is otherwise empty. */
  readonly input?: Text
  /** How the input is printed, such as a count. Default: as it is. */
  readonly shows?: string
  /**
   * A second program, which reads what the first prints, as behind a `|`. Both must end well; `env` is the first one's.
   * On the operator's machine only.
   */
  readonly into?: readonly [program: string, ...args: string[]]
  /** The second may stop reading before the first has printed all: only its end counts. */
  readonly readsBeginning?: true
  /**
   * What it starts lives on after the run, such as a process under pm2. It gets of the operator's variables only PATH, HOME
   * and the like, these of the book's `variables`, by name, and `env`.
   */
  readonly outlives?: readonly string[]
  /**
   * On another host: begun anew although an earlier attempt has begun it too, and its end was not heard: what that has made was
   * put back. Default: its end is waited for there, and it is not begun twice.
   */
  readonly anew?: true
  /** Exit statuses that are not a failure. Default: 0 only. */
  readonly accept?: readonly number[]
}

/** One SQL statement on the environment's database. `Row` only carries a type. */
export interface Query<E extends Effect = Effect, Row = unknown> extends Common<E> {
  readonly kind: 'query'
  readonly sql: string
  readonly values: readonly Json[]
  /** Another database of the same server. */
  readonly database?: string
  /** Databases whose sessions of this run are closed first, so that they can be renamed or dropped. */
  readonly leaves?: readonly string[]
  /**
   * What it counts or compares is all that is there, to the letter, whatever the role's settings are: where a policy would
   * hide rows of a table the query fails (42501), and each value has one text alone (see `EXACT`).
   */
  readonly exact?: true
  readonly row?: Row
}

/** Statements that happen together or not at all. */
export interface Transaction extends Common<'changes'> {
  readonly kind: 'transaction'
  readonly statements: readonly Statement[]
  /** `SET LOCAL` at its beginning, such as `lock_timeout`. */
  readonly settings?: Readonly<Record<string, string>>
  /** What it locked and wrote anew is looked at before it commits, to be compared with its rehearsal. */
  readonly tells?: true
  /** Nothing of it is to stay: it ends with ROLLBACK, and only tells how it would go. */
  readonly trial?: true
  readonly database?: string
  /** Databases whose sessions of this run are closed first, so that they can be renamed or dropped. */
  readonly leaves?: readonly string[]
}
export interface Statement {
  readonly sql: string
  /** The line of the file it begins on, counted from 1. */
  readonly line: number
}

export interface Request<E extends Effect = Effect> extends Common<E> {
  readonly kind: 'request'
  readonly method: string
  /** Absolute, or a path below the environment's `app.url`. */
  readonly url: string
  readonly headers?: Readonly<Record<string, Text>>
  readonly json?: ExactJson
  /** Its answer is read to the end, as JSON is in any case; otherwise its first megabyte. */
  readonly whole?: true
  /** What of the answer nobody may see, by name: a secret from before anything of it is recorded. */
  readonly hides?: (reply: Reply) => Record<string, string>
  /** What of the answer stands in the transcript, such as the id of what was created. */
  readonly captures?: (reply: Reply) => Record<string, Json>
  /** Statuses that are not a failure. Default: whatever is answered is an answer. */
  readonly accept?: readonly number[]
}

/** Reading or writing a whole text file; writing is atomic. Relative paths are below the application's folder. */
export interface ReadFile extends Common<'reads'> {
  readonly kind: 'read-file'
  readonly path: string
  /** Bytes to begin at; negative: as many from the end. */
  readonly from?: number
}
export interface WriteFile extends Common<'changes'> {
  readonly kind: 'write-file'
  readonly path: string
  readonly content: string
  readonly mode?: number
  /** How it is printed, such as a small diff. Default: its size. */
  readonly shows?: string
}

/** What a person does with their own hands. */
export interface Instruction extends Common<'changes'> {
  readonly kind: 'instruction'
  readonly text: string
  /** Of a checklist: '2 of 5'. */
  readonly place?: string
  /** It may be answered with 'does not apply', and a reason. */
  readonly mayNotApply?: boolean
}

export type Action<E extends Effect = Effect> =
  | Command<E>
  | Query<E>
  | Request<E>
  | (E extends 'reads' ? ReadFile : never)
  | (E extends 'changes' ? Transaction | WriteFile | Instruction : never)

export interface Reply {
  readonly status: number
  /** Its text. */
  readonly body: string
  /** Why that is not what was sent, such as for its size or its charset. */
  readonly unread?: string
  readonly headers: Readonly<Record<string, string>>
  /** Milliseconds from sending to the last byte. */
  readonly ms: number
}
export interface Answer extends SignOff {
  readonly confirmed: boolean
  readonly note: string
}
/** What a transaction reports for each of its statements. */
export type StatementResult = {
  readonly line: number
  readonly ms: number
  readonly rows: number
  /** On a copy of each, where looking between two statements keeps nobody waiting; otherwise of the last, for all. */
  readonly measured?: Measured
}
/** What a statement did to tables that were there before its transaction; they are named `schema.table`. */
export type Measured = {
  /** Locks that it took and that others wait for: 'AccessExclusiveLock'. They are kept until the transaction ends. */
  readonly locks: readonly { table: string; mode: string }[]
  /** Of which every row was written anew; bytes as they were. */
  readonly rewritten: readonly { table: string; bytes: number }[]
  /** Rows that were read one after the other. */
  readonly scanned: readonly { table: string; rows: number }[]
}

/** What an action gives back. A command that changes gives nothing: look at what it did. */
export type Result<A> =
  A extends Query<Effect, infer Row>
    ? Row[]
    : A extends Request
      ? Reply
      : A extends ReadFile
        ? string
        : A extends Command<infer E>
          ? E extends 'reads'
            ? string
            : undefined
          : A extends Transaction
            ? StatementResult[]
            : A extends Instruction
              ? Answer
              : undefined

/** An action with holes: values that are known only while running, printed as `‹name›`. */
export interface Given<Hole extends string = string, A extends Action = Action> {
  readonly kind: 'given'
  readonly holes: readonly Hole[]
  fill(values: Readonly<Record<Hole, string>>): A
}
export type Planned = Action | Given
/** The actions of a step, by name, in the order of performing. */
export type Actions = Readonly<Record<string, Planned>>

/** `given(['id'], ({ id }) => sends('DELETE', `/projects/${id}`))` */
export const given = <const Hole extends string, A extends Action>(
  holes: readonly Hole[],
  fill: (values: Readonly<Record<Hole, string>>) => A,
): Given<Hole, A> => ({ kind: 'given', holes, fill })

export const reads = (program: string, ...args: string[]): Command<'reads'> => ({
  kind: 'command',
  effect: 'reads',
  argv: [program, ...args],
})
export const changes = (program: string, ...args: string[]): Command<'changes'> => ({
  kind: 'command',
  effect: 'changes',
  argv: [program, ...args],
})
/** The first program's output is the second's input. */
export const piped = <E extends Effect>(
  from: Command<E>,
  ...into: NonNullable<Command['into']>
): Command<E> => ({
  ...from,
  into,
})
/** A query that runs in a read-only transaction, so that the server itself refuses a change. */
export const selects = <Row>(sql: string, ...values: Json[]): Query<'reads', Row> => ({
  kind: 'query',
  effect: 'reads',
  sql,
  values,
})
export const executes = <Row = unknown>(sql: string, ...values: Json[]): Query<'changes', Row> => ({
  kind: 'query',
  effect: 'changes',
  sql,
  values,
})
export const transaction = (
  statements: readonly Statement[],
  settings?: Readonly<Record<string, string>>,
): Transaction => ({ kind: 'transaction', effect: 'changes', statements, ...(settings && { settings }) })
export const gets = (url: string, headers?: Readonly<Record<string, Text>>): Request<'reads'> => ({
  kind: 'request',
  effect: 'reads',
  method: 'GET',
  url,
  ...(headers && { headers }),
})
export const sends = (
  method: string,
  url: string,
  { headers, json }: { headers?: Readonly<Record<string, Text>>; json?: ExactJson } = {},
): Request<'changes'> => ({
  kind: 'request',
  effect: 'changes',
  method,
  url,
  ...(headers && { headers }),
  ...(json !== undefined && { json }),
})
/** The text of a file, from byte `from` on; negative: as many bytes from the end. */
export const readsFile = (path: string, from?: number): ReadFile => ({
  kind: 'read-file',
  effect: 'reads',
  path,
  ...(from !== undefined && { from }),
})
export const writesFile = (path: string, content: string, mode?: number): WriteFile => ({
  kind: 'write-file',
  effect: 'changes',
  path,
  content,
  ...(mode !== undefined && { mode }),
})
export const instructs = (instruction: string): Instruction => ({
  kind: 'instruction',
  effect: 'changes',
  text: instruction,
})
