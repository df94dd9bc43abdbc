import type { Statement, StatementResult } from './action.ts'
import type { Closing } from './closed-network.ts'
import type { Danger } from './danger.ts'
import type { Json } from './json.ts'
import type { Look } from './look.ts'
import type { Text } from './secret.ts'
import type { Step } from './step.ts'
import type { FrozenUndo } from './undo.ts'

/** Where a copy of the environment's database is. */
export interface CopyPlace {
  /** Its name. */
  readonly database: string
  /** The URL of another server; absent: the server of the environment's own. */
  readonly server?: Text
  /** How a command is kept from everything but the copy, or why it cannot be. */
  readonly closing: Closing
  /** A folder with the code that is to come; absent: no command may run, because the application's own must not be touched. */
  readonly dir?: string
}

/**
 * A database that holds what the environment's holds, and that nobody uses. A step that is performed on it finds the copy
 * wherever it looks for the environment's database, and the folder with the code to come for the application's.
 */
export interface Copy {
  readonly look: Look
  /** Performs a step with all that belongs to it, as the step `rehearse-<id>`, and measures. */
  perform(step: Step): Promise<Performed>
  /** What its transaction consists of, as it was to be performed here. */
  statementsOf(step: Step): readonly Statement[]
  /**
   * Performs its way back, as it was frozen, with its proofs. Only of a step with a way back. Gives why nothing was taken
   * back, where a migration tool has recorded nothing new: a rollback would not begin it either.
   */
  takeBack(step: Step): Promise<string | undefined>
}

/** How it went. */
export interface Performed {
  readonly observed: Json
  readonly undo: FrozenUndo
  /** What it says itself may hurt. */
  readonly dangers: readonly Danger[]
  /** Of each action in order: what it took, in ms, and of a transaction each statement. */
  readonly actions: readonly PerformedAction[]
  readonly summary: string
}
export interface PerformedAction {
  readonly name: string
  readonly ms: number
  readonly statements: readonly StatementResult[]
}
