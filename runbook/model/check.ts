import type { Look } from './look.ts'

/** A fact about the world, with the evidence for it and the remedy where it does not hold. */
export interface Check {
  readonly kind: 'check'
  /** A statement: 'the working tree is clean'. */
  readonly fact: string
  /** The next thing to type, or to do. */
  readonly remedy: string
  /** Looks again until it holds; milliseconds. Absent: looks once. */
  readonly patience?: Patience
  /**
   * Can be judged before the run begins, not only when its step does. What a way back demands is, but for what says
   * `false`.
   */
  readonly early?: boolean
  look(at: Look): Promise<Verdict>
}
export interface Patience {
  readonly every: number
  readonly upTo: number
}
/** `seen` is the evidence that stands in the transcript: '26 columns', '201 in 84 ms'. */
export interface Verdict {
  readonly holds: boolean
  readonly seen: string
  /** The last lines of a log, or a body, where they explain the verdict. */
  readonly tail?: string
  /** Waiting longer will not help. */
  readonly final?: boolean
  /** Where what was seen has a remedy of its own. */
  readonly remedy?: string
  /**
   * What was seen is past, and stays so however often it is looked at: the names by which an operator says that it is
   * known (`--allow`). Of what holds: those without which it would not.
   */
  readonly known?: readonly string[]
  /** Of what holds: not all of it could be told, and `seen` says what not. Nobody knows it, and that stops nothing. */
  readonly untold?: true
}

/** Defines a check. */
export const defineCheck = (check: Omit<Check, 'kind'>): Check => ({ kind: 'check', ...check })

export const holds = (seen: string, more: Pick<Verdict, 'known' | 'untold'> = {}): Verdict => ({
  holds: true,
  seen,
  ...more,
})
export const fails = (
  seen: string,
  more: Pick<Verdict, 'tail' | 'final' | 'remedy' | 'known'> = {},
): Verdict => ({
  holds: false,
  seen,
  ...more,
})

/** The same check, judged already before the run begins, and again when its step does. */
export const early = (check: Check): Check => ({ ...check, early: true })

/** The same check, looked at again every `every` ms, for `upTo` ms at most. */
export const within = (check: Check, upTo: number, every = 250): Check => ({
  ...check,
  patience: { every, upTo },
})
