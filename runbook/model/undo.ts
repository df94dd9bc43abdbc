import type { Action } from './action.ts'
import type { Check } from './check.ts'

/** The way back of a step, or the reason why there is none. Its actions are frozen before the first effect. */
export type Undo = Reverse | ForwardOnly | NothingToUndo
export interface Reverse {
  readonly kind: 'reverse'
  /** Code goes back by default; the schema only when the operator asks for it. */
  readonly of: 'code' | 'schema'
  readonly actions: Readonly<Record<string, Action<'changes'>>>
  readonly after: readonly Check[]
}
export interface ForwardOnly {
  readonly kind: 'forward-only'
  readonly because: string
  readonly instead: string
}
export interface NothingToUndo {
  readonly kind: 'nothing'
  readonly because: string
}

export const reverse = (
  of: Reverse['of'],
  actions: Reverse['actions'],
  after: readonly Check[] = [],
): Reverse => ({ kind: 'reverse', of, actions, after })
export const forwardOnly = (because: string, instead: string): ForwardOnly => ({
  kind: 'forward-only',
  because,
  instead,
})
export const nothingToUndo = (because: string): NothingToUndo => ({ kind: 'nothing', because })
