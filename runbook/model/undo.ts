import type { Action, Actions } from './action.ts'
import type { Check } from './check.ts'
import type { Act, Look } from './look.ts'
import { quantity } from './quantity.ts'

/** The way back of a step, or the reason why there is none. Its actions are frozen before the first effect. */
export type Undo = Reverse | ForwardOnly | NothingToUndo
export interface Reverse {
  readonly kind: 'reverse'
  /** Code goes back by default; the schema only when the operator asks for it. */
  readonly of: 'code' | 'schema'
  readonly actions: Readonly<Record<string, Action<'changes'>>>
  /** What must hold before anything is taken back, such as that the previous revision is still there. */
  readonly before: readonly Check[]
  readonly after: readonly Check[]
  /** What must hold already before the rollback is planned; waited for, where that helps. */
  readonly needs?: readonly Check[]
  /** What an attempt that did not get to its end may have left: put back before its actions, where there is something. */
  readonly settle?: Settle
  /** Counts what will be lost by it, before it is begun. */
  readonly loses?: (at: Look) => Promise<Loss[]>
}
/** Made anew from the world; the way back itself works without it where nothing was left. */
export interface Settle {
  isNeeded(at: Look): Promise<boolean>
  readonly actions: Actions
  run(act: Act<any, any>): Promise<void>
}
/** What a way back takes away: 1,204 rows 'with a value in avatars.personaName'; `rows` null: what cannot be told, and why. */
export type Loss = {
  readonly what: string
  readonly rows: number | null
  /** It could not be told: what is known of the losses is not all. */
  readonly unknown?: true
}
/** '40 rows inserted into avatars' */
export const lossText = ({ what, rows }: Loss): string =>
  rows === null ? what : `${quantity(rows, 'row')} ${what}`
/** '40 rows inserted into avatars; 3 rows deleted from avatars: they come back', or 'nothing'. */
export const lossesText = (losses: readonly Loss[]): string => losses.map(lossText).join('; ') || 'nothing'

export interface ForwardOnly {
  readonly kind: 'forward-only'
  readonly because: string
  readonly instead: string
}
export interface NothingToUndo {
  readonly kind: 'nothing'
  readonly because: string
}

/** A way back as a transcript keeps it: data only. Its checks are made again from the observation. */
export type FrozenUndo =
  | (Omit<Reverse, 'needs' | 'before' | 'after' | 'loses' | 'settle'> & {
      /** What migration tools had recorded as applied, where a program takes it back. */
      readonly applied?: string
    })
  | ForwardOnly
  | NothingToUndo

export const freeze = (undo: Undo): FrozenUndo => {
  if (undo.kind !== 'reverse') return undo
  const { kind, of, actions } = undo
  return { kind, of, actions }
}

export const reverse = (
  of: Reverse['of'],
  actions: Reverse['actions'],
  after: readonly Check[] = [],
  more: Partial<Pick<Reverse, 'needs' | 'before' | 'loses' | 'settle'>> = {},
): Reverse => ({ kind: 'reverse', of, actions, before: [], after, ...more })
export const forwardOnly = (because: string, instead: string): ForwardOnly => ({
  kind: 'forward-only',
  because,
  instead,
})
export const nothingToUndo = (because: string): NothingToUndo => ({ kind: 'nothing', because })
