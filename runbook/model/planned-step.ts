import type { Danger } from './danger.ts'
import type { Json } from './json.ts'
import type { Limits } from './limits.ts'
import type { Facts, Sort } from './step.ts'
import type { Loss } from './undo.ts'

/** A step as a plan has it: what would be done, from a real observation. */
export interface PlannedStep {
  id: string
  title: string
  sort: Sort
  /** The phase it stands in, and whether it runs beside others. */
  phase: string
  parallel: boolean
  /** `done`: everything it should bring about holds already. `later`: cannot be known before an earlier step. */
  expects: 'to-do' | 'done' | 'later'
  /** What was seen where it is done, or what it waits for. */
  seen: string
  observed?: Json
  /** What the operator confirms of the world. */
  restsOn?: Facts
  /** What the observation means, a line each. */
  findings: readonly string[]
  dangers?: readonly Danger[]
  /** `byHand`: an instruction, which somebody must confirm. */
  actions: { name: string; printed: string; byHand: boolean; limits: Limits }[]
  after: string[]
  undo: string
  /** What it will take away. */
  loses: Loss[]
  /** It takes away what nothing counts. */
  uncounted?: true
  /** Milliseconds, from earlier runs. */
  usually?: number
}
